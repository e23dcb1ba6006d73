"""The languages we speak to travellers. A new one is one file here, `xx.py`, that makes `LANGUAGE`.

Plain typed modules instead of gettext catalogues: nothing has to be compiled at set-up, a missing text fails the type
check, and whoever translates sees a mail and a page whole.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from simplane.delivery.languages.shape import Language

DEFAULT = "en"


@cache
def languages() -> dict[str, Language]:
    """All languages by code, the default first."""
    names = [module.name for module in iter_modules(__path__) if module.name != "shape"]
    made: list[Language] = [import_module(f"{__name__}.{name}").LANGUAGE for name in names]
    return {one.code: one for one in sorted(made, key=lambda one: (one.code != DEFAULT, one.code))}


def language(locale: str) -> Language:
    """The language of a locale such as `de`, `de-DE` or `de_AT`; the default when we do not speak it."""
    code = locale.replace("_", "-").partition("-")[0].lower()
    return languages().get(code) or languages()[DEFAULT]
