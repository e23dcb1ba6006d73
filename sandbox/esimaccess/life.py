"""What happens to a line after it is sold, as pure steps: a line and a wish in, the changed line and the news out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

from sandbox.esimaccess import ids
from sandbox.esimaccess.lines import Line, News, keys, smdp_news, status_news
from sandbox.esimaccess.moments import DAY, api_time, event_time

THRESHOLDS = (0.5, 0.25, 0.1)
ON_PHONE = ("DOWNLOAD", "INSTALLATION", "ENABLED", "DISABLED")
AT_INSTALL, AT_FIRST_NETWORK = 1, 2
LIVING = ("GOT_RESOURCE", "IN_USE", "USED_UP")


class ImpossibleError(ValueError):
    """The line cannot get there from where it is."""


@dataclass(frozen=True, slots=True)
class Step:
    """A changed line and what the vendor says about it."""

    line: Line
    news: tuple[Callable[[float], News], ...]


def advance(line: Line, to: str, used: int | None, now: float) -> tuple[Line, list[News]]:
    """Bring a line to `to`, by way of everything that comes before. Its news are a second apart, the last one now.

    Raises ImpossibleError when there is no way.
    """
    if to not in TARGETS:
        raise ImpossibleError(f"to must be one of {', '.join(TARGETS)}")
    told: list[Callable[[float], News]] = []
    for move in TARGETS[to]:
        step = move(line, used, now)
        line = step.line
        told += step.news
    return line, [tell(now - later) for later, tell in zip(range(len(told) - 1, -1, -1), told, strict=True)]


def _downloaded(line: Line, used: int | None, now: float) -> Step:
    del used, now
    _must_live(line)
    if line.smdp_status != "RELEASED":
        return Step(line, ())
    return _on_phone(replace(line, eid=ids.eid(line.id)), "DOWNLOAD")


def _installed(line: Line, used: int | None, now: float) -> Step:
    del used
    _must_live(line)
    if line.smdp_status != "DOWNLOAD":
        return Step(line, ())
    return _on_phone(_started(line, AT_INSTALL, now), "INSTALLATION")


def _enabled(line: Line, used: int | None, now: float) -> Step:
    del used, now
    _must_live(line)
    return Step(line, ()) if line.smdp_status == "ENABLED" else _on_phone(line, "ENABLED")


def _disabled(line: Line, used: int | None, now: float) -> Step:
    del used, now
    return Step(line, ()) if line.smdp_status == "DISABLED" else _on_phone(line, "DISABLED")


def _in_use(line: Line, used: int | None, now: float) -> Step:
    del used
    if line.esim_status != "GOT_RESOURCE":
        return Step(line, ())
    running = replace(_started(line, AT_FIRST_NETWORK, now), esim_status="IN_USE")
    return Step(running, (lambda at: status_news(running, at),))


def _used(line: Line, used: int | None, now: float) -> Step:
    if used is None or used < line.used:
        raise ImpossibleError(f"bytes must be the new total used, not less than {line.used}")
    if used >= line.total_volume:
        return _depleted(line, used, now)
    return _spent(replace(line, used=used, used_at=now), line.used, ())


def _depleted(line: Line, used: int | None, now: float) -> Step:
    del used
    if line.esim_status == "USED_UP":
        return Step(line, ())
    empty = replace(line, used=line.total_volume, used_at=now, esim_status="USED_UP")
    return _spent(empty, line.used, (lambda at: status_news(empty, at, volumes=True),))


def _spent(line: Line, before: int, after: tuple[Callable[[float], News], ...]) -> Step:
    crossed = [
        part
        for part in THRESHOLDS
        if line.total_volume - line.used <= part * line.total_volume < line.total_volume - before
    ]
    usage = tuple(_usage_teller(line, part) for part in crossed)
    return Step(line, usage + after)


def _usage_teller(line: Line, part: float) -> Callable[[float], News]:
    return lambda at: usage_news(line, part, at)


def _expiring(line: Line, used: int | None, now: float) -> Step:
    del used
    _must_live(line)
    ending = replace(line, expires_at=min(line.expires_at, now + DAY), warned=1)
    return Step(ending, (lambda at: validity_news(ending, at),))


def _expired(line: Line, used: int | None, now: float) -> Step:
    del used
    if line.esim_status not in (*LIVING, "SUSPENDED"):
        raise ImpossibleError(f"the line is {line.esim_status}")
    status = "UNUSED_EXPIRED" if line.activated_at is None else "USED_EXPIRED"
    over = replace(line, expires_at=min(line.expires_at, now), esim_status=status)
    return Step(over, (lambda at: status_news(over, at),))


def _deleted(line: Line, used: int | None, now: float) -> Step:
    del used, now
    if line.smdp_status not in ON_PHONE:
        raise ImpossibleError(f"there is no profile on a phone to delete: {line.smdp_status}")
    return _on_phone(line, "DELETED")


def _on_phone(line: Line, smdp_status: str) -> Step:
    if smdp_status not in ("DOWNLOAD", "DELETED") and line.smdp_status not in ON_PHONE:
        raise ImpossibleError(f"the profile is {line.smdp_status}")
    changed = replace(line, smdp_status=smdp_status, sequence=line.sequence + 1)
    return Step(changed, (lambda at: smdp_news(changed, at),))


def _started(line: Line, trigger: int, now: float) -> Line:
    """The clock of the plan starts here, if this is what starts it and it does not run yet."""
    if line.activated_at is not None or line.active_type > trigger:
        return line
    return replace(line, activated_at=now, expires_at=now + line.total_duration * DAY)


def _must_live(line: Line) -> None:
    if line.esim_status not in LIVING:
        raise ImpossibleError(f"the line is {line.esim_status}")


def usage_news(line: Line, part: float, at: float) -> News:
    """DATA_USAGE: `remain` is bytes here."""
    content = {
        **keys(line),
        "totalVolume": line.total_volume,
        "orderUsage": line.used,
        "remain": line.total_volume - line.used,
        "remainThreshold": part,
        "lastUpdateTime": event_time(line.used_at),
    }
    return News("DATA_USAGE", content, at)


def validity_news(line: Line, at: float) -> News:
    """VALIDITY_USAGE: `remain` is days here."""
    content = {
        **keys(line),
        "durationUnit": "DAY",
        "totalDuration": line.total_duration,
        "expiredTime": api_time(line.expires_at),
        "remain": max(0, ceil((line.expires_at - at) / DAY)),
    }
    return News("VALIDITY_USAGE", content, at)


Move = Callable[[Line, int | None, float], Step]
ENABLE: tuple[Move, ...] = (_downloaded, _installed, _enabled)
USE: tuple[Move, ...] = (*ENABLE, _in_use)
TARGETS: dict[str, tuple[Move, ...]] = {
    "downloaded": (_downloaded,),
    "installed": (_downloaded, _installed),
    "enabled": ENABLE,
    "disabled": (*ENABLE, _disabled),
    "in_use": USE,
    "used": (*USE, _used),
    "depleted": (*USE, _depleted),
    "expiring": (_expiring,),
    "expired": (_expired,),
    "deleted": (_deleted,),
}
