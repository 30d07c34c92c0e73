"""Read a message as Odoo's gateway does, to know whether it can."""

import email
from email.message import EmailMessage
from email.policy import SMTP


def can_be_read(raw):
    """Say whether Odoo gets through the message without an exception.

    Follows ``message_parse`` and ``_process_attachments_for_post`` of ``mail.thread``,
    which write a message inside a message anew.
    """
    try:
        _read(email.message_from_bytes(raw, policy=SMTP))
    except Exception:  # whatever email raises, it raises in Odoo as well
        return False
    return True


def _read(message):
    for part in message.walk():
        for name in set(map(str.lower, part.keys())):
            for value in part.get_all(name):
                str(value)
        part.get_content_disposition()
        part.get_filename()
        if part.get_content_maintype() == "multipart":
            continue
        if part.get_content_maintype() == "text" and not part.get_param("charset"):
            part.set_charset("utf-8")
        part.get_content_charset()
        content = part.get_content()
        if isinstance(content, EmailMessage):
            content.as_bytes()
