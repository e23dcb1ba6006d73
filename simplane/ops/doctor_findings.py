"""What the doctor says: one finding a line, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from simplane.core import redact

State = Literal["ok", "note", "warn", "fail"]
"""note: worth knowing. warn: works, and will hurt some day. fail: does not work, or must not be so."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `fix` says what to do; it never holds a secret."""

    area: str
    state: State
    text: str
    fix: str = ""


Check = Callable[[], Iterable[tuple[State, str] | tuple[State, str, str]]]


def look(area: str, check: Check) -> Iterator[Finding]:
    """Do one check; one that breaks is a finding itself and stops no other."""
    try:
        for state, text, *fix in check():
            yield Finding(area, state, redact.text(text), redact.text(fix[0]) if fix else "")
    except Exception as problem:
        said = redact.text(" ".join(str(problem).split()))[:200]
        yield Finding(area, "fail", f"this could not be looked at: {type(problem).__name__}: {said}")
