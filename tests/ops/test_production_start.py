"""A production start beside stand-ins in the database: the real processes refuse, say why, and start once it is mended."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from simplane.channels.models import Shop
from simplane.core.models import AuditEntry
from simplane.suppliers.models import Supplier
from tests import factories, processes
from tests.standins import free_port

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PRODUCTION = {
    "SIMPLANE_ENVIRONMENT": "production",
    "SIMPLANE_SECRET_KEY": "a-secret-of-this-house-and-of-no-other",
    "SIMPLANE_ALLOW_STAND_INS": "false",
    "SIMPLANE_ALLOWED_HOSTS": "esim.example",
    "SIMPLANE_BASE_URL": "https://esim.example",
    "SIMPLANE_WEB_WORKERS": "1",
}


def demo_data() -> None:
    factories.supplier(code="esimgo", is_stand_in=True)
    factories.supplier(code="real", is_stand_in=False, base_url="https://api.supplier.example")
    factories.supplier(code="resting", is_stand_in=True, active=False)
    factories.shop(key="demo", is_stand_in=True)
    factories.shop(key="gone", is_stand_in=True, state="uninstalled")


@pytest.mark.parametrize("who", ["web", "worker"])
def test_the_process_stops_with_a_line_that_names_them_and_the_way_out(tmp_path: Path, who: str) -> None:
    demo_data()

    done = processes.run(tmp_path, who, *(["--bind", f"127.0.0.1:{free_port()}"] if who == "web" else []), **PRODUCTION)

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"{who}: stand-ins are in use, which this environment refuses: shop demo, supplier esimgo; run "
        "`simplane retire-stand-ins`, then load the real accounts with `simplane load`"
    ]


def test_it_starts_after_they_were_retired(tmp_path: Path) -> None:
    demo_data()

    done = processes.run(tmp_path, "retire-stand-ins", **PRODUCTION)

    assert (done.returncode, done.stdout) == (0, "retired: supplier esimgo, shop demo\n")
    assert set(Supplier.objects.filter(active=True).values_list("code", flat=True)) == {"real"}
    assert set(Shop.objects.values_list("state", flat=True)) == {"uninstalled"}
    assert AuditEntry.objects.filter(action__endswith=".retired").count() == 2
    with processes.web(tmp_path, **PRODUCTION) as (address, _):
        assert httpx2.get(f"{address}/healthz", trust_env=False).status_code == 200
    assert processes.run(tmp_path, "worker", "--once", **PRODUCTION).returncode == 0
    assert processes.run(tmp_path, "retire-stand-ins", **PRODUCTION).stdout == "no stand-in is in use\n"


def test_where_stand_ins_are_allowed_nobody_asks(tmp_path: Path) -> None:
    demo_data()

    assert processes.run(tmp_path, "worker", "--once").returncode == 0


def test_a_database_that_does_not_answer_keeps_the_web_from_nothing(tmp_path: Path) -> None:
    gone = PRODUCTION | {"DATABASE_URL": f"postgresql://postgres@127.0.0.1:{free_port()}/gone"}

    with processes.web(tmp_path, **gone) as (address, process):
        assert httpx2.get(f"{address}/healthz", trust_env=False).status_code == 200
        assert "web: the database does not answer" in process.tail(50)
