"""`simplane audit verify`: is every company's audit log what was once written?"""

from __future__ import annotations

import argparse
import json
import re
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from simplane.core.seals import Verdict


def main(argv: list[str]) -> int:
    """Exit code 0 when intact, 1 when not or when there is no such organization, 2 for a wrong word."""
    parser = argparse.ArgumentParser(prog="simplane audit", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verify = verbs.add_parser("verify", help="walk the chains of all organizations, or of one")
    verify.add_argument("--organization", metavar="SLUG")
    verify.add_argument(
        "--known", type=_known, metavar="NUMBER:SEAL", help="a seal that was noted earlier; needs --organization"
    )
    verify.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args(argv)
    if options.known and not options.organization:
        parser.error("--known is about one chain: name its --organization")
    django.setup()
    return _verify(options)


def _known(text: str) -> tuple[int, str]:
    found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text)
    if found is None:
        raise argparse.ArgumentTypeError("a number, a colon and 64 hexadecimal digits, as this command prints them")
    return int(found[1]), found[2]


def _verify(options: argparse.Namespace) -> int:
    from simplane.core import seals
    from simplane.organizations.models import Organization

    names = dict(Organization.objects.values_list("pk", "slug"))
    asked = {slug: pk for pk, slug in names.items()}.get(options.organization)
    if options.organization and asked is None:
        print(f"audit verify: there is no organization {options.organization}")
        return 1
    seals.seal_new()
    verdict = seals.verify(asked)
    problems = [f"{names.get(one.organization_id, one.organization_id)}: {one.words}" for one in verdict.problems]
    if asked is not None and options.known and not seals.known(asked, *options.known):
        problems.append(f"{options.organization}: seal {options.known[0]} is gone or not the one that was noted")
    _tell(verdict, problems, names, as_json=options.json)
    return 1 if problems else 0


def _tell(verdict: Verdict, problems: list[str], names: dict[int, str], *, as_json: bool) -> None:
    state = "damaged" if problems else "intact"
    heads = {str(names.get(one.organization_id, one.organization_id)): one for one in verdict.heads}
    if as_json:
        noted = {slug: f"{one.number}:{one.hash}" for slug, one in heads.items()}
        print(json.dumps({"state": state, "entries": verdict.entries, "problems": problems, "heads": noted}))
        return
    print(f"{state}: {verdict.entries} sealed entries of {len(heads)} organizations", *problems, sep="\n")
    for slug, one in heads.items():
        print(f"  {slug} {one.number}:{one.hash}")
