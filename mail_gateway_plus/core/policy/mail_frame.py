"""A server's own texts around the text of each mail."""

import re
from dataclasses import dataclass

_BODY_BEGINS = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_BODY_ENDS = re.compile(r"</body\s*>|</html\s*>", re.IGNORECASE)
# What was signed or encrypted is another's to change, and a report is for machines.
_SEALED = ("multipart/signed", "multipart/encrypted", "multipart/report")


@dataclass(frozen=True)
class Frame:
    """What stands before and after a text, as HTML and as plain text."""

    html_before: str = ""
    html_after: str = ""
    plain_before: str = ""
    plain_after: str = ""

    def __bool__(self):
        return bool(self.html_before or self.html_after)


def framed_html(text, frame):
    """Return HTML with the frame inside of its body, wherever that begins and ends."""
    begins = _BODY_BEGINS.search(text)
    start = begins.end() if begins else 0
    ends = _BODY_ENDS.search(text, start)
    end = ends.start() if ends else len(text)
    return "".join(
        [text[:start], frame.html_before, text[start:end], frame.html_after, text[end:]]
    )


def framed_plain(text, frame):
    """Return plain text with the frame in paragraphs of its own."""
    parts = [frame.plain_before.strip(), text.strip("\r\n"), frame.plain_after.strip()]
    return "\n\n".join(filter(None, parts)) + "\n"


def put_frame(message, frame):
    """Put a frame around the texts of an ``email.message.EmailMessage``.

    Attachments, and mails that are enclosed, are no text of its own.
    """
    if not frame or message.get_content_type() in _SEALED:
        return
    html, plain = message.get_body(("html",)), message.get_body(("plain",))
    if html is not None:
        text = framed_html(html.get_content(), frame)
        html.set_content(text, subtype="html", charset="utf-8")
    if plain is not None:
        text = framed_plain(plain.get_content(), frame)
        plain.set_content(text, subtype="plain", charset="utf-8")
