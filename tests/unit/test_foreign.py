"""A session of another addon's, whose errors tell less than ours."""

import smtplib

from mgp_core.protocols.foreign import ForeignSession
from mgp_core.protocols.smtp import Phase

from tests.unit.smtp_dialogue import ANN, SENDER, make_message


class Raising:
    def __init__(self, error):
        self.error = error

    def send_message(self, message, sender, recipients):
        raise self.error


def delivered(error):
    session = ForeignSession(Raising(error))
    delivery = session.offer(make_message(), SENDER, [ANN])
    session.finish(delivery)
    return delivery


def test_reply_to_the_content_that_nobody_can_read_is_uncertain():
    assert delivered(smtplib.SMTPDataError(-1, b"garbage")).is_uncertain


def test_refused_content_is_not():
    delivery = delivered(smtplib.SMTPDataError(451, b"4.3.0 Later"))

    assert not delivery.is_uncertain
    assert delivery.phase is Phase.DATA


def test_lost_connection_is_uncertain():
    assert delivered(smtplib.SMTPServerDisconnected("lost")).is_uncertain
