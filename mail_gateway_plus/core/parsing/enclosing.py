"""The last resort: a plain message around one that nobody can read."""

import base64
from email.parser import BytesHeaderParser
from email.policy import compat32

from .envelope import MAX_ENCODED_LENGTH, header_section
from .header_values import is_readable, mend_value

# What Odoo needs to know whom it is from, where it goes and what it answers.
KEPT_FIELDS = (
    "from to cc delivered-to reply-to subject date references in-reply-to return-path "
    "auto-submitted precedence"
).split()
BOUNDARY = "enclosed-by-mail-gateway"


def enclose(raw, message_id):
    """Return a message without text that has ``raw`` as its attachment."""
    parsed = BytesHeaderParser(policy=compat32).parsebytes(header_section(raw))
    found = {}
    for name, value in parsed.raw_items():
        found.setdefault(name.lower(), value)
    lines = [f"Message-ID: {message_id}"]
    for name in KEPT_FIELDS:
        value = found.get(name)
        if value is not None and not (value.isascii() and is_readable(name, value)):
            value = mend_value(name, value[:MAX_ENCODED_LENGTH])
        if value and is_readable(name, value):
            lines.append(f"{name.title()}: {value.strip()}")
    head = "\n".join(lines).replace("\r\n", "\n").replace("\r", " ")
    text = (
        f"{head}\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/mixed; boundary="{BOUNDARY}"\n\n'
        f"--{BOUNDARY}\nContent-Type: application/octet-stream\n"
        'Content-Disposition: attachment; filename="message.eml"\n'
        "Content-Transfer-Encoding: base64\n\n"
    )
    data = base64.encodebytes(raw).decode("ascii")
    return f"{text}{data}\n--{BOUNDARY}--\n".replace("\n", "\r\n").encode("ascii")
