"""Webhooks at the door: stored before they are answered, once, and only when genuine. Nothing else changes anything."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from simplane.channels import intake as shops
from simplane.config.wsgi import application
from simplane.core.models import InboxMessage
from simplane.delivery import bounces
from simplane.suppliers import intake as suppliers
from tests import factories

SECRET = "shh-not-real"
BODY = json.dumps({"id": 1, "name": "Zoë 🚀"}).encode()


@pytest.fixture
def shop(transactional_db: None) -> Iterator[Any]:
    shops._known.clear()
    suppliers._cache.clear()
    made = factories.shop(
        key="demo", domain="demo-shop.myshopify.com", credentials={"client_id": "x", "client_secret": SECRET}
    )
    yield made
    shops._known.clear()


def sign(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def post(path: str, body: bytes, headers: dict[str, str] | None = None, **environ: Any) -> tuple[int, bytes]:
    answered: list[str] = []
    given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()}
    request = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(body),
        **given,
        **environ,
    }
    text = b"".join(application(request, lambda status, _headers: answered.append(status)))
    return int(answered[0].split()[0]), text


def shopify(body: bytes = BODY, *, delivery: str = "d-1", **headers: str) -> tuple[int, bytes]:
    sent = {
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Shop-Domain": "demo-shop.myshopify.com",
        "X-Shopify-Webhook-Id": delivery,
        "X-Shopify-Hmac-Sha256": sign(body),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    return post("/webhooks/shopify/demo", body, sent)


def jobs_waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'core.handle_message'")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.usefixtures("shop")
class TestShopify:
    def test_a_signed_delivery_is_stored_raw_with_its_job(self) -> None:
        assert shopify() == (200, b"ok\n")
        message = InboxMessage.objects.get()
        assert bytes(message.body) == BODY
        assert (message.topic, message.delivery_id, message.trusted, message.state) == (
            "orders/paid",
            "d-1",
            True,
            "received",
        )
        assert jobs_waiting() == 1

    def test_a_repeat_is_counted_and_works_once(self) -> None:
        shopify()
        assert shopify()[0] == 200
        assert InboxMessage.objects.get().duplicates == 1
        assert jobs_waiting() == 1

    def test_the_same_delivery_from_many_at_once_is_one_row(self) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: shopify()[0], range(24)))
        assert answers == [200] * 24
        assert InboxMessage.objects.get().duplicates == 23
        assert jobs_waiting() == 1

    def test_a_hundred_deliveries_at_once_are_a_hundred_rows(self) -> None:
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda n: shopify(delivery=f"d-{n}")[0], range(100)))
        assert answers == [200] * 100
        assert InboxMessage.objects.count() == jobs_waiting() == 100

    @pytest.mark.parametrize(
        ("body", "signature"),
        [
            (BODY, sign(BODY, "another secret")),
            (BODY + b" ", sign(BODY)),
            (BODY[:-3], sign(BODY)),
            (BODY, ""),
            (BODY, "ü not base64"),
        ],
        ids=["forged", "tampered", "truncated", "unsigned", "nonsense"],
    )
    def test_what_is_not_genuine_is_refused_and_not_stored(self, body: bytes, signature: str) -> None:
        assert shopify(body, X_Shopify_Hmac_Sha256=signature)[0] == 401
        assert InboxMessage.objects.count() == 0

    def test_a_genuine_body_for_another_shop_is_refused(self) -> None:
        assert shopify(X_Shopify_Shop_Domain="other.myshopify.com")[0] == 401
        assert InboxMessage.objects.count() == 0

    @pytest.mark.parametrize("body", [b"\xff\xfe\x00 not utf-8", b"[" * 100_000, b""], ids=["bytes", "deep", "empty"])
    def test_genuine_nonsense_is_kept_for_a_person_and_answered(self, body: bytes) -> None:
        assert shopify(body)[0] == 200
        assert bytes(InboxMessage.objects.get().body) == body

    def test_ten_megabytes_are_refused_unread(self) -> None:
        assert shopify(b"x" * 10_000_000)[0] == 413
        assert InboxMessage.objects.count() == 0

    def test_a_body_that_ends_early_is_refused(self) -> None:
        assert post("/webhooks/shopify/demo", BODY, {}, CONTENT_LENGTH="9999")[0] == 400
        assert InboxMessage.objects.count() == 0

    def test_a_length_that_is_no_number_is_refused(self) -> None:
        assert post("/webhooks/shopify/demo", BODY, {}, CONTENT_LENGTH="-5")[0] == 400

    def test_an_unknown_shop_is_not_found(self) -> None:
        assert post("/webhooks/shopify/nobody", BODY, {"X-Shopify-Hmac-Sha256": sign(BODY)})[0] == 404

    def test_only_post_is_served(self) -> None:
        assert post("/webhooks/shopify/demo", b"", REQUEST_METHOD="GET")[0] == 405

    def test_the_former_secret_is_good_during_a_rotation(self, shop: Any) -> None:
        shop.credentials = {"client_id": "x", "client_secret": "new", "previous_client_secrets": [SECRET]}
        shop.save()
        assert shopify()[0] == 200


@pytest.mark.usefixtures("shop")
class TestSuppliers:
    def test_an_unguessable_address_is_needed(self) -> None:
        supplier = factories.supplier(code="redtea", vendor="esimaccess", webhook_token="right", is_stand_in=True)
        body = b'{"notifyType":"ORDER_STATUS","notifyId":"n1","content":{"orderNo":"B1"}}'
        assert post(f"/webhooks/suppliers/{supplier.code}/wrong", body)[0] == 404
        assert InboxMessage.objects.count() == 0

    def test_unsigned_news_is_stored_as_a_hint(self) -> None:
        factories.supplier(code="redtea", vendor="esimaccess", webhook_token="right", is_stand_in=True)
        body = (
            b'{"notifyType":"ORDER_STATUS","notifyId":"n1","eventGenerateTime":"2026-04-22T17:16:34Z",'
            b'"content":{"orderNo":"B1","orderStatus":"GOT_RESOURCE","transactionId":"t"}}'
        )
        assert post("/webhooks/suppliers/redtea/right", body)[0] == 200
        assert InboxMessage.objects.get().trusted is False

    def test_credentials_tell_the_account_where_the_address_has_no_token(self) -> None:
        path, body = "/api/v1/providers/1global/webhook", b'{"type":"order.completed"}'
        assert post(path, body)[0] == 404
        for code, password in (("one", "p1"), ("two", "p2"), ("ceased", "p3")):
            known = {"client_id": "i", "client_secret": "s", "webhook_user": "hook", "webhook_password": password}
            account = factories.supplier(code=code, vendor="oneglobal", credentials=known, is_stand_in=True)
            account.options, account.active = {"account_id": f"acc_{code}", "purchase_location": "DE"}, code != "ceased"
            account.save()
        assert post(path, body)[0] == 401
        for password, status in (("p2", 200), ("p3", 401), ("", 401)):
            basic = base64.b64encode(f"hook:{password}".encode()).decode()
            assert post(path, body, {"Authorization": f"Basic {basic}"})[0] == status
        stored = InboxMessage.objects.get()
        assert (stored.channel, stored.account, stored.trusted) == ("supplier", "two", False)
        assert post(path, b"", REQUEST_METHOD="GET")[0] == 405


@pytest.mark.usefixtures("shop")
class TestReturnedMail:
    def test_it_needs_the_unguessable_address(self) -> None:
        assert post("/webhooks/mail/wrong", b"From: x")[0] == 404
        assert InboxMessage.objects.count() == 0

    def test_it_is_stored_to_be_read_later(self) -> None:
        assert post(f"/webhooks/mail/{bounces.intake_token()}", b"From: x\n\nhello")[0] == 200
        assert InboxMessage.objects.get().channel == "mail"


@pytest.mark.parametrize("path", ["/webhooks/shopify/de\0mo", "/webhooks/suppliers/a\0/b", "/webhooks/mail/\0"])
def test_a_nul_in_the_address_is_no_address_and_no_alarm(shop: Any, path: str) -> None:
    assert post(path, BODY) == (404, b"no such address\n")
    assert InboxMessage.objects.count() == 0
