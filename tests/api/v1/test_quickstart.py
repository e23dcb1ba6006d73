"""docs/api.md, done literally: curl and Python against a server, with a test key and the suppliers' stand-ins."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import zxingcpp
from PIL import Image

from simplane.catalog.models import Product
from simplane.config.wsgi import application
from simplane.ledger.models import Wallet
from simplane.lines.models import Line
from simplane.ordering.models import Order, Unit
from simplane.ordering.resellers import onboard
from tests.world import World

PAGE = Path(__file__).resolve().parents[3] / "docs" / "api.md"


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def served() -> Iterator[str]:
    """The web process's own application on a free port; yields its address."""
    server = make_server("127.0.0.1", 0, application, Server, Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def run(command: list[str], world: World, folder: Path, **env: str) -> str:
    """Run it to its end while a worker works, as it would beside the server."""
    with subprocess.Popen(
        command, cwd=folder, env=os.environ | env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as one:
        while one.poll() is None:
            world.work(most_seconds=0.3)
        out, wrong = one.communicate()
    assert one.returncode == 0, wrong.decode()
    return out.decode()


def test_a_developer_has_an_esim_after_three_calls(world: World, tmp_path: Path) -> None:
    Product.objects.update(sku="ESIM-EU-5GB-30D")
    made = onboard("Acme Travel", "EUR")
    shell, python = "set -eu\n" + "".join(blocks("sh")), blocks("python")
    assert (len(blocks("sh")), shell.count("curl "), len(python)) == (3, 3, 1)
    with served() as address:
        env = {"SIMPLANE": address, "KEY": made.test.secret, "no_proxy": "*"}
        run(["bash", "-c", shell], world, tmp_path, **env)
        printed = run([sys.executable, "-c", python[0]], world, tmp_path, **env)

    order = json.loads((tmp_path / "order.json").read_text())
    assert [(unit["id"], unit["state"]) for unit in order["units"]] == [(order["lines"][0]["units"][0], "delivered")]
    line = Line.objects.get(unit_id=Unit.objects.get(public_id=order["units"][0]["id"]).pk)
    code = zxingcpp.read_barcodes(Image.open(tmp_path / "esim.png"))[0].text
    assert code.startswith("LPA:1$")
    assert line.matching_id in code
    for other in Line.objects.exclude(pk=line.pk):
        assert f"{other.iccid} ready LPA:1$" in printed
    assert list(Order.objects.order_by("pk").values_list("external_id", "is_test")) == [("PO-1", True), ("PO-2", True)]
    assert Wallet.objects.get(organization=made.twin).balance_minor == 10_000_00 - 3 * 9_00
