"""The people and groups of one company, as scim2-server reads and writes them. Everything runs inside its scope."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from django.db.models import QuerySet
from scim2_models import (
    InvalidValueException,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
    TooManyException,
    UniquenessException,
)
from scim2_server.storage import ScimStorage, SearchPage

from simplane.api.scim.filters import narrowed
from simplane.api.scim.store_groups import Groups
from simplane.api.scim.store_people import People
from simplane.core.errors import NotFound, Refusal
from simplane.workforce.errors import Changed, Taken

MOST_DECIDED = 5_000
"""Resources that one search looks at beyond what SQL can say: about two seconds of work."""


class Kind(Protocol):
    """How one kind of resource is stored."""

    model: Any

    def rows(self) -> QuerySet[Any]: ...
    def built(self, rows: list[Any], *, without: frozenset[str] = frozenset()) -> list[Any]: ...
    def create(self, resource: Any) -> str: ...
    def update(self, resource: Any, version: int | None) -> None: ...
    def delete(self, public_id: str, version: int | None) -> None: ...


KINDS: dict[str, Kind] = {"User": People(), "Group": Groups()}


class CompanyStorage(ScimStorage):
    """Versions are counted, so a change that another one overtook is refused and nothing needs to be locked meanwhile."""

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        """One resource. Raises NotFoundException."""
        kind = _kind(resource_type)
        rows = list(kind.rows().filter(public_id=resource_id))
        if not rows:
            raise NotFoundException(detail=f"{resource_type.name} {resource_id!r} not found")
        found: Resource[Any] = kind.built(rows, without=_left_out(response_parameters))[0]
        return found

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,  # noqa: ARG002  of cursors, which are not announced
    ) -> SearchPage:
        """A page by SQL when the filter can be said in SQL; else all that come in question are looked at.

        Raises TooManyException when those are too many.
        """
        kinds = [_kind(one) for one in resource_types]
        start = search_request.start_index_0 or 0
        stop = None if search_request.count is None else start + search_request.count
        if len(kinds) == 1 and search_request.sort_by is None:
            condition = narrowed(search_request.filter, kinds[0].model)
            if condition.exact:
                rows = kinds[0].rows().filter(condition.rows)
                found = kinds[0].built(list(rows[start:stop]), without=_left_out(search_request))
                return SearchPage(rows.count(), found)
        decided = search_request.sort(_decided(kinds, search_request))
        return SearchPage(len(decided), decided[start:stop])

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Raises UniquenessException, InvalidValueException."""
        with _told():
            made = _kind(resource_type).create(resource)
        return self.get(resource_type, made)

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Raises NotFoundException, PreconditionFailedException, UniquenessException, InvalidValueException."""
        with _told():
            _kind(resource_type).update(resource, _number(expected_version))
        return self.get(resource_type, str(resource.id))

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        """Raises NotFoundException, PreconditionFailedException."""
        with _told():
            _kind(resource_type).delete(resource_id, _number(expected_version))


def _kind(resource_type: ResourceType) -> Kind:
    return KINDS[str(resource_type.name)]


def _decided(kinds: list[Kind], request: SearchRequest[Any]) -> list[Any]:
    found: list[Any] = []
    for kind in kinds:
        rows = kind.rows().filter(narrowed(request.filter, kind.model).rows)
        found += list(rows[: MOST_DECIDED + 1 - len(found)])
        if len(found) > MOST_DECIDED:
            raise TooManyException(detail=f"more than {MOST_DECIDED} resources: filter by userName, externalId or id")
    built = [one for kind in kinds for one in kind.built([row for row in found if kind.rows().model is type(row)])]
    return [one for one in built if request.filter is None or request.filter.match(one)]


def _left_out(parameters: ResponseParameters[Any] | None) -> frozenset[str]:
    """What the answer will not say and need not be loaded."""
    return frozenset(str(path) for path in (parameters.excluded_attributes or [])) if parameters else frozenset()


def _number(version: str | None) -> int | None:
    """Of `W/"7"`; something else was never a version of ours."""
    if version is None:
        return None
    digits = version.removeprefix("W/").strip('"')
    return int(digits) if digits.isascii() and digits.isdigit() else -1


@contextmanager
def _told() -> Iterator[None]:
    """Refusals as SCIM says them."""
    try:
        yield
    except NotFound as why:
        raise NotFoundException(detail=str(why)) from why
    except Changed as why:
        raise PreconditionFailedException(detail=str(why)) from why
    except Taken as why:
        raise UniquenessException(detail=str(why)) from why
    except Refusal as why:
        raise InvalidValueException(detail=str(why)) from why
