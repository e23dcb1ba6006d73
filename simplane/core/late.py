"""Libraries that few calls need and every start would pay for: imported when something of them is first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Late:
    """Stands for the module `name`. Raises ImportError at the first use when it is not installed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(import_module(self._name), attribute)
        self.__dict__[attribute] = found
        return found
