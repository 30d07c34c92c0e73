"""SMTP scripts, and sending through them with smtplib and with the core's session."""

import smtplib
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY

from mgp_core.protocols.smtp import Delivery, SmtpSession, Timeouts

from tests.rig.scripted_server import Expect, ReadUntil, ScriptedServer, Send

SENDER = "desk@home.example"
ANN = "ann@city.example"
BEN = "ben@city.example"
TIMEOUT = 3.0

GREETING = (
    Send(b"220 rig ready"),
    Expect(rb"ehlo client\.example", b"250-rig", b"250-SIZE 99999999", b"250 SMTPUTF8"),
)
MAIL = Expect(rb"mail FROM:<desk@home\.example> size=\d+", b"250 2.1.0 Ok")
RCPT_ANN = Expect(b"rcpt TO:<ann@city.example>", b"250 2.1.5 Ok")
RCPT_BEN = Expect(b"rcpt TO:<ben@city.example>", b"250 2.1.5 Ok")
DATA = Expect(b"data", b"354 End data with <CR><LF>.<CR><LF>")
CONTENT = ReadUntil(b"\r\n.\r\n")
RSET = Expect(b"rset", b"250 2.0.0 Ok")
QUEUED = Send(b"250 2.0.0 Ok: queued as 4F2A1C0042")
ACCEPT = (MAIL, RCPT_ANN, DATA, CONTENT, QUEUED)


def refuse(step, *answer):
    """Return the step with another answer to the same command."""
    return Expect(step.pattern, *answer)


@dataclass
class Run:
    """What sending came to, as the caller sees it, and what the server saw."""

    result: dict | None
    error: Exception | None
    delivery: Delivery | None
    server: ScriptedServer

    @property
    def content(self):
        """The bytes between DATA and its final dot, both left out."""
        after = self.server.received.lower().index(b"data\r\n") + len(b"data\r\n")
        return self.server.received[after : self.server.received.index(b"\r\n.\r\n")]


def make_message(body="Hello\n", **headers):
    """Return a message as Odoo makes them, with the SMTP policy."""
    message = EmailMessage(policy=SMTP_POLICY)
    message["Message-Id"] = "<1@home.example>"
    message["Subject"] = "Noise"
    for name, value in headers.items():
        message[name] = value
    message.set_content(body)
    return message


def connect(server, timeout=TIMEOUT):
    """Return a greeted connection; a fixed name spares looking up the machine's."""
    return smtplib.SMTP(server.host, server.port, "client.example", timeout)


def send(*steps, to=(ANN,), message=None, timeout=TIMEOUT, as_smtplib=False):
    """Send a mail to a server that plays ``steps`` and return the :class:`Run`."""
    deliveries = []
    result = error = None
    with ScriptedServer(*GREETING, *steps) as server:
        connection = connect(server, timeout)
        timeouts = Timeouts().capped(timeout)
        session = SmtpSession(connection, lambda _s, d: deliveries.append(d), timeouts)
        try:
            sender = connection if as_smtplib else session
            message = make_message() if message is None else message
            result = sender.send_message(message, SENDER, to)
        except Exception as caught:
            error = caught
        finally:
            connection.close()
    (delivery,) = deliveries or [None]
    return Run(result, error, delivery, server)
