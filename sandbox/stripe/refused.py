"""One exception for everything Stripe refuses, and its error body."""

from sandbox.kit.books import JsonObject

ERROR_CODES_PAGE = "https://docs.stripe.com/error-codes#"


class Refused(Exception):
    """An error answer. With `keeps` what was written before it stays (a declined charge), else nothing was changed.

    `extra` are more fields of the error: `decline_code`, `charge`, `payment_intent`, ...
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        keeps: bool = False,
        **extra: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.keeps = keeps
        doc_url = ERROR_CODES_PAGE + code.replace("_", "-") if code else None
        fields = {"code": code, "doc_url": doc_url, "message": message, "param": param, "type": kind, **extra}
        self.error: JsonObject = {key: value for key, value in fields.items() if value is not None}

    @property
    def body(self) -> JsonObject:
        """The JSON answered."""
        return {"error": self.error}


def missing(label: str, number: str, param: str, *, in_path: bool = False) -> Refused:
    """No such object: 404 when the address names it, 400 when a parameter does."""
    return Refused(f"No such {label}: '{number}'", status=404 if in_path else 400, code="resource_missing", param=param)
