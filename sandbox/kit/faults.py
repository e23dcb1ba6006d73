"""Fault rules: what goes wrong, at which operation, how often. Kept in the books so that a restart goes on failing."""

import random
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass, field

from sandbox.kit.books import Books, JsonObject

FAULTS_KEY = "faults"
DEFAULT_SEED = 20260101

COMMON_KINDS = (
    "drop_before",
    "drop_after",
    "status_before",
    "status_after",
    "throttle",
    "delay",
    "html",
    "empty",
    "malformed",
    "wrong_type",
    "extra_field",
)
MAGIC_WORD = re.compile(rb"FAULT([A-Z]+)")


class BadFaultError(ValueError):
    """A rule that cannot be understood; nothing was changed."""


@dataclass(slots=True)
class FaultRule:
    """One rule. `times` counts down (-1 = for ever); `operation` "*" fits every operation; `extra` is for vendors."""

    operation: str
    kind: str
    times: int = 1
    probability: float = 1.0
    match: str = ""
    status: int = 500
    seconds: float = 2.0
    retry_after: int = 1
    extra: JsonObject = field(default_factory=dict)
    hits: int = 0

    def fits(self, operation: str, body: bytes) -> bool:
        """Is this rule about such a call, and not used up?"""
        about = self.operation in ("*", operation)
        return about and self.times != 0 and (not self.match or self.match.encode() in body)


NUMBERS: dict[str, type] = {"times": int, "probability": float, "status": int, "seconds": float, "retry_after": int}


def parse_rule(data: JsonObject, kinds: Collection[str]) -> FaultRule:
    """A rule from its JSON. Raises BadFaultError for an unknown kind or a wrong type."""
    given = dict(data)
    operation, kind, match = given.pop("operation", "*"), given.pop("kind", None), given.pop("match", None) or ""
    if kind not in kinds:
        raise BadFaultError(f"unknown kind {kind!r}; known: {', '.join(sorted(kinds))}")
    if not isinstance(operation, str) or not isinstance(match, str):
        raise BadFaultError("operation and match must be text")
    numbers: JsonObject = {}
    for name, number_type in NUMBERS.items():
        value = given.pop(name, None)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadFaultError(f"{name} must be a number")
        numbers[name] = number_type(value)
    return FaultRule(operation=operation, kind=kind, match=match, extra=given, **numbers)


class Faults:
    """The rules in force, the seeded dice, and the magic product names."""

    def __init__(self, books: Books, vendor_kinds: Collection[str] = ()) -> None:
        self._books = books
        self.kinds = (*COMMON_KINDS, *vendor_kinds)
        self._magic = {kind.replace("_", "").upper().encode(): kind for kind in self.kinds}
        self._rules = [FaultRule(**data) for data in books.get_state(FAULTS_KEY) or []]
        self._dice = random.Random(DEFAULT_SEED)

    def add(self, data: JsonObject) -> FaultRule:
        """Put a rule in force."""
        rule = parse_rule(data, self.kinds)
        self._rules.append(rule)
        self._save()
        return rule

    def clear(self) -> None:
        """Nothing fails any more (magic products still do)."""
        self._rules = []
        self._save()

    def seed(self, seed: int) -> None:
        """Start the dice for `probability` anew."""
        self._dice = random.Random(seed)

    def take(self, operation: str, body: bytes, *, magic: bool) -> FaultRule | None:
        """The rule that strikes this call, counted as used. Only when `magic` are product names in the body read."""
        for rule in self._rules:
            if rule.fits(operation, body) and self._strikes(rule):
                rule.hits += 1
                if rule.times > 0:
                    rule.times -= 1
                    self._save()
                return rule
        return self._magic_rule(operation, body) if magic else None

    def _strikes(self, rule: FaultRule) -> bool:
        return rule.probability >= 1 or self._dice.random() < rule.probability

    def _magic_rule(self, operation: str, body: bytes) -> FaultRule | None:
        if b"FAULT" not in body:
            return None
        word = MAGIC_WORD.search(body)
        kind = self._magic.get(word.group(1)) if word else None
        return FaultRule(operation, kind) if kind else None

    def as_json(self) -> list[JsonObject]:
        """All rules with what is left of them and how often each struck."""
        return [asdict(rule) for rule in self._rules]

    def _save(self) -> None:
        self._books.set_state(FAULTS_KEY, self.as_json())
