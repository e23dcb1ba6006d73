"""The install page of one eSIM."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
import zxingcpp
from django.test import Client
from PIL import Image
from pytest_django import DjangoAssertNumQueries

from simplane.core import clock
from simplane.delivery import links
from simplane.delivery.models import InstallLink
from tests import factories
from tests.store.conftest import ANDROID, DESKTOP, IPHONE, bought, link_of, promised

pytestmark = pytest.mark.django_db
CODE = "LPA:1$rsp-eu.simlessly.com$K2-1A2B"


def read(client: Client, address: str, user_agent: str = DESKTOP) -> str:
    answer = client.get(address, headers={"User-Agent": user_agent})
    assert answer.status_code == 200
    return answer.content.decode()


def test_shows_every_way_to_install(client: Client) -> None:
    address = link_of(bought())
    html = read(client, address)
    assert "Your eSIM is ready" in html
    assert f'src="{address}/qr.svg"' in html
    for text in ("rsp-eu.simlessly.com", "K2-1A2B", CODE, "Samsung Galaxy", "Google Pixel", "Spain 5 GB, 30 days"):
        assert text in html


def test_an_iphone_gets_its_one_tap_button_before_anything_else(client: Client) -> None:
    html = read(client, link_of(bought()), IPHONE)
    link = f"https://esimsetup.apple.com/esim_qrcode_provisioning?carddata={CODE}"
    assert html.index(link) < html.index("/qr.svg")
    assert "esimsetup.android.com" not in html


def test_an_android_gets_its_own(client: Client) -> None:
    html = read(client, link_of(bought()), ANDROID)
    assert f"https://esimsetup.android.com/esim_qrcode_provisioning?carddata={CODE}" in html
    assert "esimsetup.apple.com" not in html


def test_an_old_iphone_gets_no_button_that_would_not_work(client: Client) -> None:
    assert "esimsetup" not in read(client, link_of(bought()), IPHONE.replace("18_5", "16_7"))


def test_a_desktop_is_told_to_scan(client: Client) -> None:
    html = read(client, link_of(bought()))
    assert "Scan with your phone" in html
    assert "esimsetup" not in html


def test_the_steps_of_the_visitors_phone_are_open_and_first(client: Client) -> None:
    html = read(client, link_of(bought()), ANDROID)
    steps = html[html.index('id="steps"') :]
    assert steps.index("Google Pixel") < steps.index("iPhone")
    assert steps.count("<details open>") == 1


@pytest.mark.parametrize("ending", ["qr.svg", "qr.png"])
def test_the_picture_is_never_kept_by_anybody(client: Client, ending: str) -> None:
    answer = client.get(f"{link_of(bought())}/{ending}")
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert answer.headers["Content-Type"].startswith("image/")


def test_the_picture_to_keep_reads_as_the_code(client: Client) -> None:
    answer = client.get(f"{link_of(bought())}/qr.png")
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(answer.content)))
    assert found.text == CODE


def test_a_confirmation_code_is_shown_beside_the_code_and_never_in_it(client: Client) -> None:
    html = read(client, link_of(bought(confirmation_code_required=True, confirmation_code="CC-4711")))
    assert '<code id="confirmation">CC-4711</code>' in html
    assert "Your phone asks for the confirmation code while it loads the eSIM." in html
    assert f'<code id="whole">{CODE}$$1</code>' in html


def test_a_confirmation_code_nobody_gave_is_said_to_be_missing(client: Client) -> None:
    html = read(client, link_of(bought(confirmation_code_required=True)))
    assert "We do not have it yet" in html
    assert 'id="confirmation"' not in html


def test_a_confirmation_code_is_shown_only_while_the_other_codes_are(client: Client) -> None:
    ended = bought(confirmation_code_required=True, confirmation_code="CC-4711", service_state="terminated")
    assert "CC-4711" not in read(client, link_of(ended))


def test_data_left_is_told_with_its_age(client: Client) -> None:
    now = clock.now()
    unit = bought(
        installed_at=now,
        plan_state="active",
        data_used=3_760_000_000,
        usage_at=now - timedelta(hours=2),
        expires_at=now + timedelta(days=12),
    )
    html = read(client, link_of(unit))
    assert "Your eSIM is in use" in html
    assert "1.2\u00a0GB of 5\u00a0GB left" in html
    assert "measured 2 hours ago" in html
    assert "Valid until" in html


def test_unlimited_data_has_no_end_to_show(client: Client) -> None:
    unit = factories.delivered_unit(product=promised(data_bytes=None))
    assert unit.line is not None
    unit.line.data_total, unit.line.data_used = None, 2_500_000_000
    unit.line.save()
    html = read(client, link_of(unit))
    assert "Unlimited, 2.5\u00a0GB used" in html
    assert "<meter" not in html


def test_data_a_day_is_told_as_promised(client: Client) -> None:
    unit = factories.delivered_unit(product=promised(data_bytes=1_000_000_000, daily=True))
    assert unit.line is not None
    unit.line.data_total = None
    unit.line.save()
    assert "1\u00a0GB a day" in read(client, link_of(unit))


@pytest.mark.parametrize(("locale", "title"), [("de-DE", "Ihre eSIM ist bereit"), ("en", "Your eSIM is ready")])
def test_speaks_the_buyers_language(client: Client, locale: str, title: str) -> None:
    assert title in read(client, link_of(bought(), locale=locale))


def test_a_link_switches_the_language(client: Client) -> None:
    address = link_of(bought(), locale="en")
    assert 'href="?lang=de"' in read(client, address)
    answer = client.get(f"{address}?lang=de")
    assert '<html lang="de">' in answer.content.decode()
    assert answer.headers["Content-Language"] == "de"


def test_a_language_we_do_not_speak_leaves_it_to_the_browser(client: Client) -> None:
    answer = client.get(link_of(bought(), locale="fr"), headers={"Accept-Language": "es,de-AT;q=0.8,en;q=0.5"})
    assert answer.headers["Content-Language"] == "de"


def test_an_unknown_language_asked_for_changes_nothing(client: Client) -> None:
    assert "Your eSIM is ready" in read(client, link_of(bought()) + "?lang=%3Cscript%3E")


def test_an_esim_that_is_not_bought_yet_says_so_and_looks_again(client: Client) -> None:
    address = link_of(factories.unit(product=promised()))
    html = read(client, address)
    assert "Your eSIM is being prepared" in html
    assert f'data-poll="{address}/state"' in html
    assert client.get(f"{address}/state").json() == {"state": "preparing"}
    assert client.get(f"{address}/qr.svg").status_code == 404


def test_a_late_order_is_told_honestly(client: Client) -> None:
    unit = factories.unit(order=factories.order(clock_step=1), product=promised())
    assert "takes a little longer" in read(client, link_of(unit))


@pytest.mark.parametrize("state", ["cancelled", "refunded"])
def test_a_cancelled_esim_gives_its_code_to_nobody(client: Client, state: str) -> None:
    unit = bought()
    unit.state = state
    unit.save()
    address = link_of(unit)
    html = read(client, address)
    assert "This eSIM was cancelled" in html
    assert "K2-1A2B" not in html
    assert client.get(f"{address}/qr.png").status_code == 404


def test_an_expired_esim_gives_its_code_to_nobody(client: Client) -> None:
    address = link_of(bought(plan_state="expired", expires_at=clock.now() - timedelta(days=1)))
    assert "K2-1A2B" not in read(client, address)
    assert client.get(f"{address}/qr.svg").status_code == 404


def test_an_installed_esim_keeps_its_codes_folded_away(client: Client) -> None:
    html = read(client, link_of(bought(installed_at=clock.now())), IPHONE)
    assert "Show the install codes again" in html
    assert html.index("Your eSIM is installed") < html.index("K2-1A2B")


@pytest.mark.parametrize("token", ["0" * 26, "short", "NOT-A-TOKEN", "x" * 300, "%01", "'"])
def test_an_unknown_link_says_what_to_do(client: Client, token: str) -> None:
    answer = client.get(f"/e/{token}")
    assert answer.status_code == 404
    assert "This link is not valid" in answer.content.decode()


def test_a_revoked_link_is_gone_with_everything_behind_it(client: Client) -> None:
    unit = bought()
    address = link_of(unit)
    links.revoke(InstallLink.objects.get().pk, reason="stolen by a named person")
    for ending in ("", "/qr.svg", "/qr.png", "/state"):
        answer = client.get(address + ending)
        assert answer.status_code == 410
        assert "stolen" not in answer.content.decode()
        assert "K2-1A2B" not in answer.content.decode()


def test_a_dead_link_says_the_same_whether_it_ever_lived(client: Client) -> None:
    address = link_of(bought())
    links.revoke(InstallLink.objects.get().pk, reason="x")
    assert client.get(address).content == client.get("/e/" + "0" * 26).content


def test_a_link_of_an_order_opens_no_unit(client: Client) -> None:
    link = factories.install_link()
    assert client.get(f"/e/{link.token}").status_code == 404


@pytest.mark.parametrize("path", ["", "/qr.svg", "/state"])
def test_every_answer_keeps_the_link_to_itself(client: Client, path: str) -> None:
    answer = client.get(link_of(bought()) + path)
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert not answer.cookies


def test_a_page_holds_no_script_or_style_of_its_own_and_nothing_from_elsewhere(client: Client) -> None:
    html = read(client, link_of(bought()))
    assert "style=" not in html
    assert "<style" not in html
    assert html.count("<script") == html.count('<script src="/static/') == 1
    assert "http://" not in html
    assert "https://" not in html


def test_a_page_holds_nothing_personal(client: Client) -> None:
    unit = bought()
    html = read(client, link_of(unit))
    assert unit.order.customer.email not in html
    assert unit.order.customer.name not in html


def test_only_reading_is_allowed(client: Client) -> None:
    assert client.post(link_of(bought())).status_code == 405


def test_views_are_evidence(client: Client) -> None:
    address = link_of(bought())
    read(client, address)
    read(client, address)
    client.head(address)
    client.get(f"{address}/state")
    client.get(f"{address}/qr.svg")
    link = InstallLink.objects.get()
    assert link.views == 2
    assert link.first_seen_at is not None


def test_a_page_is_a_handful_of_queries(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    address = link_of(bought())
    # The link, the unit with all its facts, its siblings; then the view: begin, lock, count, commit.
    with django_assert_num_queries(7):
        read(client, address)
