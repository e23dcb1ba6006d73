"""What stands in requests and answers of every resource."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from ninja import Schema
from pydantic import ConfigDict, Field, PlainSerializer, WithJsonSchema

T = TypeVar("T")
CLEAN = r"^[^\x00-\x1f\x7f]+$"


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: every time in the API."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


Moment = Annotated[
    datetime, PlainSerializer(stamp, return_type=str), WithJsonSchema({"type": "string", "format": "date-time"})
]
Text = Annotated[str, Field(min_length=1, max_length=80, pattern=CLEAN)]
PublicId = Annotated[str, Field(min_length=1, max_length=40, pattern="^[a-zA-Z0-9_-]+$")]
Minor = Annotated[int, Field(description="Minor units of the currency: 1900 EUR is 19.00, 1900 JPY is 1,900.")]
Currency = Annotated[str, Field(description="ISO 4217.", pattern="^[A-Z]{3}$")]


class Wanted(Schema):
    """Base of request bodies: unknown fields are refused, and nothing is guessed (`"5"` is no number)."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Page(Schema, Generic[T]):
    """A page of a list, newest first unless said otherwise."""

    object: str = Field("list", json_schema_extra={"const": "list"})
    data: list[T]
    has_more: bool
    next_cursor: str | None = Field(None, description="Send it as `cursor` for the next page; null on the last one.")


def examples(*shown: dict[str, Any]) -> ConfigDict:
    """A schema's configuration with whole examples for the document."""
    return ConfigDict(json_schema_extra={"examples": list(shown)})
