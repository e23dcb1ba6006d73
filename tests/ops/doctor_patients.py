"""Accounts and shops for the doctor to look at, and what it says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pytest_django import Settings

from simplane.ops import static_files
from simplane.ops.doctor_findings import look
from tests import factories
from tests.standins import Standin

DOMAIN = "demo-shop.myshopify.com"
GO_KEY = "esg_sandbox_key_0001"
SHOP_SECRET = "demo-shopify-secret-not-real"


def said(check: Callable[[], Iterable[Any]]) -> list[tuple[str, str]]:
    """What one check found."""
    return [(one.state, one.text) for one in look("x", check)]


def change(settings: Settings, **fields: Any) -> None:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update=fields)


def pages_made(state_dir: Path) -> None:
    """As `simplane web` leaves the files of the pages."""
    folder = state_dir / "static"
    folder.mkdir()
    (folder / static_files.MANIFEST).write_text("{}")
    (folder / static_files.STAMP).write_text(static_files.fingerprint())


def account(go: Standin, **given: Any) -> Any:
    fields = {"code": "go", "base_url": f"{go.url}/v2.5", "credentials": {"api_key": GO_KEY}} | given
    return factories.supplier(**fields)


def our_shop(shopify: Standin, **given: Any) -> Any:
    credentials = {"client_id": "demo-client-id", "client_secret": SHOP_SECRET}
    fields = {"key": "demo", "domain": DOMAIN, "api_url": f"{shopify.url}/shops/{DOMAIN}", "credentials": credentials}
    made = factories.shop(**fields | given)
    factories.channel_sku(shop=made)
    return made
