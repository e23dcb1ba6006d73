"""Where `simplane run` listens: the usual ports, others on wish, and a clear line when they are taken."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from simplane.ops import run
from simplane.ops.stage import Ports


def test_nine_ports_in_a_row_or_another_one_for_the_pages() -> None:
    chosen = run._ports(run._options(["--ports-from", "9000", "--port", "8080"]))

    assert chosen == Ports(
        web=8080,
        esimgo=9001,
        esimaccess=9002,
        shopify=9003,
        smtp=9004,
        mail=9005,
        stripe=9006,
        stripe_test=9007,
        oneglobal=9008,
    )
    assert run._ports(run._options([])) == Ports()


def test_a_taken_port_is_named_with_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        port = somebody.getsockname()[1]

        assert run.main(["--ports-from", str(port - 2)]) == 2

    said = capsys.readouterr().err
    assert f"esimaccess {port}" in said
    assert ".venv/bin/simplane run --ports-from 9000" in said


def test_a_number_that_is_no_port_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run._options(["--ports-from", "80"])
    assert "choose one from 1024 to 65526" in capsys.readouterr().err


def test_other_commands_find_where_it_listens(tmp_path: Path) -> None:
    assert Ports.noted(tmp_path) == Ports()
    Ports.counted_from(9000).note(tmp_path)
    assert Ports.noted(tmp_path) == Ports.counted_from(9000)
