"""Child processes of one environment: started, watched, and stopped together; output goes to log files."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


class NotStarted(RuntimeError):
    """A process ended or did not answer in time; the text holds the end of its log."""


@dataclass
class Process:
    """One child process. A process group of its own, so that stopping it stops what it started."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str]
    handle: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its output is appended to the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as sink:
            self.handle = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=dict(self.env),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id; only after `start`."""
        assert self.handle is not None
        return self.handle.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.handle is not None and self.handle.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal to the whole group, if it lives."""
        if self.alive:
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """End it at once, as a power cut would (SIGKILL)."""
        self.signal(signal.SIGKILL)
        if self.handle is not None:
            self.handle.wait()

    def stop(self, seconds: float = 20.0) -> None:
        """Ask it to end and wait; kill it when it does not."""
        self.signal(signal.SIGTERM)
        if self.handle is None:
            return
        try:
            self.handle.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


@dataclass
class Group:
    """All processes of one environment."""

    folder: Path
    env: dict[str, str]
    members: dict[str, Process] = field(default_factory=dict)

    def python(self, name: str, *words: str) -> Process:
        """Start `python words...` under a name."""
        process = Process(name, [sys.executable, *words], self.folder / "logs" / f"{name}.log", self.env)
        self.members[name] = process
        process.start()
        return process

    def stop(self) -> None:
        """Stop all: first asked together, then waited for, the last started first."""
        for process in self.members.values():
            process.signal(signal.SIGTERM)
        for process in reversed(self.members.values()):
            process.stop()

    def dead(self) -> list[Process]:
        """Members that ended by themselves."""
        return [process for process in self.members.values() if not process.alive]


def wait_for(url: str, process: Process, seconds: float = 60.0) -> None:
    """Wait until `url` answers below 500. Raises NotStarted when the process ends or the time runs out."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not process.alive:
            raise NotStarted(f"{process.name} ended:\n{process.tail()}")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  loopback
                if answer.status < 500:
                    return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise NotStarted(f"{process.name} did not answer at {url} in {seconds:.0f} s:\n{process.tail()}")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def is_free(port: int) -> bool:
    """Whether a server could listen here."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
