"""Run the whole product on this machine with invented patients."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinical.actions.demo import PASSWORD, PEOPLE
from clinical.embedded import EmbeddedError, Services, running
from clinical.management.supervisor import ROOT, Children, environment_for, free_port, processes

LOCAL = ROOT / ".local"
FIRST_PORT = 8000
RESTART_PAUSE_S = 1.0


class Command(BaseCommand):
    """`manage.py demo [--once]`."""

    help = "Run the whole product on this machine with 20 invented patients."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--once", action="store_true", help="stop when every note is ready for review")
        parser.add_argument("--port", type=int, default=FIRST_PORT, help="port to serve on, if it is free")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start everything, load the patients, serve until Ctrl-C."""
        for number in (
            signal.SIGINT,
            signal.SIGTERM,
        ):  # a shell has SIGINT ignored in the background
            signal.signal(number, signal.default_int_handler)
        LOCAL.mkdir(mode=0o711, exist_ok=True)
        logs = LOCAL / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        self.say("Starting PostgreSQL and Valkey …")
        try:
            with running(LOCAL) as services:
                self.run(services, logs, options)
        except EmbeddedError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self.say("Stopped.")

    def run(self, services: Services, logs: Path, options: dict[str, Any]) -> None:
        """Migrate, start the processes, load, and keep the processes alive."""
        port = free_port(options["port"])
        environment = environment_for(services, port, LOCAL)
        self.say("Preparing the database and the static files …")
        self.manage(environment, "migrate", "--database", "owner", "--verbosity", "0")
        self.manage(environment, "collectstatic", "--no-input", "--verbosity", "0")
        children = Children(environment, logs)
        watcher = threading.Thread(target=self.watch, args=[children], daemon=True)
        try:
            for name, command in processes(port, beat_schedule=LOCAL / "beat-schedule").items():
                children.start(name, command)
            watcher.start()
            self.say("Loading 20 invented patients and summarising their notes …")
            self.manage(environment, "load_demo")
            if options["once"]:
                return
            self.welcome(port)
            while True:
                signal.pause()
        finally:
            children.stop()

    def watch(self, children: Children) -> None:
        """Start again a child that dies, for as long as the demo runs."""
        while not children.is_stopping:
            for name in children.watch_once():
                self.say(f"The process “{name}” ended and was started again; see .local/logs/{name}.log")
            time.sleep(RESTART_PAUSE_S)

    def manage(self, environment: dict[str, str], *command: str) -> None:
        """Run another management command with the demo's environment.

        Raises:
            CommandError: it failed; its own words are on the terminal already.
        """
        done = subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=False)
        if done.returncode:
            raise CommandError(f"“manage.py {command[0]}” failed; see above and .local/logs/.")

    def welcome(self, port: int) -> None:
        """Print the address and the accounts."""
        self.say(f"\nEpitome is at http://127.0.0.1:{port}/  (Ctrl-C stops it)\n")
        for username, full_name, role, _ in PEOPLE:
            self.say(f"  {role.label:<10} {username:<10} {full_name}")
        self.say(f"\n  Password of all four: {PASSWORD}\n")

    def say(self, text: str) -> None:
        """Tell the person at the terminal."""
        self.stderr.write(text)
        self.stderr.flush()
