"""The mail catcher: takes mails by SMTP, shows them by API and page, refuses and loses them on demand."""

import base64
import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.policy import SMTPUTF8
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.standins import Standin, free_port, start

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
SENDER = "shop@example.com"
LOCATION = "LPA:1$rsp.example.com$ABC"

Json = dict[str, Any]


class Catcher:
    """The running stand-in, an HTTP client and a way to send."""

    def __init__(self, standin: Standin, smtp_port: int) -> None:
        self.standin = standin
        self.smtp_port = smtp_port
        self.http = httpx2.Client(base_url=standin.url, timeout=30, trust_env=False)

    @contextmanager
    def smtp(self) -> Iterator[smtplib.SMTP]:
        """A connection that says goodbye unless it was lost."""
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=20) as connection:
            yield connection

    def send(self, to: str, subject: str = "Your eSIM", message: EmailMessage | None = None) -> None:
        """One mail in one connection."""
        with self.smtp() as connection:
            connection.send_message(message or letter(to, subject), SENDER, [to])

    def messages(self, **query: str | int) -> list[Json]:
        """The list."""
        found: list[Json] = self.http.get("/api/messages", params=query).raise_for_status().json()["messages"]
        return found

    def summary(self) -> Json:
        """Totals."""
        totals: Json = self.http.get("/api/summary").json()
        return totals


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catcher]:
    folder: Path = tmp_path_factory.mktemp("mail")
    port = free_port()
    with start("mail", folder, "--smtp-port", str(port)) as standin:
        catcher = Catcher(standin, port)
        yield catcher
        catcher.http.close()


@pytest.fixture
def catcher(running: Catcher) -> Catcher:
    running.standin.control("reset", "POST", settings=True)
    return running


def letter(to: str, subject: str = "Your eSIM") -> EmailMessage:
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"], message["To"], message["Subject"] = f"Wander <{SENDER}>", to, subject
    message["Message-ID"] = f"<{subject.encode().hex()}.{to.partition('@')[0]}@example.com>"
    message.set_content(f"Hello Zoë,\n\n.one dot\n..two dots\n{LOCATION}\n")
    return message


def rich_letter(to: str) -> EmailMessage:
    message = letter(to, "Dein eSIM-Profil für Zoë 🚀")
    html = '<p>Scan <b>this</b>:</p><img src="cid:qr@simplane" alt="QR"><script>alert(1)</script>'
    message.add_alternative(html, subtype="html")
    html_part = message.get_payload()[1]  # type: ignore[index]
    assert isinstance(html_part, EmailMessage)
    html_part.add_related(PICTURE, "image", "png", cid="<qr@simplane>")
    message.add_attachment(PICTURE, maintype="image", subtype="png", filename="esim-qr.png")
    return message


# Taking and showing


def test_a_mail_is_listed_with_its_facts(catcher: Catcher) -> None:
    catcher.send("lena@example.com", "Dein eSIM-Profil für Zoë 🚀")
    [shown] = catcher.messages()
    assert (shown["from"], shown["to"]) == (SENDER, ["lena@example.com"])
    assert shown["subject"] == "Dein eSIM-Profil für Zoë 🚀"
    assert shown["message_id"].endswith(".lena@example.com>")
    raw = catcher.http.get(f"/api/messages/{shown['id']}/raw").content
    assert len(raw) == shown["size"]


def test_the_raw_mail_is_what_was_sent(catcher: Catcher) -> None:
    message = letter("lena@example.com")
    catcher.send("lena@example.com", message=message)
    [shown] = catcher.messages()
    assert catcher.http.get(f"/api/messages/{shown['id']}/raw").content == message.as_bytes()


@pytest.mark.parametrize("content", [b"", b".\r\n", b"..\r\n.x\r\n", b"A: b\r\n\r\n", b"\r\n", b"no line end"])
def test_dots_and_emptiness_come_through(catcher: Catcher, content: bytes) -> None:
    with catcher.smtp() as connection:
        connection.sendmail(SENDER, ["dots@example.com"], content)
    [shown] = catcher.messages()
    expected = content if content.endswith(b"\r\n") else content + b"\r\n"
    assert catcher.http.get(f"/api/messages/{shown['id']}/raw").content == expected


def test_parts_carry_text_pictures_and_files(catcher: Catcher) -> None:
    catcher.send("lena@example.com", message=rich_letter("lena@example.com"))
    [shown] = catcher.messages()
    mail = catcher.http.get(f"/api/messages/{shown['id']}").json()
    text, html, inline, attached = mail["parts"]
    assert LOCATION in text["text"]
    assert (html["content_type"], 'src="cid:qr@simplane"' in html["text"]) == ("text/html", True)
    assert (inline["cid"], inline["filename"], attached["cid"]) == ("qr@simplane", None, None)
    assert (attached["filename"], attached["disposition"]) == ("esim-qr.png", "attachment")
    assert base64.b64decode(inline["content"]) == base64.b64decode(attached["content"]) == PICTURE
    assert ["Subject", "Dein eSIM-Profil für Zoë 🚀"] in mail["headers"]


def test_mails_are_found_by_address_subject_and_id(catcher: Catcher) -> None:
    for number in range(5):
        catcher.send(f"buyer{number}@example.com", f"Order {number}")
    catcher.send("buyer1@example.com", "Reminder")
    assert [entry["subject"] for entry in catcher.messages(to="BUYER1@example.com")] == ["Order 1", "Reminder"]
    assert [entry["subject"] for entry in catcher.messages(subject="order 4")] == ["Order 4"]
    assert len(catcher.messages(to="buyer")) == 6
    everything = catcher.messages()
    assert [entry["subject"] for entry in catcher.messages(limit=2)] == ["Order 4", "Reminder"]
    after = everything[1]["id"]
    assert [entry["subject"] for entry in catcher.messages(since_id=after, limit=2)] == ["Order 2", "Order 3"]


def test_several_recipients_share_one_mail(catcher: Catcher) -> None:
    with catcher.smtp() as connection:
        connection.send_message(letter("a@example.com"), SENDER, ["a@example.com", "b@example.com"])
    assert [entry["to"] for entry in catcher.messages(to="b@example.com")] == [["a@example.com", "b@example.com"]]


def test_the_summary_counts_different_message_ids(catcher: Catcher) -> None:
    for to in ("a@example.com", "a@example.com", "b@example.com"):
        catcher.send(to)
    totals = catcher.summary()
    assert (totals["count"], totals["distinct_message_ids"], totals["recipients"]) == (3, 2, 2)
    assert catcher.standin.books(summary=True)["count"] == 3


def test_mails_can_be_thrown_away(catcher: Catcher) -> None:
    catcher.send("a@example.com")
    last = catcher.summary()["last_id"]
    assert catcher.http.delete("/api/messages").json() == {"deleted": 1}
    assert catcher.messages() == []
    catcher.send("a@example.com")
    assert catcher.summary()["last_id"] == last + 1


def test_wrong_questions_are_refused(catcher: Catcher) -> None:
    for query in ("limit=0", "limit=x", "since_id=-1", "limit=99999999"):
        assert catcher.http.get(f"/api/messages?{query}").status_code == 400
    assert catcher.http.get("/api/messages/9").status_code == 404
    assert catcher.http.get("/api/messages/9/raw").status_code == 404


def test_mails_survive_a_kill(catcher: Catcher) -> None:
    catcher.send("a@example.com")
    catcher.standin.kill()
    catcher.standin.restart()
    assert len(catcher.messages(to="a@example.com")) == 1


# Pages


def test_the_list_and_its_search(catcher: Catcher) -> None:
    catcher.send("lena@example.com", "<b>Bold</b>")
    catcher.send("hiro@example.com", "Quiet")
    page = catcher.http.get("/").text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
    assert "hiro@example.com" in page
    assert "lena@example.com" not in catcher.http.get("/?q=hiro@example.com").text
    assert "Quiet" not in catcher.http.get("/?q=bold").text
    assert catcher.http.get("/?q=nobody@example.com&page=2").status_code == 200


def test_one_mail_is_readable_and_harmless(catcher: Catcher) -> None:
    catcher.send("lena@example.com", message=rich_letter("lena@example.com"))
    number = catcher.messages()[0]["id"]
    page = catcher.http.get(f"/messages/{number}")
    assert LOCATION in page.text
    assert f'<iframe title="HTML of the mail" sandbox src="/messages/{number}/html">' in page.text
    html = catcher.http.get(f"/messages/{number}/html")
    assert f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}" in html.text
    assert "script-src" not in html.headers["content-security-policy"]
    assert html.headers["content-security-policy"].startswith("default-src 'none'")
    attached = catcher.http.get(f"/messages/{number}/parts/3")
    assert (attached.content, attached.headers["content-type"]) == (PICTURE, "image/png")
    assert "esim-qr.png" in attached.headers["content-disposition"]
    assert catcher.http.get(f"/messages/{number}/source").text.startswith("From: Wander")
    assert catcher.http.get("/messages/999999").status_code == 404
    assert catcher.http.get(f"/messages/{number}/parts/9").status_code == 404


# Refusing and losing


def refusal(catcher: Catcher, to: str) -> int:
    """The status with which a mail is refused, at RCPT or DATA."""
    with catcher.smtp() as connection:
        try:
            connection.send_message(letter(to), SENDER, [to])
        except smtplib.SMTPRecipientsRefused as refused:
            return refused.recipients[to][0]
        except smtplib.SMTPDataError as refused:
            return refused.smtp_code
    raise AssertionError("it was taken")


@pytest.mark.parametrize(
    ("to", "status"),
    [("bounce@example.com", 550), ("bounce+7@example.com", 550), ("later@example.com", 450), ("spam@example.com", 550)],
)
def test_magic_addresses_are_refused(catcher: Catcher, to: str, status: int) -> None:
    assert refusal(catcher, to) == status
    assert (catcher.messages(), catcher.summary()["refused"]) == ([], 1)


def test_greylisting_lets_the_second_try_in(catcher: Catcher) -> None:
    for _ in range(2):
        assert refusal(catcher, "greylist@example.com") == 450
        catcher.send("greylist@example.com")
    assert len(catcher.messages()) == 2


def test_a_lost_answer_leaves_the_mail_taken(catcher: Catcher) -> None:
    connection = smtplib.SMTP("127.0.0.1", catcher.smtp_port, timeout=20)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        connection.send_message(letter("lost@example.com"), SENDER, ["lost@example.com"])
    connection.close()
    assert len(catcher.messages(to="lost@example.com")) == 1


@pytest.mark.parametrize("status", [450, 451, 550, 554])
@pytest.mark.parametrize("stage", ["rcpt", "data"])
def test_rules_refuse_at_rcpt_and_data(catcher: Catcher, stage: str, status: int) -> None:
    catcher.standin.fault(stage, "status_before", status=status)
    assert refusal(catcher, "a@example.com") == status
    assert catcher.messages() == []
    catcher.send("a@example.com")
    assert len(catcher.messages()) == 1


def test_a_rule_can_fit_one_address_only(catcher: Catcher) -> None:
    catcher.standin.fault("rcpt", "status_before", status=450, match="victim@", times=-1)
    catcher.send("a@example.com")
    assert refusal(catcher, "victim@example.com") == 450


@pytest.mark.parametrize(("kind", "kept"), [("drop_before", 0), ("drop_after", 1)])
def test_rules_drop_the_connection_at_data(catcher: Catcher, kind: str, kept: int) -> None:
    catcher.standin.fault("data", kind)
    connection = smtplib.SMTP("127.0.0.1", catcher.smtp_port, timeout=20)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        connection.send_message(letter("a@example.com"), SENDER, ["a@example.com"])
    connection.close()
    assert len(catcher.messages()) == kept


def test_a_mail_can_be_kept_and_refused_all_the_same(catcher: Catcher) -> None:
    catcher.standin.fault("data", "status_after", status=451)
    assert refusal(catcher, "a@example.com") == 451
    assert len(catcher.messages()) == 1


def test_a_mail_is_kept_although_an_impatient_sender_leaves(catcher: Catcher) -> None:
    catcher.standin.fault("data", "delay", seconds=30)
    connection = smtplib.SMTP("127.0.0.1", catcher.smtp_port, timeout=0.3)
    with pytest.raises(OSError, match="timed out"):
        connection.send_message(letter("a@example.com"), SENDER, ["a@example.com"])
    connection.close()
    assert [entry["to"] for entry in catcher.messages()] == [["a@example.com"]]


def test_faults_that_mail_cannot_have_are_refused(catcher: Catcher) -> None:
    answer = catcher.http.post("/_control/faults", json={"operation": "data", "kind": "html"})
    assert answer.status_code == 400
    assert "unknown kind 'html'" in answer.json()["error"]


def test_international_addresses_need_smtputf8(catcher: Catcher) -> None:
    message = letter("zoe@example.com")
    message.replace_header("To", "zoë@example.com")
    with catcher.smtp() as connection:
        connection.sendmail(SENDER, ["zoë@example.com"], message.as_bytes(policy=SMTPUTF8), ["SMTPUTF8"])
    assert catcher.messages()[0]["to"] == ["zoë@example.com"]
    catcher.standin.settings(smtputf8=False)
    with catcher.smtp() as connection:
        connection.ehlo()
        assert not connection.has_extn("smtputf8")


def test_too_large_a_mail_is_refused_and_the_session_goes_on(catcher: Catcher) -> None:
    with catcher.smtp() as connection:
        connection.ehlo()
        limit = int(connection.esmtp_features["size"])
        connection.mail(SENDER)
        connection.rcpt("a@example.com")
        status, _ = connection.data(b"x" * 998 + (b"\r\n" + b"x" * 998) * (limit // 1000))
        assert status == 552
        connection.send_message(letter("a@example.com"), SENDER, ["a@example.com"])
    assert len(catcher.messages()) == 1


def test_commands_may_be_sent_in_one_go(catcher: Catcher) -> None:
    with socket.create_connection(("127.0.0.1", catcher.smtp_port), timeout=20) as wire, wire.makefile("rb") as lines:
        assert lines.readline().startswith(b"220")
        wire.sendall(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<one@b.c>\r\nDATA\r\n")
        assert [lines.readline()[:3] for _ in range(4)] == [b"250", b"250", b"250", b"354"]
        wire.sendall(b"Subject: 1\r\n\r\nHi\r\n.\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<two@b.c>\r\nDATA\r\n")
        assert [lines.readline()[:3] for _ in range(4)] == [b"250", b"250", b"250", b"354"]
        wire.sendall(b".\r\nQUIT\r\n")
        assert [lines.readline()[:3] for _ in range(2)] == [b"250", b"221"]
    assert [(entry["subject"], entry["size"]) for entry in catcher.messages()] == [("1", 18), ("", 0)]
