"""Refusals of webhooks."""

from __future__ import annotations

from simplane.core.errors import BadInput, NotFound, Refusal


class NoSuchEndpoint(NotFound):
    """There is no such webhook endpoint."""


class NoSuchDelivery(NotFound):
    """There is no such webhook delivery."""


class BadEndpoint(BadInput):
    """This endpoint can not be made as asked."""

    code = "bad_endpoint"


class TooManyEndpoints(Refusal):
    """The account has as many endpoints as it may have."""

    code = "too_many_endpoints"
    status = 409


class EndpointDisabled(Refusal):
    """The endpoint is disabled, so nothing is sent to it."""

    code = "endpoint_disabled"
    status = 409
