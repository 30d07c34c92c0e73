"""Asks the DNS on behalf of one message, which may name anything it likes."""

from ..deliverability.lookups import Lookups
from ..discovery.names import AnswerState
from ..errors import GatewayError

# For all questions of one message; RFC 7208 section 4.6.4 asks for 20 s at least, which
# nobody who waits for mail has.
SECONDS = 10.0
QUESTIONS = 40


class NoAnswerNow(GatewayError):
    """The DNS did not answer: slow, gone or broken. Later it may."""


def questions_of_message(names):
    """Return what asks for one message.

    :param names: a :class:`~..discovery.names.DnsNames`
    """
    return Lookups(names, SECONDS, QUESTIONS)


def told(answer):
    """Return an answer's records.

    :raises NoAnswerNow: when there was none: that is no missing record
    """
    if answer.state is AnswerState.FAILED:
        raise NoAnswerNow
    return answer.records
