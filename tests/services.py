"""A pytest plugin, loaded before Django's settings: the servers and the database the session runs against.

Embedded PostgreSQL and Valkey under `.local/test`, or whatever DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL
name; either way in a database of the session's own.
"""

import atexit
import base64
import contextlib
import os
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from clinical.embedded import EmbeddedError, Services, running

LOCAL = Path(__file__).resolve().parent.parent / ".local" / "test"
SESSIONS_AT_ONCE = 9

embedded: Services | None = None
_exits = contextlib.ExitStack()


def _database(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _make_database(owner_url: str, name: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # type: ignore[call-overload]
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]


def _run_embedded() -> tuple[Services, Path]:
    """Start the servers in the first folder that no other session of this checkout uses."""
    for n in range(1, SESSIONS_AT_ONCE):
        root = LOCAL.with_name("test" if n == 1 else f"test-{n}")
        try:
            return _exits.enter_context(running(root, fast=True)), root
        except EmbeddedError as error:
            problem = error
    raise problem


def _start() -> None:
    """Fill the environment that Django's settings will read."""
    global embedded, LOCAL
    is_external = "DATABASE_URL" in os.environ
    if not is_external:
        embedded, LOCAL = _run_embedded()
        os.environ["DATABASE_URL"] = embedded.database_url
        os.environ["DATABASE_OWNER_URL"] = embedded.database_owner_url
        os.environ["REDIS_URL"] = embedded.redis_url
    LOCAL.mkdir(parents=True, exist_ok=True)
    name = f"test_epitome_{os.getpid()}" if is_external else "test_epitome"
    _make_database(os.environ["DATABASE_OWNER_URL"], name)
    owner_url = os.environ["DATABASE_OWNER_URL"]
    for variable in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        os.environ[variable] = _database(os.environ[variable], name)
    if is_external:
        _exits.callback(_drop_database, owner_url, name)
    os.environ["EPITOME_SECRET_KEY"] = "a key for the tests alone, of no use elsewhere"
    os.environ["EPITOME_MASTER_KEY"] = base64.b64encode(bytes(range(32))).decode()
    os.environ["EPITOME_PLAIN_HTTP"] = "1"
    os.environ["EPITOME_STATIC_ROOT"] = str(LOCAL / "static")
    os.environ["EPITOME_HOSTS"] = "localhost,127.0.0.1,testserver"
    for variable in ("EPITOME_ENGINE_URL", "EPITOME_ENGINE_SCRIPT"):
        os.environ.pop(variable, None)


def _drop_database(owner_url: str, name: str) -> None:
    from django.db import connections

    connections.close_all()
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}"')  # type: ignore[call-overload]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers."""
    _exits.close()


_start()
atexit.register(_exits.close)
