"""How an account looks and what it says of itself: what comes in, and that a picture is only a picture."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from simplane.core.errors import BadInput
from simplane.core.models import AuditEntry
from simplane.organizations.models import Branding
from simplane.organizations.png import rewritten
from simplane.organizations.profile import look_of
from tests.hub.people import browser_of, member, reseller

WISH = {
    "name": "Acme eSIM",
    "color": "#AA3300",
    "support_email": "help@acme.example",
    "support_url": "acme.example/help",
}


def png(mode: str = "RGBA", size: tuple[int, int] = (40, 20), **given: Any) -> bytes:
    """A picture as Pillow writes it."""
    file = io.BytesIO()
    Image.effect_noise(size, 90).convert(mode).save(file, "PNG", **given)
    return file.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_a_picture_keeps_its_pixels_and_loses_everything_else(mode: str) -> None:
    beside = PngImagePlugin.PngInfo()
    beside.add_text("Author", "Rita", zip=True)
    source = png(mode, pnginfo=beside)

    made = rewritten(source + b"<script>alert(1)</script>")

    before, after = Image.open(io.BytesIO(source)), Image.open(io.BytesIO(made))
    assert (after.mode, after.size, after.tobytes()) == (before.mode, before.size, before.tobytes())
    assert b"Author" not in made
    assert b"script" not in made


def test_what_is_no_clean_picture_is_refused_with_what_to_do() -> None:
    whole = png()
    bomb = zlib.compress(b"\0" * 30_000_000)
    head = struct.pack(">IIBBBBB", 40, 20, 8, 6, 0, 0, 0)
    swollen = whole[:8] + _chunk(b"IHDR", head) + _chunk(b"IDAT", bomb) + _chunk(b"IEND", b"")
    interlaced = whole[:8] + _chunk(b"IHDR", head[:-1] + b"\1") + whole[33:]
    refused = {
        "not a PNG": b"GIF89a",
        "too large": whole + b"\0" * 262_144,
        "too many pixels": png("1", (1025, 2)),
        "interlaced": interlaced,
        "damaged": swollen,
    }
    for why, data in refused.items():
        with pytest.raises(BadInput, match=why):
            rewritten(data)
    for cut in range(8, len(whole) - 1, 37):
        with pytest.raises(BadInput):
            rewritten(whole[:cut])


@given(st.binary(max_size=300))
def test_any_bytes_behind_the_signature_are_refused_and_break_nothing(tail: bytes) -> None:
    with pytest.raises(BadInput):
        rewritten(b"\x89PNG\r\n\x1a\n" + tail)


@pytest.mark.django_db
def test_a_look_is_saved_for_both_sides_of_the_account() -> None:
    home = reseller()
    client = browser_of(member(home))
    logo = SimpleUploadedFile("logo.png", png(), "image/png")

    assert client.post("/hub/branding/", {**WISH, "logo": logo}).status_code == 302

    found = look_of(home.test_twin.pk)
    assert found is not None
    assert (found.name, found.color, found.has_logo) == ("Acme eSIM", "#aa3300", True)
    assert found.support_url == "https://acme.example/help"
    picture = client.get("/hub/branding/logo.png")
    assert (picture["Content-Type"], picture["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert Image.open(io.BytesIO(picture.content)).size == (40, 20)
    client.post("/hub/branding/", {**WISH, "remove_logo": "on"})
    assert client.get("/hub/branding/logo.png").status_code == 404
    assert AuditEntry.objects.filter(action="branding.changed").count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"color": "red"},
        {"support_email": "x"},
        {"support_url": "javascript:alert(1)"},
        {"name": "x" * 61},
        {"logo": "gif"},
    ],
)
def test_a_bad_look_changes_nothing(wrong: dict[str, str]) -> None:
    client = browser_of(member(reseller()))
    sent = {**WISH, **wrong}
    if "logo" in wrong:
        sent["logo"] = SimpleUploadedFile("logo.png", b"GIF89a", "image/png")  # type: ignore[assignment]

    answer = client.post("/hub/branding/", sent)

    assert answer.status_code == 422
    assert not Branding.objects.exists()


@pytest.mark.django_db
def test_the_account_changes_its_own_data_and_nothing_else() -> None:
    home = reseller(name="Acme")
    client = browser_of(member(home))
    wish = {"contact_email": "a@acme.example", "country": "PT", "vat_id": "PT123456789", "website": "acme.example"}

    client.post("/hub/settings/", {**wish, "name": "Other", "state": "suspended"})
    assert client.post("/hub/settings/", {**wish, "country": "XX"}).status_code == 422

    home.refresh_from_db()
    assert (home.name, home.state, home.country, home.vat_id) == ("Acme", "active", "PT", "PT123456789")
    assert home.website == "https://acme.example"
