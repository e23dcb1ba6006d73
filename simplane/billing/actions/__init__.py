"""Verbs of billing."""

from simplane.billing.actions.check import check, check_all
from simplane.billing.actions.credit import credit
from simplane.billing.actions.draft import draft_all, draft_month
from simplane.billing.actions.dun import dun_all, mark_sent, remind
from simplane.billing.actions.lock import lock, lock_all
from simplane.billing.actions.month import carry_out, run_month
from simplane.billing.actions.move import confirm_move
from simplane.billing.actions.pay import Transfer, dispute, find_invoice, mark_paid, settle_dispute
from simplane.billing.actions.profile import Address, ProfileWanted, SellerWanted, save_profile, save_seller
from simplane.billing.actions.vat import check_due, check_vat

__all__ = [
    "Address",
    "ProfileWanted",
    "SellerWanted",
    "Transfer",
    "carry_out",
    "check",
    "check_all",
    "check_due",
    "check_vat",
    "confirm_move",
    "credit",
    "dispute",
    "draft_all",
    "draft_month",
    "dun_all",
    "find_invoice",
    "lock",
    "lock_all",
    "mark_paid",
    "mark_sent",
    "remind",
    "run_month",
    "save_profile",
    "save_seller",
    "settle_dispute",
]
