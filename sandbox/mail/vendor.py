"""The mail catcher put together."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk, Operation, Vendor
from sandbox.mail.api import Api
from sandbox.mail.mailbox import SCHEMA, Mailbox
from sandbox.mail.page import Page
from sandbox.mail.smtp import FAULT_KINDS


class Mail(Vendor):
    """No vendor calls over HTTP: mails come in by SMTP, everything else is for people and tests."""

    schema = SCHEMA
    settings = {"smtputf8": True}

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.mailbox = Mailbox(desk.books, desk.clock)
        desk.faults.kinds = FAULT_KINDS

    def operations(self) -> Sequence[Operation]:
        """None."""
        return ()

    def control_routes(self) -> Sequence[BaseRoute]:
        """The JSON API and the pages."""
        return [*Api(self.mailbox).routes(), *Page(self.mailbox).routes()]

    def report(self, *, summary: bool) -> JsonObject:
        """What was taken."""
        del summary
        return {**super().report(summary=True), **self.mailbox.summary()}
