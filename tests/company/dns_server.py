"""A name server on loopback that knows what a test tells it; it can also fall silent."""

from __future__ import annotations

import socket
import threading

import dns.message
import dns.rcode
import dns.rrset


class DnsServer:
    """Answers TXT questions from `records`; all other names do not exist."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.broken = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it: an empty message wakes its thread."""
        host, _, port = self.address.rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", (host, int(port)))
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            asked, who = self._socket.recvfrom(2048)
            if not asked:
                return
            self._socket.sendto(self._answer(dns.message.from_wire(asked)), who)

    def _answer(self, question: dns.message.Message) -> bytes:
        answer = dns.message.make_response(question)
        name = question.question[0].name
        texts = self.records.get(name.to_text().rstrip("."), [])
        if self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif texts:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *[f'"{text}"' for text in texts]))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()
