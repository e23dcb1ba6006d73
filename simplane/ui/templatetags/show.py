"""How things are shown to people: money, moments, bytes, states, icons."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from babel import Locale
from django import forms, template
from django.forms.boundfield import BoundField
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from simplane.core import clock, deadletters
from simplane.core.errors import BadMoney
from simplane.core.money import Money

register = template.Library()

TONES = {
    "ok": (
        "done sent delivered bought active approved balanced ok released installed enabled downloaded ready on mapped"
        " finished chosen resolved acknowledged succeeded won paid"
    ),
    "wait": (
        "waiting routed buying pending requested queued received wanted calling open proposed accepted not_ready review"
        " running awaiting_payment todo doing info awaiting processing created"
        " under_review warning_under_review in_transit"
    ),
    "warn": (
        "unknown held late flagged retryable paused needs_mapping depleted suspended person quarantined warning hint"
        " vanished deletion_scheduled half_open disputed partly_refunded failing disabled"
        " needs_response warning_needs_response"
    ),
    "bad": (
        "dead failed bounced blocked rejected permanent expired loss refused critical uninstalled terminated deleted lost"
    ),
}
_TONE = {state: tone for tone, states in TONES.items() for state in states.split()}
_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


@register.simple_tag
def money(minor: int | None, currency: str | None) -> str:
    """`€9.00`; a dash where there is no amount."""
    if minor is None or not currency:
        return "–"
    try:
        return Money(minor, currency).shown()
    except BadMoney:
        return f"{minor} {currency} (minor units)"


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """`3 min ago`, the exact moment (UTC) in its title."""
    if not at:
        return "–"
    return format_html('<time datetime="{}" title="{} UTC">{}</time>', at.isoformat(), _exact(at), _near(at))


@register.filter
def exact(at: datetime | None) -> SafeString | str:
    """`2025-11-20 12:00:03` UTC."""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), _exact(at)) if at else "–"


@register.filter
def clocktime(at: datetime) -> SafeString:
    """`12:00:03`, the day in its title."""
    text = at.astimezone(UTC).strftime("%H:%M:%S")
    return format_html('<time datetime="{}" title="{} UTC">{}</time>', at.isoformat(), _exact(at), text)


@register.filter
def span(length: timedelta | float | str | None) -> str:
    """`42 s`, `3 min`, `5 h`, `2 d` of a length of time (seconds when it is a number)."""
    if length is None or length == "":
        return "–"
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return _coarse(int(seconds))


@register.filter
def size(count: int | None) -> str:
    """`1.5 GB`: decimal units, as plans are sold."""
    if count is None:
        return "unlimited"
    for factor, name in _UNITS:
        if count >= factor:
            return f"{count / factor:.3g} {name}"
    return f"{count} B"


@register.filter
def state(value: object, label: str = "") -> SafeString:
    """A state as a dot and a word; models with choices pass their label: `unit.state|state:unit.get_state_display`."""
    text = str(value)
    return format_html('<span class="st st-{}">{}</span>', tone(text), label or text.replace("_", " "))


@register.filter
def tone(value: object) -> str:
    """ok | wait | warn | bad | idle."""
    return _TONE.get(str(value), "idle")


@register.simple_tag
def icon(name: str) -> SafeString:
    """A picture of our sprite, for decoration only."""
    return format_html('<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>', static("ui/icons.svg"), name)


@register.filter
def country(code: object) -> str:
    """`Germany` of `DE`; the code itself of what is none."""
    return str(Locale("en").territories.get(str(code), code))


@register.filter
def pretty(value: Any) -> str:
    """JSON for reading."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.filter
def pairs(values: Any) -> list[tuple[str, Any]]:
    """The entries of a JSON object; nothing of anything else."""
    return list(values.items()) if isinstance(values, dict) else []


@register.filter
def shortly(value: Any) -> str:
    """A value in at most 80 characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:79] + "…"


@register.filter
def who(actor: str) -> str:
    """`ana@example.com` of `user:7 ana@example.com`; a job or the system as it is."""
    return actor.partition(" ")[2] or actor if actor.startswith("user:") else actor


@register.filter
def plainly(value: Any) -> Any:
    """Yes and no for booleans; a dash for nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value in ("", None, ()) else value


@register.filter
def took(attempt: Any) -> timedelta | None:
    """How long an attempt to buy waited for its answer."""
    return attempt.answered_at - attempt.sent_at if attempt.answered_at and attempt.sent_at else None


@register.filter
def words(name: str) -> str:
    """`UnitMoved`, `no_candidate` or `order.held` in plain words."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return spaced.replace("_", " ").replace(".", " ").strip()


@register.filter
def cause_title(code: str) -> str:
    """A dead letter's cause in words."""
    return deadletters.cause(code).title


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether a field's label stands after it."""
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.filter
def styled(field: BoundField) -> SafeString:
    """A form field with Tabler's classes, tied to its help and errors for screen readers."""
    widget = field.field.widget
    ticks = (forms.CheckboxInput, forms.CheckboxSelectMultiple)
    known = {
        **dict.fromkeys(ticks, "form-check-input"),
        forms.Select: "form-select",
        forms.SelectMultiple: "form-select",
    }
    css = next((name for kind, name in known.items() if isinstance(widget, kind)), "form-control")
    attrs: dict[str, str | bool] = {"class": css}
    if field.errors:
        attrs |= {"aria-invalid": "true", "aria-describedby": f"{field.auto_id}_error"}
    return field.as_widget(attrs=attrs)


def _exact(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _near(at: datetime) -> str:
    seconds = int((clock.now() - at).total_seconds())
    if abs(seconds) < 5:
        return "now"
    return f"{_coarse(seconds)} ago" if seconds > 0 else f"in {_coarse(-seconds)}"


def _coarse(seconds: int) -> str:
    for length, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * length or (name == "min" and seconds >= length):
            return f"{seconds // length} {name}"
    return f"{seconds} s"
