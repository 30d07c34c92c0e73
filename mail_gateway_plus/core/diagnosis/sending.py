"""The last steps of the ladder for outgoing servers: would it take a mail, does it."""

import smtplib

from ..protocols.smtp import Reply
from .steps import Finding


def envelope(climb):
    """Offer a sender and a recipient, and take them back.

    :raises smtplib.SMTPResponseException: with the words of the refusal
    """
    smtp, target = climb.session.smtp, climb.target
    size = smtp.esmtp_features.get("size", "").strip()
    climb.details = {
        "sender": target.sender,
        "recipient": target.recipient,
        "max_size": int(size) if size.isdecimal() else 0,
    }
    _offer(smtp, target)
    smtp.rset()
    return Finding(climb.details)


def test_mail(climb):
    """Hand the mail over.

    :raises smtplib.SMTPResponseException: with the words of the refusal
    """
    smtp, target = climb.session.smtp, climb.target
    climb.details = {"recipient": target.recipient}
    _offer(smtp, target)
    # By hand and not by smtplib, as the content is not to be written down.
    _expect(354, smtp.docmd("DATA"), smtplib.SMTPDataError)
    climb.transcript.note(f"({len(target.content)} bytes)")
    content = target.content.replace(b"\r\n.", b"\r\n..")
    smtp.sock.sendall(content + b"\r\n.\r\n")
    reply = _expect(250, smtp.getreply(), smtplib.SMTPDataError)
    return Finding({**climb.details, "reply": reply.text, "queue_id": reply.queue_id})


def _offer(smtp, target):
    code, text = smtp.mail(target.sender)
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, text, target.sender)
    code, text = smtp.rcpt(target.recipient)
    if code not in (250, 251):
        raise RecipientRefused(code, text)


class RecipientRefused(smtplib.SMTPResponseException):
    """The server does not take mail for this recipient, or not from us."""


def _expect(wanted, answer, error):
    if answer[0] != wanted:
        raise error(*answer)
    return Reply.of(*answer)
