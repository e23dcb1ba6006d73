"""The setup file as typed values (docs/setup-file.md). Reading it touches no database; every fault is named with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from simplane.core import money
from simplane.core.errors import BadInput, BadMoney
from simplane.core.money import Money

UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?(MB|GB|TB)")


class BadSetup(BadInput):
    """The setup file can not be used; nothing was changed. `problems` has one line a fault: `products[3].days: ...`."""

    code = "bad_setup"

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems), fix="correct the file and load it again")


def _data(value: object) -> int | None:
    if value == "unlimited":
        return None
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('write "5 GB", "500 MB" or "unlimited"')
    return int(Decimal(found[1]) * UNITS[found[2]])


def _rate(value: object) -> Decimal:
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,10}(\.\d{1,10})?", value):
        raise ValueError('write a decimal number in quotes, such as "0.92"')
    return Decimal(value)


def _sum(value: object) -> Money:
    amount, _, currency = value.rpartition(" ") if isinstance(value, str) else ("", "", "")
    try:
        return money.parse(amount, currency)
    except BadMoney as error:
        raise ValueError(f'{error.message}; write "200.00 USD"') from None


def _country(value: str) -> str:
    return value.strip().upper()


def _address(value: str) -> str:
    if not re.match(r"https?://[^/\s]+", value):
        raise ValueError("write a whole address beginning with https://")
    return value.rstrip("/")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


@dataclass(frozen=True, slots=True)
class EnvReference:
    """A secret that stands in an environment variable, not in the file."""

    name: str


def _credential(value: object) -> object:
    match value:
        case str():
            return value
        case list() if all(isinstance(one, str) for one in value):
            return value
        case {"env": str(name), **rest} if not rest and name.isidentifier():
            return EnvReference(name)
    raise ValueError('write text, a list of texts, or {"env": "NAME_OF_A_VARIABLE"}')


Credentials = dict[str, Annotated[Any, BeforeValidator(_credential)]]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Address = Annotated[str, Field(max_length=200), AfterValidator(_address)]


class ProductEntry(_Entry):
    """A promise and its list prices, as decimal text by currency."""

    sku: str
    name: str
    countries: Annotated[list[Annotated[str, AfterValidator(_country)]], Field(min_length=1)]
    data: Annotated[int | None, BeforeValidator(_data)]
    days: Annotated[int, Field(gt=0)]
    daily: bool = False
    clock_start: Literal["install", "first_use", "purchase"] = "first_use"
    top_up: bool = False
    hotspot: bool = False
    voice_minutes: int = 0
    sms_count: int = 0
    carrier: str = ""
    min_margin_minor: int = 0
    active: bool | None = None
    prices: dict[str, str] = {}


class SupplierEntry(_Entry):
    """One account at a supplier."""

    code: Slug
    vendor: str
    name: Annotated[str, Field(min_length=1, max_length=80)]
    base_url: Address
    credentials: Credentials
    options: dict[str, Any] = {}
    upstream_group: Slug
    float_low: Annotated[Money | None, BeforeValidator(_sum)] = None
    handling_minor: Annotated[int, Field(ge=0)] = 0
    active: bool | None = None
    stand_in: bool = False


class SkuEntry(_Entry):
    """What a SKU, or a variant without SKU, of a shop means. `product: null`: known, and not ours."""

    sku: Annotated[str, Field(max_length=200)] = ""
    variant: Annotated[str, Field(max_length=80)] = ""
    product: str | None

    @model_validator(mode="after")
    def _one_name(self) -> SkuEntry:
        if bool(self.sku) == bool(self.variant):
            raise ValueError("name either sku or variant")
        return self


class ShopEntry(_Entry):
    """One shop and its SKUs."""

    key: Slug
    channel: Literal["shopify"]
    domain: Annotated[str, Field(min_length=1, max_length=120)]
    api_url: Address
    name: Annotated[str, Field(min_length=1, max_length=80)]
    credentials: Credentials
    settings: dict[str, Any] = {}
    stand_in: bool = False
    skus: list[SkuEntry] = []


class PaymentEntry(_Entry):
    """One account at Stripe in one mode."""

    key: Slug
    mode: Literal["live", "test"]
    name: Annotated[str, Field(min_length=1, max_length=80)]
    api_url: Address | None = None
    credentials: Credentials
    active: bool = True
    stand_in: bool = False


class MatchEntry(_Entry):
    """An offer that may serve a product; the author of the file approves it."""

    sku: str
    supplier: str
    code: str


class RuleEntry(_Entry):
    """A routing rule. `offer` is a supplier's code and needs `supplier`."""

    kind: Literal["exclude", "pin", "prefer"]
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    sku: str | None = None
    supplier: str | None = None
    offer: str | None = None
    amount_minor: int = 0

    @model_validator(mode="after")
    def _offer_of_somebody(self) -> RuleEntry:
        if self.offer is not None and self.supplier is None:
            raise ValueError("an offer needs its supplier")
        return self


class OperatorEntry(_Entry):
    """Who runs this platform."""

    name: Annotated[str, Field(min_length=1, max_length=120)]


class SetupFile(_Entry):
    """The whole file. Every part may be left out."""

    about: str = ""
    operator: OperatorEntry | None = None
    rates: dict[Annotated[str, Field(pattern=r"^[A-Z]{3}/[A-Z]{3}$")], Annotated[Decimal, BeforeValidator(_rate)]] = {}
    products: list[ProductEntry] = []
    suppliers: list[SupplierEntry] = []
    shops: list[ShopEntry] = []
    payments: list[PaymentEntry] = []
    matches: list[MatchEntry] = []
    rules: list[RuleEntry] = []


def read(setup: Mapping[str, Any]) -> SetupFile:
    """Decoded JSON as typed values. Raises BadSetup with every fault that shows without looking at the database."""
    try:
        found = SetupFile.model_validate(setup)
    except ValidationError as error:
        raise BadSetup(dict.fromkeys(_line(one["loc"], one["msg"]) for one in error.errors())) from None
    problems = [*_twice("products", "sku", found.products), *_twice("suppliers", "code", found.suppliers)]
    problems += [*_twice("shops", "key", found.shops), *_twice("payments", "key", found.payments)]
    if problems:
        raise BadSetup(problems)
    return found


def _line(place: tuple[int | str, ...], message: str) -> str:
    return f"{path(*place)}: {message.removeprefix('Value error, ')}"


def path(*place: int | str) -> str:
    """`("products", 3, "days")` as people write it: `products[3].days`."""
    steps = [one for one in place if one != "[key]"]
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in steps).lstrip(".") or "the file"


def _twice(part: str, name: str, entries: Iterable[_Entry]) -> Iterator[str]:
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        key = getattr(entry, name)
        if key in seen:
            yield f"{path(part, number, name)}: {key!r} stands there twice"
        seen.add(key)
