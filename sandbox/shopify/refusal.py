"""One exception for everything a merchant or an app may not do."""


class RefusedError(ValueError):
    """A user error in Shopify's sense: nothing was changed. `field` is the path into the input."""

    def __init__(self, message: str, *field: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = list(field) or None
        self.code = code

    def as_user_error(self) -> dict[str, object]:
        """The shape of every `userErrors` entry."""
        return {"field": self.field, "message": self.message, "code": self.code}
