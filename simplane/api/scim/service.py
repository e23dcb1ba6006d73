"""scim2-server's protocol, with our errors and a quicker list."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from scim2_models import Context, InvalidSyntaxException, ResourceType, SCIMException, SearchRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService
from scim2_server.storage import SearchPage

from simplane.api.scim.provider import PROVIDER

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


class Busy(SCIMException):
    """Too many requests; `seconds` until one more is taken."""

    status = 429
    _default_detail = "too many requests: come back after Retry-After seconds"

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class TooLarge(SCIMException):
    """The body is larger than we take."""

    status = 413


class BadText(InvalidSyntaxException):
    """The body can not be read."""


class Service(ScimService):
    """Lists are put together as they were dumped: the library would read and write each resource once more."""

    def search_response(
        self,
        base_url: str,
        resource_types: list[ResourceType],  # noqa: ARG002  the library's signature
        page: SearchPage,
        search_request: SearchRequest[Any],
    ) -> ScimResponse:
        """RFC 7644 section 3.4.2, paged by index."""
        found = [
            self.publish(base_url, one).model_dump(
                scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=search_request
            )
            for one in page.resources
        ]
        body = {
            "schemas": [LIST],
            "totalResults": page.total,
            "startIndex": search_request.start_index,
            "itemsPerPage": len(found),
            "Resources": found,
        }
        return ScimResponse(HTTPStatus.OK, body)


SERVICE = Service(PROVIDER)
