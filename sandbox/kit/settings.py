"""Settings that can be changed while a stand-in runs; kept in its books."""

from collections.abc import Mapping
from typing import Any

from sandbox.kit.books import Books, JsonObject

SETTINGS_KEY = "settings"
BALANCE_KEY = "balance_minor"

COMMON_DEFAULTS: Mapping[str, Any] = {"latency_ms": 0.0, "rate_limit_per_second": 0, "journal": True}


class BadSettingError(ValueError):
    """Unknown name or wrong type; nothing was changed."""


class Settings:
    """Named values whose types are given by their defaults.

    `balance_minor` is special: it is money in the books, read and set here but moved by orders.
    """

    def __init__(self, books: Books, vendor_defaults: Mapping[str, Any], opening_balance_minor: int) -> None:
        self._books = books
        self._defaults: JsonObject = {**COMMON_DEFAULTS, **vendor_defaults}
        self._opening = opening_balance_minor
        stored = books.get_state(SETTINGS_KEY) or {}
        self._values: JsonObject = {**self._defaults, **{k: v for k, v in stored.items() if k in self._defaults}}
        if books.get_state(BALANCE_KEY) is None:
            self.set_balance(opening_balance_minor)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def text(self, name: str) -> str:
        """A text setting."""
        return str(self._values[name])

    def number(self, name: str) -> float:
        """A numeric setting."""
        return float(self._values[name])

    def balance(self) -> int:
        """Money left, in minor units."""
        return int(self._books.get_state(BALANCE_KEY) or 0)

    def set_balance(self, minor: int) -> None:
        """Store the money left; inside a transaction this is part of it."""
        self._books.set_state(BALANCE_KEY, minor)

    def update(self, changes: Mapping[str, Any]) -> None:
        """Change several at once. Raises BadSettingError and changes nothing when one of them is wrong."""
        wanted = dict(changes)
        balance = wanted.pop(BALANCE_KEY, None)
        if balance is not None and (isinstance(balance, bool) or not isinstance(balance, int)):
            raise BadSettingError("balance_minor must be an integer")
        checked = {name: self._checked(name, value) for name, value in wanted.items()}
        with self._books.transaction():
            self._values.update(checked)
            self._books.set_state(SETTINGS_KEY, self._values)
            if balance is not None:
                self.set_balance(balance)

    def _checked(self, name: str, value: Any) -> Any:
        if name not in self._defaults:
            known = ", ".join(sorted([*self._defaults, BALANCE_KEY]))
            raise BadSettingError(f"unknown setting {name!r}; known: {known}")
        default = self._defaults[name]
        if isinstance(default, bool) or isinstance(value, bool):
            fits = isinstance(default, bool) and isinstance(value, bool)
        elif isinstance(default, int | float):
            fits = isinstance(value, int | float)
        else:
            fits = isinstance(value, type(default))
        if not fits:
            raise BadSettingError(f"{name} must be of type {type(default).__name__}, not {type(value).__name__}")
        return value

    def restore_opening_balance(self) -> None:
        """After the books were emptied: money back to the start."""
        self.set_balance(self._opening)

    def restore_defaults(self) -> None:
        """Forget every change made through `update`."""
        self._values = dict(self._defaults)
        self._books.set_state(SETTINGS_KEY, self._values)

    def as_json(self) -> JsonObject:
        """All settings with their present values."""
        return {**self._values, BALANCE_KEY: self.balance()}
