"""What happens to a line after it is sold: installed, attached, used, expired, deleted; with the callbacks for it."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.esimgo.bundles import DAY, LAPSE_SECONDS
from sandbox.esimgo.callbacks import Manner
from sandbox.esimgo.esims import deactivate
from sandbox.esimgo.formats import second_time
from sandbox.esimgo.office import Office
from sandbox.kit.books import Row

THRESHOLDS = (1, 50, 80, 100)
IDLE_DAYS = 180
GRACE_DAYS = 7
RETURN_DAYS = 4
DEVICE = {
    "imei": "353270000000000",
    "eid": "89049032005008882600050326403713",
    "tac": "35327000",
    "make": "Apple",
    "model": "iPhone 15",
}
EXAMPLE_SHARE = 4


class BadStepError(ValueError):
    """This line cannot go there; nothing was changed."""


class Lifecycle:
    """Moves one line on request, and all lines when the clock jumps."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._books = office.books
        self._steps: Mapping[str, Callable[[Row, Manner, Mapping[str, Any]], None]] = {
            "released": self._profile("Released"),
            "downloaded": self._profile("Downloaded"),
            "unavailable": self._profile("Unavailable"),
            "installed": self._install,
            "attached": self._attach,
            "first_use": self._first_use,
            "used": self._use,
            "depleted": self._deplete,
            "expired": self._expire,
            "policy_suspended": self._suspend_by_policy,
            "deletion_scheduled": self._schedule_deletion,
            "deleted": self._delete,
        }

    def advance(self, iccid: str, to: str, manner: Manner, fields: Mapping[str, Any]) -> None:
        """Bring a line to a state; steps it has skipped happen first, with their callbacks. Raises BadStepError."""
        step = self._steps.get(to)
        if step is None:
            raise BadStepError(f"to must be one of {', '.join(self._steps)}")
        step(self._line(iccid), manner, fields)

    def _line(self, iccid: str) -> Row:
        row = self._books.row("select * from esim where iccid = ?", (iccid,))
        if row is None:
            raise BadStepError(f"no eSIM {iccid}")
        if row["state"] == "deactivated":
            raise BadStepError(f"eSIM {iccid} is deactivated")
        return row

    def _profile(self, status: str) -> Callable[[Row, Manner, Mapping[str, Any]], None]:
        def step(line: Row, manner: Manner, fields: Mapping[str, Any]) -> None:
            del fields
            self._books.execute("update esim set profile_status = ? where iccid = ?", (status, line["iccid"]))
            self._tell_profile(line["iccid"], status, manner)

        return step

    def _tell_profile(self, iccid: str, status: str, manner: Manner) -> None:
        fields: dict[str, Any] = {"status": status, "date": second_time(self._office.clock.timestamp())}
        if status == "Installed":
            fields["device"] = DEVICE
        self._office.callbacks.line_alert("ProfileStatusChange", iccid, manner, **fields)

    def _install(self, line: Row, manner: Manner, fields: Mapping[str, Any]) -> None:
        del fields
        now = self._office.clock.timestamp()
        returned = line["returned_at"]
        if returned is not None and now < returned + RETURN_DAYS * DAY:
            raise BadStepError(f"a returned eSIM comes back only when installed {RETURN_DAYS} days later")
        self._books.execute(
            "update esim set profile_status = 'Installed', installed_ms = coalesce(installed_ms, ?), returned_at = null"
            " where iccid = ?",
            (int(now * 1000), line["iccid"]),
        )
        self._tell_profile(line["iccid"], "Installed", manner)

    def _attach(self, line: Row, manner: Manner, fields: Mapping[str, Any]) -> None:
        iccid, country = line["iccid"], str(fields.get("country") or "FR")
        if line["profile_status"] != "Installed":
            self._install(line, manner, fields)
        first = line["attached_at"] is None
        now = self._office.clock.timestamp()
        with self._books.transaction() as db:
            db.execute("update esim set attached_at = ?, country = ? where iccid = ?", (now, country, iccid))
            if first:
                self._office.note(iccid, "eSIM First Attachment")
        if first:
            self._office.callbacks.line_alert("FirstAttachment", iccid, manner)
        elif country != line["country"]:
            place = {"code": country, "name": country}
            self._office.callbacks.line_alert("CountryChange", iccid, manner, country=place)

    def _first_use(self, line: Row, manner: Manner, fields: Mapping[str, Any]) -> None:
        if line["attached_at"] is None:
            self._attach(line, manner, fields)
        self._running(line["iccid"], manner)

    def _running(self, iccid: str, manner: Manner) -> Row:
        """The bundle in use; starts the oldest queued one when there is none."""
        running = self._newest(iccid, "active")
        if running is not None:
            return running
        queued = self._books.row(
            "select * from assignment where iccid = ? and state = 'queued' order by id limit 1", (iccid,)
        )
        if queued is None:
            raise BadStepError(f"eSIM {iccid} has no bundle left to use")
        bundle = self._books.row("select days, description from bundle where name = ?", (queued["bundle"],))
        now = self._office.clock.timestamp()
        first = not self._books.number(
            "select count(*) from assignment where iccid = ? and start_at is not null", (iccid,)
        )
        with self._books.transaction() as db:
            db.execute(
                "update assignment set state = 'active', start_at = ?, end_at = ? where id = ?",
                (now, now + (bundle["days"] if bundle else 1) * DAY, queued["id"]),
            )
            if first:
                self._office.note(iccid, "eSIM First Use", queued["bundle"])
        started = self._newest(iccid, "active")
        assert started is not None
        if first:
            self._tell_bundle("FirstUse", started, manner)
        return started

    def _newest(self, iccid: str, state: str) -> Row | None:
        return self._books.row(
            "select * from assignment where iccid = ? and state = ? order by start_at desc limit 1", (iccid, state)
        )

    def _tell_bundle(self, kind: str, assignment: Row, manner: Manner) -> None:
        bundle = self._books.row("select description from bundle where name = ?", (assignment["bundle"],))
        description = str(bundle["description"]) if bundle else str(assignment["bundle"])
        self._office.callbacks.bundle_alert(kind, assignment, description, manner)

    def _use(self, line: Row, manner: Manner, fields: Mapping[str, Any]) -> None:
        wanted = fields.get("bytes")
        if wanted is not None and (isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 0):
            raise BadStepError("bytes must be an integer of 0 or more")
        self._first_use(line, manner, fields)
        running = self._running(line["iccid"], manner)
        self._consume(running, running["initial_bytes"] // EXAMPLE_SHARE if wanted is None else wanted, manner)

    def _deplete(self, line: Row, manner: Manner, fields: Mapping[str, Any]) -> None:
        self._first_use(line, manner, fields)
        running = self._running(line["iccid"], manner)
        self._consume(running, running["remaining_bytes"], manner)

    def _consume(self, running: Row, amount: int, manner: Manner) -> None:
        total = running["initial_bytes"]
        if total == 0:
            return
        before = total - running["remaining_bytes"]
        after = min(before + amount, total)
        for threshold in THRESHOLDS:
            mark = total * threshold // 100
            if before < mark <= after:
                self._set_remaining(running, total - (after if threshold == THRESHOLDS[-1] else mark))
                crossed = self._books.row("select * from assignment where id = ?", (running["id"],))
                assert crossed is not None
                self._note(running["iccid"], "eSIM Utilisation Alert", running["bundle"])
                self._tell_bundle("Utilisation", crossed, manner)
        self._set_remaining(running, total - after)

    def _note(self, iccid: str, action: str, bundle: str) -> None:
        with self._books.transaction():
            self._office.note(iccid, action, bundle)

    def _set_remaining(self, running: Row, remaining: int) -> None:
        state = "active" if remaining else "depleted"
        self._books.execute(
            "update assignment set remaining_bytes = ?, state = ? where id = ?", (remaining, state, running["id"])
        )

    def _expire(self, line: Row, manner: Manner, fields: Mapping[str, Any]) -> None:
        del manner, fields
        row = self._newest(line["iccid"], "active") or self._newest(line["iccid"], "depleted")
        if row is None:
            raise BadStepError(f"eSIM {line['iccid']} has no running bundle")
        now = self._office.clock.timestamp()
        with self._books.transaction() as db:
            db.execute("update assignment set state = 'expired', end_at = ? where id = ?", (now, row["id"]))
            self._office.note(line["iccid"], "Bundle Expired", row["bundle"])

    def _suspend_by_policy(self, line: Row, manner: Manner, fields: Mapping[str, Any]) -> None:
        del manner, fields
        self._books.execute(
            "update esim set state = 'suspended', policy_suspended = 1 where iccid = ?", (line["iccid"],)
        )

    def _schedule_deletion(self, line: Row, manner: Manner, fields: Mapping[str, Any]) -> None:
        del fields
        self._schedule(line["iccid"], self._office.clock.timestamp(), manner)

    def _schedule(self, iccid: str, moment: float, manner: Manner) -> None:
        self._books.execute("update esim set deletion_at = ? where iccid = ?", (moment + GRACE_DAYS * DAY, iccid))
        self._office.callbacks.line_event("esim.deletion_scheduled", iccid, moment, manner)

    def _delete(self, line: Row, manner: Manner, fields: Mapping[str, Any]) -> None:
        del fields
        self._remove(line["iccid"], self._office.clock.timestamp(), manner)

    def _remove(self, iccid: str, moment: float, manner: Manner) -> None:
        deactivate(self._office, iccid)
        self._office.callbacks.line_event("esim.deleted", iccid, moment, manner)

    def settle(self) -> None:
        """After a jump of the clock: expire, lapse, schedule and do the deletions that are due."""
        now = self._office.clock.timestamp()
        self._close_bundles("active', 'depleted", "expired", "Bundle Expired", "end_at", now)
        lapse = f"assigned_ns / 1e9 + {LAPSE_SECONDS}"
        self._close_bundles("queued", "lapsed", "Bundle Lapsed", lapse, now)
        for row in self._idle_lines(now):
            moment = row["idle_since"] + IDLE_DAYS * DAY
            self._schedule(row["iccid"], moment, Manner())
        due = "select iccid, deletion_at from esim where deletion_at <= ? and state <> 'deactivated'"
        for row in self._books.rows(due, (now,)):
            self._remove(row["iccid"], row["deletion_at"], Manner())

    def _close_bundles(self, states: str, state: str, action: str, due: str, now: float) -> None:
        rows = self._books.rows(
            f"select *, {due} as due from assignment where state in ('{states}') and {due} <= ?", (now,)
        )
        with self._books.transaction() as db:
            for row in rows:
                db.execute("update assignment set state = ? where id = ?", (state, row["id"]))
                at_ns = self._office.seconds_ns(row["due"])
                self._office.note(row["iccid"], action, row["bundle"], at_ns=at_ns)

    def _idle_lines(self, now: float) -> list[Row]:
        """eSIMs without an active bundle for 180 days: counted from the last assignment or the last bundle's end."""
        return self._books.rows(
            "select esim.iccid, max(max(assigned_ns / 1e9, coalesce(end_at, 0))) as idle_since from esim"
            " join assignment using (iccid) where esim.state <> 'deactivated' and deletion_at is null"
            " and returned_at is null group by esim.iccid having idle_since <= ?",
            (now - IDLE_DAYS * DAY,),
        )
