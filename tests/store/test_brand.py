"""The install page of a reseller's eSIM carries the reseller's name, colour, logo and contacts; ours stays ours."""

from __future__ import annotations

import pytest
from django.test import Client

from simplane.organizations.profile import save_logo, save_look
from simplane.ui.contrast import readable_on
from tests import factories
from tests.hub.people import reseller
from tests.hub.test_branding import png
from tests.store.conftest import link_of, promised

pytestmark = pytest.mark.django_db
LOOK = {
    "name": "Acme eSIM", "color": "#ffcc00", "support_email": "help@acme.example", "support_url": "https://acme.example/h",
}  # fmt: skip


def _links(book: str = "wholesale") -> tuple[str, str]:
    """Addresses of a unit's and of its order's page, bought in test mode by a reseller with a look."""
    home = reseller()
    save_look(home.pk, **LOOK)
    save_logo(home.pk, png())
    order = factories.order(book=book, organization=home.test_twin)
    unit = factories.delivered_unit(order=order, product=promised())
    factories.delivered_unit(order=order, product=promised())
    whole = factories.install_link(order_id=order.pk)
    return link_of(unit), f"/o/{whole.token}"


def test_both_pages_show_the_resellers_look(client: Client) -> None:
    for address in _links():
        page = client.get(address).content.decode()
        assert f'<img src="{address}/logo.png" alt="Acme eSIM">' in page
        assert f'<link rel="stylesheet" href="{address}/brand.css">' in page
        assert 'href="mailto:help@acme.example"' in page
        css, logo = client.get(f"{address}/brand.css"), client.get(f"{address}/logo.png")
        assert css.content.decode() == ":root { --accent: #ffcc00; --on-accent: #000; }\n"
        assert (css["Content-Type"], css["Cache-Control"]) == ("text/css", "no-store, private")
        assert (logo["Content-Type"], logo["X-Content-Type-Options"]) == ("image/png", "nosniff")
        assert logo.content.startswith(b"\x89PNG")


def test_our_own_retail_pages_and_dead_links_have_none(client: Client) -> None:
    for address in (*_links(book="retail"), "/e/00000000000000000000", "/o/00000000000000000000"):
        assert "Acme" not in client.get(address).content.decode()
        assert [client.get(f"{address}/{part}").status_code for part in ("brand.css", "logo.png")] == [404, 404]


@pytest.mark.parametrize(("color", "text"), [("#000000", "#fff"), ("#ffffff", "#000"), ("#0b57d0", "#fff")])
def test_the_text_on_a_colour_can_be_read(color: str, text: str) -> None:
    assert readable_on(color) == text
