"""Every language says everything, with the same blanks to fill in."""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from simplane.delivery.languages import language, languages

OTHERS = [code for code in languages() if code != "en"]


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, tuple):
        for at, one in enumerate(value):
            yield from texts(one, f"{path}[{at}]")
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts(getattr(value, field.name), f"{path}.{field.name}")


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_fills_the_same_blanks_as_english(code: str) -> None:
    english, other = dict(texts(languages()["en"])), dict(texts(languages()[code]))
    assert {path: blanks(text) for path, text in other.items()} == {
        path: blanks(text) for path, text in english.items()
    }


@pytest.mark.parametrize("code", list(languages()))
def test_no_text_is_empty(code: str) -> None:
    assert [path for path, text in texts(languages()[code]) if not text.strip()] == []


@pytest.mark.parametrize(
    ("locale", "code"), [("de", "de"), ("de-AT", "de"), ("de_CH", "de"), ("en-GB", "en"), ("fr", "en"), ("", "en")]
)
def test_a_locale_finds_its_language_or_english(locale: str, code: str) -> None:
    assert language(locale).code == code
