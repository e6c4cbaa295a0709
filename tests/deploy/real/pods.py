"""Containers: podman in the place of Docker, and `docker compose` talking to it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


class Pods:
    def __init__(self, work: Path) -> None:
        self._socket = work / "tmp" / "podman.sock"

    def __call__(self, *command: str) -> str:
        """What `podman COMMAND` prints."""
        done = self.attempt(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def attempt(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["podman", *command], capture_output=True, text=True)

    def clear(self) -> None:
        self("rm", "--all", "--force", "--time=0")
        self("volume", "prune", "--force")
        self("network", "prune", "--force")

    def inspect(self, name: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(self("inspect", name))
        return found[0]

    def health(self, name: str) -> str:
        """Run the HEALTHCHECK now: Docker has a timer for it, and podman one of systemd."""
        self.attempt("healthcheck", "run", name)
        state = self.inspect(name)["State"]
        # Its name is another one since podman 4.4.
        status: str = (state.get("Health") or state["Healthcheck"])["Status"]
        return status

    def log(self, name: str) -> str:
        done = self.attempt("logs", name)
        return done.stdout + done.stderr

    @contextmanager
    def serving(self) -> Iterator[dict[str, str]]:
        """Docker's API; the environment that leads a client there."""
        address = f"unix://{self._socket}"
        self._socket.unlink(missing_ok=True)
        server = subprocess.Popen(
            ["podman", "system", "service", "--time=0", address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        done = threading.Event()
        self._await_service()
        timer = threading.Thread(target=self._check_health, args=[done])
        timer.start()
        try:
            yield os.environ | {"DOCKER_HOST": address}
        finally:
            done.set()
            timer.join()
            server.terminate()
            server.wait()

    def _await_service(self) -> None:
        for _ in range(600):
            with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.connect(str(self._socket))
                return
            time.sleep(0.1)
        raise AssertionError("podman serves nothing")

    def _check_health(self, done: threading.Event) -> None:
        while not done.wait(1):
            for container in self.attempt("ps", "--quiet").stdout.split():
                self.attempt("healthcheck", "run", container)
