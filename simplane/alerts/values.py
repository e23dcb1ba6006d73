"""What is told, and what came of telling it."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from simplane.alerts.models import Alert


def console(path: str) -> str:
    """The address of a page of the console, for people who read an alert elsewhere."""
    return f"{settings.SIMPLANE.base_url}/console/{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One alert as people read it."""

    key: str
    level: str
    title: str
    text: str
    link: str
    count: int
    first_at: str
    last_at: str
    resolved: bool

    @classmethod
    def of(cls, alert: Alert) -> Notice:
        """From the row as it stands."""
        return cls(
            key=f"{alert.rule}:{alert.subject}",
            level=alert.level,
            title=alert.title,
            text=alert.text,
            link=alert.link,
            count=alert.count,
            first_at=f"{alert.first_at:%Y-%m-%d %H:%M:%S}Z",
            last_at=f"{alert.last_at:%Y-%m-%d %H:%M:%S}Z",
            resolved=alert.resolved_at is not None,
        )

    @property
    def headline(self) -> str:
        """`CRITICAL: …` or `Resolved: …`."""
        return f"{'Resolved' if self.resolved else self.level.upper()}: {self.title}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """`told`: somebody has it. `retry`: this way may work later. Neither: this way is dead, take another."""

    told: bool
    retry: bool = False
    retry_after: float = 0.0
    problem: str = ""
