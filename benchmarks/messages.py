"""The mail that is measured with: always the same, in size and kind as mail is."""

import random
from email.message import EmailMessage

ADDRESS = "tickets@bench.example"
SENDERS = 300
WORDS = "street light dark broken since weeks please repair water road noise".split()


def known_sender(number: int) -> str:
    """Return the address of one of the contacts in the database."""
    return f"p{number}@home.example"


def mixed(count: int, prefix: str = "m") -> list[bytes]:
    """Return ``count`` messages: 60 % text, 30 % HTML, 10 % attachments.

    A third are replies to one before, a third of the senders are contacts.
    """
    draw = random.Random(1)
    first_letters: list[str] = []
    result = []
    for number in range(count):
        message = EmailMessage()
        sender = draw.randrange(SENDERS)
        message["From"] = (
            known_sender(sender) if sender % 3 == 0 else f"u{sender}@else.example"
        )
        message["To"] = ADDRESS
        message["Date"] = "Fri, 20 Nov 2026 10:00:00 +0000"
        message["Message-ID"] = f"<{prefix}-{number}@home.example>"
        if number % 3 == 2:
            parent = draw.choice(first_letters)
            message["Subject"] = f"Re: ticket {number}"
            message["In-Reply-To"] = message["References"] = parent
        else:
            message["Subject"] = f"Ticket {number}"
            first_letters.append(message["Message-ID"])
        _fill(message, number % 10, draw)
        result.append(message.as_bytes())
    return result


def big(size: int, prefix: str = "big") -> bytes:
    """Return a message with one attachment, ``size`` bytes on the wire."""
    message = EmailMessage()
    message["From"] = "u1@else.example"
    message["To"] = ADDRESS
    message["Subject"] = "A large one"
    message["Message-ID"] = f"<{prefix}@home.example>"
    message.set_content("See the attachment.")
    _attach(message, random.Random(2), size * 73 // 100)
    return message.as_bytes()


def _fill(message: EmailMessage, kind: int, draw: random.Random) -> None:
    message.set_content(_text(draw, 2_000))
    if 6 <= kind < 9:
        paragraphs = (f"<p>{_text(draw, 400)}</p>" for _ in range(45))
        html = "".join(paragraphs)
        message.add_alternative(f"<html><body>{html}</body></html>", subtype="html")
    elif kind == 9:
        _attach(message, draw, 146_000)


def _attach(message: EmailMessage, draw: random.Random, size: int) -> None:
    message.add_attachment(
        draw.randbytes(size),
        maintype="application",
        subtype="octet-stream",
        filename="data.bin",
    )


def _text(draw: random.Random, size: int) -> str:
    words, length = [], 0
    while length < size:
        words.append(draw.choice(WORDS))
        length += len(words[-1]) + 1
    lines = (words[start : start + 12] for start in range(0, len(words), 12))
    return "\n".join(map(" ".join, lines))
