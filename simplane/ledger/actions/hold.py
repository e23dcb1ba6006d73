"""Holds: money set aside, then captured or released in parts. The remaining amount decides who wins a race."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from simplane.core import clock
from simplane.core.db import needs_transaction, transaction
from simplane.ledger.actions.post import Fact, post
from simplane.ledger.chart import Kind
from simplane.ledger.errors import BadPosting, HoldOver, KeyReused
from simplane.ledger.models import Hold, Ledger, Wallet
from simplane.ledger.values import AccountRef, Posted, Posting


@needs_transaction
def hold(wallet: Wallet, minor: int, *, key: str, subject: str = "", expires_at: datetime | None = None) -> Hold:
    """Set money of a wallet aside. The same key again answers the same hold. Raises InsufficientFunds, KeyReused."""
    ref, held = _sides(wallet)
    fact = Fact(kind="hold", key=f"hold:{key}", subject=subject, ledger=_ledger(wallet))
    if post(fact, [Posting(ref, held, minor)]).fresh:
        return Hold.objects.create(
            wallet=wallet,
            key=key,
            amount_minor=minor,
            remaining_minor=minor,
            subject=subject,
            created_at=clock.now(),
            expires_at=expires_at,
        )
    known = Hold.objects.get(key=key)
    if known.wallet_id != wallet.pk:
        raise KeyReused(f"{key} is a hold of another wallet")
    return known


@needs_transaction
def capture(
    key: str, minor: int, targets: Sequence[tuple[AccountRef, int]], *, part: str, also: Sequence[Posting] = ()
) -> Posted:
    """Spend a part of a hold into `targets` (their amounts sum to `minor`); `also` is posted with it.

    `part` names the part; the same part again answers the first posting. Raises HoldOver when so much does not remain.
    """
    if sum(amount for _, amount in targets) != minor:
        raise BadPosting("what is captured and where it goes differ")
    row = Hold.objects.select_for_update(of=("self",)).select_related("wallet__account").get(key=key)
    _, held = _sides(row.wallet)
    fact = Fact(kind="sale", key=part_key(key, part), subject=row.subject, ledger=_ledger(row.wallet))
    done = post(fact, [*(Posting(held, target, amount) for target, amount in targets), *also])
    if done.fresh:
        _take(row, minor, captured=minor)
    return done


@needs_transaction
def release(key: str, minor: int, *, part: str, reason: str = "", kind: str = "release") -> Posted:
    """Give a part of a hold back to its wallet. As `capture`, the same part again answers the first posting."""
    row = _locked(key)
    ref, held = _sides(row.wallet)
    fact = Fact(kind=kind, key=part_key(key, part), subject=row.subject, reason=reason, ledger=_ledger(row.wallet))
    done = post(fact, [Posting(held, ref, minor)])
    if done.fresh:
        _take(row, minor, captured=0)
    return done


def part_key(key: str, part: str) -> str:
    """Under which the ledger knows a part of a hold."""
    return f"{key}:{part}"


def expire_holds(*, most: int = 500) -> int:
    """Release what is left of holds whose time is over; returns how many."""
    now = clock.now()
    over = Hold.objects.filter(state=Hold.State.OPEN, expires_at__lte=now).order_by("expires_at")
    count = 0
    for key in over.values_list("key", flat=True)[:most]:
        with transaction():
            row = _locked(key)
            if row.state != Hold.State.OPEN:
                continue
            left = row.remaining_minor
            release(key, left, part="expired", reason="not used in time", kind="expiry")
            Hold.objects.filter(pk=row.pk).update(state=Hold.State.EXPIRED)
            count += 1
    return count


def _locked(key: str) -> Hold:
    """The hold, its wallet locked first: everybody who moves a wallet's money takes the wallet before anything else."""
    wallet_id = Hold.objects.values_list("wallet_id", flat=True).get(key=key)
    Wallet.objects.select_for_update().get(pk=wallet_id)
    return Hold.objects.select_for_update(of=("self",)).select_related("wallet__account").get(key=key)


def _take(row: Hold, minor: int, *, captured: int) -> None:
    if row.state != Hold.State.OPEN or row.remaining_minor < minor:
        raise HoldOver(f"{row.remaining_minor} of hold {row.key} remain, {minor} wanted")
    row.remaining_minor -= minor
    row.captured_minor += captured
    row.state = Hold.State.OPEN if row.remaining_minor else Hold.State.SPENT
    row.save(update_fields=["remaining_minor", "captured_minor", "state"])


def _sides(wallet: Wallet) -> tuple[AccountRef, AccountRef]:
    owner, currency = wallet.organization_id, wallet.currency
    return AccountRef(Kind.WALLET, currency, owner), AccountRef(Kind.HELD, currency, owner)


def _ledger(wallet: Wallet) -> Ledger:
    return Ledger(wallet.account.ledger)
