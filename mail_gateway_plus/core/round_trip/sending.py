"""Handing the marked mail over, in a thread of the network."""

from dataclasses import dataclass, field

from ..protocols.smtp import SmtpSession, phase_of


@dataclass(frozen=True)
class Parcel:
    """A mail, its envelope, and ``connect``, which opens a session for it."""

    connect: object = field(repr=False)
    sender: str
    recipient: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Handed:
    """What came of it.

    ``delivery`` is ``None`` where no session came about; then ``error`` says why.
    ``greeting`` is what the server said to EHLO: some tell the address that they see.
    """

    delivery: object = None
    session: object = None
    greeting: str = ""
    error: Exception | None = None

    @property
    def is_temporary(self):
        """Whether the same may go well later: nobody has the mail."""
        if self.delivery is None:
            return True
        if self.delivery.accepted or self.delivery.is_uncertain:
            return False
        return not 500 <= self.delivery.reply.code < 600

    @property
    def words(self):
        """What the server said, or what went wrong."""
        if self.delivery is None:
            return f"{phase_of(self.error).value}: {self.error}"
        reply = self.delivery.reply
        return f"{reply.code or ''} {reply.text}".strip()


def hand_over(parcel):
    """Send a mail; return what came of it and raise nothing that a server can cause."""
    try:
        session = parcel.connect()
    except (OSError, UnicodeError) as error:
        return Handed(error=error)
    kept = []
    try:
        greeting = getattr(session, "ehlo_resp", None) or b""
        if isinstance(session, SmtpSession):
            session.on_delivery = lambda _session, delivery: kept.append(delivery)
        try:
            session.sendmail(parcel.sender, [parcel.recipient], parcel.content)
        except (OSError, ValueError) as error:
            if not kept:
                return Handed(session=session, error=error)
        delivery = kept[0] if kept else None
        return Handed(delivery, session, greeting.decode("utf-8", "replace"))
    finally:
        close = getattr(session, "close", None) or session.quit
        close()
