"""Which two letters are a country: ISO 3166-1 alpha-2 as CLDR lists it, and XK (Kosovo), which suppliers sell."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale

# CLDR also names groups, reserved and private codes; nobody can travel to them.
_NO_COUNTRY = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """All country codes, upper case."""
    codes = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NO_COUNTRY
