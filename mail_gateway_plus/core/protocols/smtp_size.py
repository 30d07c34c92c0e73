"""Mails that are larger than a server takes, where its limit is known beforehand."""

from .smtp_content import Content, envelope
from .smtp_delivery import Delivery, MessageTooLarge, Reply


def refused_for_size(message, sender, recipients, limit):
    """Return the :class:`Delivery` of a message that a server will not take.

    It is what :meth:`SmtpSession.offer` returns for one, without a session.

    :param limit: the bytes that the server takes at most
    :returns: None where the message is no larger
    """
    sender, recipients = envelope(message, sender, recipients)
    content = Content.of_message(message, (sender, *recipients))
    size = len(content.payload)
    if size <= limit:
        return None
    error = MessageTooLarge(size, limit, sender)
    return Delivery(
        content.message_id,
        sender,
        dict.fromkeys(recipients),
        reply=Reply.of(error.smtp_code, error.smtp_error),
        error=error,
    )
