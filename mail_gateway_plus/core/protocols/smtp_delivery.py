"""What became of one mail at one server, and the words for it."""

import re
import smtplib
from dataclasses import dataclass
from enum import Enum

from ..parsing.storable import storable


class Phase(str, Enum):
    """How far the dialogue came; the phase in which it stands or ended."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    GREET = "greet"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"
    ACCEPTED = "accepted"


@dataclass(frozen=True)
class Reply:
    """What the server answered: code 0 when it said nothing that could be read."""

    code: int
    text: str

    @classmethod
    def of(cls, code, text):
        """Return the reply of a code and the server's bytes, or a text of ours.

        A code that RFC 5321 section 4.2.1 does not know, as smtplib's -1, is none.
        """
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        return cls(code if 200 <= code < 600 else 0, storable(text))

    @property
    def is_positive(self):
        """Whether the server did what it was asked (2yz, RFC 5321 section 4.2.1)."""
        return 200 <= self.code < 300

    @property
    def enhanced_code(self):
        """The status code of RFC 3463 that starts the text, or an empty string."""
        match = re.match(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)", self.text)
        return match.group() if match else ""

    @property
    def queue_id(self):
        """The name under which the server queued the mail, where it tells one.

        ``queued as X`` is Postfix's wording, ``id=X`` Exim's, ``Ok X`` that of Amazon
        SES, which makes its Message-ID of it; others have none.
        """
        match = re.search(
            r"(?:queued as |\bid=|^Ok (?=[\w-]{24,}$))([\w.-]+)", self.text
        )
        return match.group(1) if match else ""

    def without(self, addresses):
        """Return the reply, with addresses that it quotes cut down to their domains."""
        text = self.text
        for address in addresses:
            local, _at, domain = address.rpartition("@")
            text = re.sub(
                rf"(?<![\w.+-]){re.escape(local)}@(?={re.escape(domain)})",
                "…@",
                text,
                flags=re.IGNORECASE,
            )
        return Reply(self.code, text)

    @property
    def plain(self):
        """Code and words as smtplib hands them out."""
        return self.code, self.text.encode()


NO_REPLY = Reply(0, "")


@dataclass
class Delivery:
    """One try to hand one mail to one server.

    ``recipients`` maps each address to the reply to its RCPT, ``None`` as long as it
    was not asked for. ``error`` is what ended the try, as ``smtplib`` would raise it.
    While ``is_open`` holds, all is said but the final dot.
    """

    message_id: str
    sender: str
    recipients: dict
    phase: Phase = Phase.MAIL
    reply: Reply = NO_REPLY
    error: Exception | None = None
    seconds: float = 0.0
    is_open: bool = False

    @property
    def accepted(self):
        """Whether the server took the mail for at least one recipient."""
        return self.phase is Phase.ACCEPTED

    @property
    def is_uncertain(self):
        """Whether the mail may have been taken, and nobody can tell.

        The dot was sent, or part of it may have been, and no reply came that can be
        read. Sending again may deliver twice, leaving it may deliver never.
        """
        return self.phase is Phase.DOT and not self.reply.code

    @property
    def told(self):
        """What the server said, to be kept: servers like to quote whom they refuse."""
        return self.reply.without(self.recipients).text

    @property
    def accepted_recipients(self):
        """The addresses that the server did not refuse, once it was asked for them."""
        replies = self.recipients.items()
        return [address for address, reply in replies if reply and reply.is_positive]

    @property
    def refused(self):
        """The refused addresses, each with its :class:`Reply`."""
        replies = self.recipients.items()
        return {a: reply for a, reply in replies if reply and not reply.is_positive}

    def refusal(self):
        """Return ``smtplib``'s exception for the recipients refused so far."""
        refused = {address: reply.plain for address, reply in self.refused.items()}
        return smtplib.SMTPRecipientsRefused(refused)


class MessageTooLarge(smtplib.SMTPSenderRefused):
    """The server said beforehand that it takes no message of that size.

    It stands for the reply to MAIL that RFC 1870 section 6.1 has for the case, and
    spares the server the question.
    """

    def __init__(self, size, limit, sender):
        text = f"5.3.4 The message has {size} bytes, the server takes {limit}"
        super().__init__(552, text.encode(), sender)
