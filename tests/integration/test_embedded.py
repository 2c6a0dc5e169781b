"""PostgreSQL and Valkey from wheels: they start anywhere, survive crashes, and keep roles apart."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from clinical.embedded import EmbeddedError, Services, running

REPOSITORY = Path(__file__).resolve().parents[2]
HOLDS_UNTIL_KILLED = """
import sys, time
from pathlib import Path
from clinical.embedded import running
with running(Path(sys.argv[1])) as services:
    print(services.postgresql.pid, services.valkey.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with running(tmp_path_factory.mktemp("embedded"), fast=True) as started:
        yield started


def ask_postgresql(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def with_valkey(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=1, single_connection_client=True, decode_responses=True)


def has_ended(pid: int) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
            return True
        time.sleep(0.05)
    return False


def start_holder(root: Path) -> tuple[subprocess.Popen[str], list[int]]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS_UNTIL_KILLED, str(root)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    with holder.stdout:
        pids = [int(pid) for pid in holder.stdout.readline().split()]
    assert len(pids) == 2
    return holder, pids


def test_the_application_role_cannot_create_a_table(services: Services) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask_postgresql(services.database_url, "CREATE TABLE own (id int)")


def test_the_application_role_is_neither_powerful_nor_an_owner(services: Services) -> None:
    [rights] = ask_postgresql(
        services.database_url,
        "SELECT current_user, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls,"
        " pg_has_role(current_user, 'epitome_owner', 'member') FROM pg_roles WHERE rolname = current_user",
    )
    assert rights == ("epitome_app", False, False, False, False, False)


def test_the_owner_role_owns_the_database_and_may_make_test_databases(services: Services) -> None:
    [rights] = ask_postgresql(
        services.database_owner_url,
        "SELECT rolsuper, rolcreatedb,"
        " (SELECT datdba = pg_roles.oid FROM pg_database WHERE datname = 'epitome')"
        " FROM pg_roles WHERE rolname = current_user",
    )
    assert rights == (False, True, True)


def test_a_wrong_password_opens_nothing(services: Services) -> None:
    port = services.postgresql.port
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://epitome_app:wrong@127.0.0.1:{port}/epitome")
    port = services.valkey.port
    with pytest.raises(redis.AuthenticationError), with_valkey(f"redis://127.0.0.1:{port}") as client:
        client.ping()


def test_valkey_never_evicts_and_appends_to_a_file(services: Services) -> None:
    with with_valkey(services.redis_url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("append*")["appendonly"] == "yes"


def test_a_failing_statement_leaves_no_text_in_the_log(services: Services) -> None:
    ask_postgresql(services.database_owner_url, "CREATE TABLE seen (word text UNIQUE)")
    statement = "INSERT INTO seen VALUES ('zebrafish-sentinel')"
    ask_postgresql(services.database_owner_url, statement)
    with pytest.raises(psycopg.errors.UniqueViolation, match="zebrafish-sentinel"):
        ask_postgresql(services.database_owner_url, statement)
    log = services.postgresql.log.read_text()
    assert "seen_word_key" in log
    assert "zebrafish-sentinel" not in log


def test_secrets_are_readable_by_their_owner_only(services: Services) -> None:
    path = services.postgresql.directory.with_name("passwords.json")
    assert path.stat().st_mode & 0o077 == 0
    for pid in (services.postgresql.pid, services.valkey.pid):
        command_line = Path(f"/proc/{pid}/cmdline").read_text()
        assert not any(secret in command_line for secret in path.read_text().split('"') if len(secret) > 20)


def test_a_restart_keeps_the_address(services: Services) -> None:
    pid = services.postgresql.pid
    services.restart_postgresql()
    assert services.postgresql.pid != pid
    assert ask_postgresql(services.database_url, "SELECT 1") == [(1,)]


def test_a_frozen_valkey_keeps_its_connections_and_answers_when_thawed(services: Services) -> None:
    with with_valkey(services.redis_url) as client:
        client.ping()
        services.freeze_valkey()
        try:
            with pytest.raises(redis.TimeoutError):
                client.ping()
        finally:
            services.thaw_valkey()
    with with_valkey(services.redis_url) as client:
        assert client.ping() is True


def test_what_was_committed_survives_killing_both_servers(tmp_path: Path) -> None:
    with running(tmp_path) as services:
        ask_postgresql(services.database_owner_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        with with_valkey(services.redis_url) as client:
            client.set("kept", "42")
        time.sleep(1.2)  # the append-only file is synced each second
        services.postgresql.kill()
        services.valkey.kill()
        services.postgresql.start()
        services.valkey.start()
        assert ask_postgresql(services.database_owner_url, "SELECT answer FROM kept") == [(42,)]
        with with_valkey(services.redis_url) as client:
            assert client.get("kept") == "42"


def test_killing_the_starter_ends_its_servers_and_blocks_nothing(tmp_path: Path) -> None:
    holder, pids = start_holder(tmp_path)
    holder.kill()
    holder.wait()
    with running(tmp_path) as services:
        assert ask_postgresql(services.database_url, "SELECT 1") == [(1,)]
        assert all(has_ended(pid) for pid in pids)


def test_killing_everything_at_once_blocks_nothing(tmp_path: Path) -> None:
    holder, pids = start_holder(tmp_path)
    for pid in (holder.pid, *pids):
        os.kill(pid, signal.SIGKILL)
    holder.wait()
    with running(tmp_path) as services:
        assert ask_postgresql(services.database_url, "SELECT 1") == [(1,)]


def test_a_frozen_server_of_a_dead_starter_is_taken_over(tmp_path: Path) -> None:
    holder, pids = start_holder(tmp_path)
    os.kill(pids[1], signal.SIGSTOP)
    holder.kill()
    holder.wait()
    with running(tmp_path) as services, with_valkey(services.redis_url) as client:
        assert client.ping() is True
        assert has_ended(pids[1])


def test_a_process_id_used_again_by_somebody_else_blocks_nothing(tmp_path: Path) -> None:
    with running(tmp_path, fast=True) as services:
        stale = (services.postgresql.directory / "postmaster.pid").read_text().splitlines()
        services.postgresql.kill()
    (tmp_path / "pg" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *stale[1:]]))
    with running(tmp_path, fast=True) as services:
        assert ask_postgresql(services.database_url, "SELECT 1") == [(1,)]


def test_an_interrupted_creation_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "pg.unfinished" / "base").mkdir(parents=True)
    (tmp_path / "passwords.unfinished").write_text("{")
    with running(tmp_path, fast=True) as services:
        assert ask_postgresql(services.database_url, "SELECT 1") == [(1,)]


def test_a_second_start_from_one_folder_is_refused_with_the_reason(tmp_path: Path) -> None:
    with (
        running(tmp_path, fast=True),
        pytest.raises(EmbeddedError, match=rf"already run .*process {os.getpid()}\)\. Stop that first"),
        running(tmp_path),
    ):
        pass


def test_two_checkouts_run_at_once(tmp_path: Path) -> None:
    with running(tmp_path / "one", fast=True) as one, running(tmp_path / "two", fast=True) as two:
        ask_postgresql(one.database_owner_url, "CREATE TABLE only_here (id int)")
        assert ask_postgresql(two.database_url, "SELECT to_regclass('only_here')") == [(None,)]


def test_a_long_and_odd_path_is_no_hindrance(tmp_path: Path) -> None:
    root = tmp_path / 'ward\'s notes, été "2" $HOME' / ("x" * 120) / ".local"
    with running(root, fast=True) as services, with_valkey(services.redis_url) as client:
        assert ask_postgresql(services.database_url, "SELECT 1") == [(1,)]
        assert client.ping() is True


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user is what runs all the other tests here")
def test_an_ordinary_user_needs_no_help() -> None:
    nobody = pwd.getpwnam("nobody")
    as_nobody = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    if subprocess.run(
        [*as_nobody, sys.executable, "-c", "import psycopg, redis"], cwd="/", check=False
    ).returncode:
        pytest.skip("this checkout's Python works for its owner only")
    script = "import sys; from pathlib import Path; from clinical.embedded import running\n"
    script += "with running(Path(sys.argv[1])) as services: print(services.postgresql.is_running)"
    root = Path(tempfile.mkdtemp(prefix="epitome-test-", dir="/tmp"))
    try:
        os.chown(root, nobody.pw_uid, nobody.pw_gid)
        ran = subprocess.run(
            [*as_nobody, sys.executable, "-c", script, str(root)],
            cwd=REPOSITORY, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (ran.stdout, ran.stderr) == ("True\n", "")
    finally:
        shutil.rmtree(root)
