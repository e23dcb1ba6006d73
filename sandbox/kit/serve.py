"""Runs one stand-in: `python -m sandbox.<name> --port N --books FILE.sqlite3`."""

import argparse
import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from sandbox.kit.books import Books
from sandbox.kit.control import Control
from sandbox.kit.desk import Desk, Vendor
from sandbox.kit.http import CuttableProtocol
from sandbox.kit.sender import stop


def build_app(desk: Desk, companion: AbstractAsyncContextManager[Any] | None = None) -> Starlette:
    """The whole stand-in as an ASGI application; `companion` (e.g. an SMTP server) lives as long as it does."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        sending = asyncio.create_task(desk.sender.run())
        try:
            if companion is None:
                yield
            else:
                async with companion:
                    yield
        finally:
            await stop(sending)
            desk.books.close()

    return Starlette(routes=[*Control(desk).routes(), *desk.routes()], lifespan=lifespan)


class AnnouncingServer(uvicorn.Server):
    """Prints `ready http://host:port` once it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then say so."""
        await super().startup(sockets)
        if self.started:
            print(f"ready http://{self.config.host}:{self.config.port}", flush=True)


def serve(app: Starlette, host: str, port: int) -> None:
    """Run until SIGTERM or Ctrl-C."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=CuttableProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        backlog=4096,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
        server_header=False,
    )
    AnnouncingServer(config).run()


def parser(name: str, default_port: int) -> argparse.ArgumentParser:
    """The command line every stand-in has."""
    result = argparse.ArgumentParser(prog=f"python -m sandbox.{name}")
    result.add_argument("--host", default="127.0.0.1")
    result.add_argument("--port", type=int, default=default_port)
    result.add_argument("--books", type=Path, required=True, help="SQLite file; created when missing")
    result.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting, value as JSON or text"
    )
    return result


def apply_settings(desk: Desk, pairs: Sequence[str]) -> None:
    """Settings from the command line. Raises BadSettingError for an unknown name or a wrong type."""
    changes: dict[str, Any] = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        try:
            changes[name] = json.loads(text)
        except ValueError:
            changes[name] = text
    if changes:
        desk.settings.update(changes)
        desk.vendor.settings_changed(list(changes))


def main(name: str, vendor_class: type[Vendor], default_port: int, argv: Sequence[str] | None = None) -> None:
    """Entry point of a plain HTTP stand-in."""
    options = parser(name, default_port).parse_args(argv)
    desk = Desk(Books(options.books, vendor_class.schema), vendor_class)
    apply_settings(desk, options.set)
    serve(build_app(desk), options.host, options.port)
