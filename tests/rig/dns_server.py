"""A name server that knows only what a test tells it.

    with DnsServer(
        ("city.example", "MX", "10 mx.city.example."),
        ("_imaps._tcp.city.example", "SRV", "0 1 993 imap.city.example."),
    ) as server:
        ...  # ask 127.0.0.1, server.port

Every other name does not exist. ``asked`` holds each question as name and type, so
that a test can tell what was looked up.
"""

import contextlib
import socket
import threading

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

LIFETIME = 60


class DnsServer:
    """Answers by UDP on a free port of 127.0.0.1 from start to stop."""

    def __init__(self, *records: tuple[str, str, str]) -> None:
        self.asked: list[tuple[str, str]] = []
        self._records = [
            (dns.name.from_text(name), dns.rdatatype.from_text(kind), text)
            for name, kind, text in records
        ]
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        """Where it listens, as the system parameter has it."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> "DnsServer":
        self._thread.start()
        return self

    def stop(self) -> None:
        # Closing alone does not wake a thread that waits in recvfrom.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()

    def __enter__(self) -> "DnsServer":
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _serve(self) -> None:
        while True:
            try:
                data, sender = self._socket.recvfrom(4096)
                if not data:
                    return
                query = dns.message.from_wire(data)
            except OSError:
                return
            except dns.exception.DNSException:
                continue
            self._socket.sendto(self._answer(query).to_wire(), sender)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((question.name.to_text(omit_final_dot=True), kind))
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA | dns.flags.RA
        known = [record for record in self._records if record[0] == question.name]
        texts = [text for _name, kind, text in known if kind == question.rdtype]
        if texts:
            response.answer.append(
                dns.rrset.from_text_list(
                    question.name, LIFETIME, "IN", question.rdtype, texts
                )
            )
        elif not known:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response
