"""Names that stand in mails."""

from __future__ import annotations

import pytest

from simplane.organizations.names import mailable


@pytest.mark.parametrize("name", ["Maersk A/S", "Blue Bus c/o Ann", "Zoë & Söhne GmbH", "7-Eleven"])
def test_companies_are_called_so(name: str) -> None:
    assert mailable(name)


@pytest.mark.parametrize(
    "name", ["evil.example/x", "http://a", "www.evil", "a@b", "<b>", "A/S/x/", "two\nlines", "\u202egnirts"]
)
def test_addresses_and_what_is_not_seen_are_no_names(name: str) -> None:
    assert not mailable(name)
