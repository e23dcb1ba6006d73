"""Nobody but staff with a second factor gets behind /console/ and /admin/: one table, walked route by route."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from simplane.core.models import AuditEntry
from simplane.organizations.models import User
from simplane.organizations.staff import StaffGate
from tests import factories, signin

ARGUMENTS = {
    "public_id": "ord_1",
    "sku": "A-1",
    "code": "esimgo",
    "key": "demo",
    "cause": "no_offer",
    "name": "clean_up",
    "pk": 1,
    "slug": "acme",
    "stripe_id": "po_1",
}
VERBS = {
    "console:order_action": "hold",
    "console:unit_action": "retry",
    "console:link_action": "revoke",
    "console:supplier_action": "pause",
    "console:shop_action": "resume",
    "console:customer_hold": "hold",
    "console:reseller_state": "approve",
    "console:company_state": "suspend",
}


def _console_routes() -> list[URLPattern]:
    found: list[URLPattern] = []
    for entry in get_resolver().url_patterns:
        if isinstance(entry, URLResolver) and entry.namespace == "console":
            found += [one for one in entry.url_patterns if isinstance(one, URLPattern)]
    return found


def _address(route: URLPattern) -> str:
    name = f"console:{route.name}"
    wanted = {key: ARGUMENTS[key] for key in route.pattern.regex.groupindex if key != "verb"}
    if name in VERBS:
        wanted["verb"] = VERBS[name]
    return reverse(name, kwargs=wanted)


CONSOLE = sorted(_address(route) for route in _console_routes())
ADMIN = ["/admin/", "/admin/login/", "/admin/organizations/user/", "/admin/suppliers/supplier/1/change/"]


Visitor = Callable[[], str]
"""Makes a new session and returns its cookie (none: empty)."""


def _nobody() -> Visitor:
    return lambda: ""


def _customer() -> Visitor:
    user = User.objects.create_user("buyer@example.com")
    app = signin.add_authenticator_app(user)
    return lambda: signin.session_of(user, second_factor=app)


def _without_second_factor() -> Visitor:
    user = factories.staff(is_superuser=True)
    return lambda: signin.session_of(user, second_factor=None)


def _second_factor_not_shown() -> Visitor:
    user = factories.staff(is_superuser=True)
    signin.add_authenticator_app(user)
    return lambda: signin.session_of(user, second_factor=None)


REFUSED: dict[str, tuple[Callable[[], Visitor], int, str]] = {
    "nobody": (_nobody, 302, "/accounts/login/"),
    "somebody who is no staff": (_customer, 403, ""),
    "staff without a second factor": (_without_second_factor, 302, "/accounts/2fa/"),
    "staff who did not show the second factor": (_second_factor_not_shown, 302, "/accounts/login/"),
}


def test_the_table_holds_every_route() -> None:
    assert len(set(CONSOLE)) == len(_console_routes())
    assert all(address.startswith("/console/") for address in CONSOLE)


@pytest.mark.django_db
@pytest.mark.parametrize("who", REFUSED)
def test_every_route_refuses(client: Client, who: str) -> None:
    visitors, status, target = REFUSED[who]
    new_session = visitors()
    for address in CONSOLE + ADMIN:
        client.cookies.clear()
        client.cookies["sessionid"] = new_session()
        answer = client.post(address) if _takes_only_post(address) else client.get(address)
        assert (answer.status_code, answer.get("Location", "").partition("?")[0]) == (status, target), address


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/console/resellers/", "/admin/", "/console/"])
def test_no_prefix_that_a_header_names_leads_around_the_gate(client: Client, address: str) -> None:
    answer = client.get(address, SCRIPT_NAME="/x")

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


def test_a_page_of_our_staff_is_not_shown_at_an_address_the_gate_does_not_guard() -> None:
    gate = StaffGate(lambda _: HttpResponse("in"))
    request = RequestFactory().get("/elsewhere/")
    request.resolver_match = resolve("/console/resellers/")

    with pytest.raises(PermissionDenied):
        gate.process_view(request)


@pytest.mark.django_db
def test_staff_who_are_no_superusers_do_not_see_raw_tables() -> None:
    user = factories.staff()
    client = signin.client_of(user, second_factor=signin.add_authenticator_app(user))

    assert [client.get(address).status_code for address in ADMIN] == [403] * len(ADMIN)
    assert client.get("/console/").status_code == 200


@pytest.mark.django_db
def test_a_removed_second_factor_no_longer_counts() -> None:
    user = factories.staff()
    app = signin.add_authenticator_app(user)
    client = signin.client_of(user, second_factor=app)
    app.delete()

    assert client.get("/console/").headers["Location"] == "/accounts/2fa/"


@pytest.mark.django_db
def test_the_second_factor_can_be_left_out_where_a_setting_says_so(settings: Any) -> None:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"require_mfa": False})
    client = signin.client_of(factories.staff(), second_factor=None)

    assert client.get("/console/").status_code == 200


@pytest.mark.django_db
def test_a_background_refresh_is_sent_to_the_login_as_a_whole_page() -> None:
    answer = Client().get("/console/", headers={"HX-Request": "true"})

    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=/console/"


def test_what_a_person_does_is_in_the_audit_trail_under_their_name(console: Client, person: User) -> None:
    order = factories.order()

    console.post(f"/console/orders/{order.public_id}/hold/", {"reason": "looks odd"})

    assert AuditEntry.objects.get(action="order.held").actor == f"user:{person.pk} sam@simplane.example"


def test_writing_routes_take_no_get(console: Client) -> None:
    writing = [address for address in CONSOLE if _takes_only_post(address)]

    assert len(writing) == 60
    assert {console.get(address).status_code for address in writing} == {405}


def _takes_only_post(address: str) -> bool:
    last = address.rstrip("/").rpartition("/")[2]
    return re.search(r"/console/(approvals/.|prices/end/)", address) is not None or last in {
        *("preview", "perform", "acknowledge", "hold", "retry", "decide", "redact", "revoke", "edit", "price"),
        *("approve", "propose", "add", "expire", "map", "pause", "resume", "replay", "run"),
        *("refund", "evidence", "give-up", "confirmation-code"),
        *("credit", "terms", "adjust", "transfer", "invite", "see-as", "set", "rule", "confirm", "save", "reverse"),
        *("close", "supplier", "payout", "match", "look", "mails", "suspend", "plans"),
    }
