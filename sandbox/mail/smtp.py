"""The SMTP side: takes mails, and refuses, delays or loses them on demand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from sandbox.kit.desk import Desk
from sandbox.kit.faults import FaultRule
from sandbox.mail.mailbox import Mailbox

TAKEN = "250 2.0.0 OK: kept as {}"
SIZE_LIMIT = 26_214_400
SLOW_SECONDS = 3.0
END_OF_DATA = b"\r\n.\r\n"

# What an address says about itself: the part before @ or +.
BOUNCE = "550 5.1.1 No such mailbox here"
GREYLIST = "450 4.7.1 Greylisted, try again later"
LATER = "450 4.2.0 Mailbox busy, try again later"
SPAM = "550 5.7.1 Content refused"
RCPT_MAGIC = {"bounce": BOUNCE, "later": LATER}
FAULT_KINDS = ("drop_before", "drop_after", "status_before", "status_after", "delay")


class LostConnectionError(asyncio.CancelledError):
    """Ends the session without a further word."""


class Post:
    """Hooks of aiosmtpd. Rules of the operations `rcpt` (match: the address) and `data` (match: the mail) strike."""

    def __init__(self, desk: Desk, mailbox: Mailbox) -> None:
        self._desk = desk
        self._mailbox = mailbox

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks hooks up by this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept or refuse one address."""
        del session, options
        rule = self._desk.faults.take("rcpt", address.encode(errors="replace"), magic=False)
        if rule and rule.kind == "delay":
            await asyncio.sleep(rule.seconds)
        refusal = _by_rule(server, rule) if rule else self._by_address(address)
        if refusal:
            self._mailbox.refuse("rcpt", address, refusal)
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - see above
        """Keep the mail, unless it is to be refused or lost."""
        del session
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        names = {_name(address) for address in envelope.rcpt_tos}
        rule = self._desk.faults.take("data", raw, magic=False)
        refusal = _by_rule(server, rule) if rule else SPAM if "spam" in names else None
        if refusal and not (rule and rule.kind == "status_after"):
            self._mailbox.refuse("data", ", ".join(envelope.rcpt_tos), refusal)
            return refusal
        number = self._mailbox.add(envelope.mail_from or "", envelope.rcpt_tos, raw)
        # The wait comes after the work: a sender that gives up early has delivered all the same.
        if "slow" in names or (rule and rule.kind == "delay"):
            await asyncio.sleep(rule.seconds if rule else SLOW_SECONDS)
        if "lost" in names or (rule and rule.kind == "drop_after"):
            _hang_up(server)
        return refusal or TAKEN.format(number)

    def _by_address(self, address: str) -> str | None:
        name = _name(address)
        if name == "greylist":
            return GREYLIST if self._mailbox.greylisted(address.lower()) else None
        return RCPT_MAGIC.get(name)


class BulkSMTP(SMTP):
    """aiosmtpd, but the content is read in one piece: half the processor time per mail of 30 kB, measured."""

    line_length_limit = SIZE_LIMIT

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd looks commands up by this name
        """RFC 5321 section 4.1.1.4."""
        if await self.check_helo_needed():
            return
        envelope = self.envelope
        assert envelope is not None, "made when the connection came"
        if arg or not envelope.rcpt_tos:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 Error: need RCPT command")
            return
        # The client sends nothing before it has seen 354, so this is in front of its content: then the lone dot of an
        # empty mail ends with the same five bytes as every other.
        self._reader.feed_data(b"\r\n")
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await self._read_content()
        if content is None:
            await self.push("552 5.3.4 Error: too much mail data")
        else:
            envelope.content = envelope.original_content = content
            await self.push(await self.event_handler.handle_DATA(self, self.session, envelope))
        self.envelope = self._create_envelope()

    async def _read_content(self) -> bytes | None:
        """Everything up to the lone dot, without the dots put before lines (section 4.5.2); None when it is too much."""
        complete = True
        while True:
            try:
                block: bytes = await self._reader.readuntil(END_OF_DATA)
            except asyncio.LimitOverrunError as overrun:
                complete = False
                await self._reader.read(overrun.consumed)
            else:
                return block[:-3].replace(b"\r\n.", b"\r\n")[2:] if complete else None


@asynccontextmanager
async def smtp_server(desk: Desk, mailbox: Mailbox, host: str, port: int) -> AsyncIterator[None]:
    """Listen as long as the context lasts."""
    loop = asyncio.get_running_loop()
    post = Post(desk, mailbox)

    def session() -> Any:
        return BulkSMTP(
            post,
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=bool(desk.settings["smtputf8"]),
            hostname="mail.sandbox.example",
            ident="ESMTP sandbox",
            loop=loop,
        )

    server = await loop.create_server(session, host, port, backlog=1024)
    try:
        yield
    finally:
        server.close()


def _by_rule(server: SMTP, rule: FaultRule) -> str | None:
    """The refusal a rule asks for; None lets the mail in."""
    if rule.kind == "drop_before":
        _hang_up(server)
    if rule.kind not in ("status_before", "status_after"):
        return None
    status = rule.status if rule.status != 500 else 550
    return f"{status} {status // 100}.0.0 Refused by a rule"


def _hang_up(server: SMTP) -> None:
    transport = server.transport
    if isinstance(transport, asyncio.Transport):
        transport.abort()
    raise LostConnectionError


def _name(address: str) -> str:
    return address.partition("@")[0].partition("+")[0].lower()
