"""Secrets at rest: a text field that is encrypted with a key made from SIMPLANE_SECRET_KEY (older keys still read)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


@lru_cache(maxsize=1)
def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(key)) for key in keys])


@lru_cache(maxsize=8)
def _derived(secret: str) -> bytes:
    made = hashlib.scrypt(secret.encode(), salt=b"simplane.core.crypto", n=2**12, r=8, p=1, dklen=32)
    return base64.urlsafe_b64encode(made)


if TYPE_CHECKING:
    _TextField = models.TextField[Any, Any]
else:
    _TextField = models.TextField


class SecretJSONField(_TextField):
    """A JSON value that stands encrypted in the database: `{"api_key": "…"}`. Never shown, never logged."""

    if TYPE_CHECKING:
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, *_: object) -> Any:
        return None if value is None else json.loads(_box().decrypt(value.encode())) if value else {}

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else _box().encrypt(json.dumps(value).encode()).decode()


def fingerprint() -> str:
    """Names the key without telling it: 16 hexadecimal digits."""
    return hmac.digest(_derived(settings.SECRET_KEY), b"fingerprint", "sha256").hex()[:16]


def sealed(text: str) -> str:
    """A MAC that only who has the key can make, 64 hexadecimal digits."""
    return hmac.digest(_derived(settings.SECRET_KEY), b"seal:" + text.encode(), "sha256").hex()


def is_seal_of(text: str, seal: object) -> bool:
    """Whether `sealed` made this of this text."""
    return isinstance(seal, str) and hmac.compare_digest(sealed(text).encode(), seal.encode())
