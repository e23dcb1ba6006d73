"""Addresses with a NUL in them: they can name nothing, and they break nothing."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.parametrize(
    "address",
    [
        "/console/orders/?q=%00",
        "/console/orders.csv?q=a%00b",
        "/console/offers/?q=%00",
        "/console/audit/?actor=%00",
        "/console/orders/%00/",
        "/console/products/%00/",
        "/console/stuck/%00/",
        "/accounts/login/?next=%00",
    ],
)
def test_a_nul_in_the_address_is_a_bad_request(console: Client, address: str) -> None:
    answer = console.get(address)

    assert answer.status_code == 400
    assert b"This request can not be understood" in answer.content
    assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_a_percent_sign_that_only_looks_like_one_is_searched_for(console: Client) -> None:
    assert console.get("/console/orders/?q=%2500").status_code == 200
