"""When messages came into an IMAP mailbox (INTERNALDATE, RFC 3501 section 2.3.3)."""

from datetime import datetime

import pytest

from tests.rig.scripted_server import Expect
from tests.unit.test_imap import OK, Session, bodies, body, ref


def listed(told, size=3):
    line = b"* 1 FETCH (UID 7 RFC822.SIZE %d INTERNALDATE %s)" % (size, told)
    return Expect(rb"\w+ UID FETCH 7 \(RFC822\.SIZE INTERNALDATE\)", line, OK)


@pytest.mark.parametrize(
    ("told", "arrived"),
    [
        (b'"27-Nov-2026 23:30:00 +0100"', datetime(2026, 11, 27, 22, 30)),
        (b'" 7-Nov-2026 23:30:00 -0800"', datetime(2026, 11, 8, 7, 30)),
        (b'"31-Dec-9999 23:00:00 -1200"', None),
        (b'"31-Feb-2026 00:00:00 +0000"', None),
        (b'"yesterday"', None),
        (b"NIL", None),
    ],
)
def test_the_mailbox_says_when_it_got_a_message(told, arrived):
    with Session(listed(told), bodies(body(7, b"raw"))) as mailbox:
        [message] = mailbox.download([ref(7)])

    assert (message.raw, message.arrived) == (b"raw", arrived)


def test_date_that_is_none_costs_another_question_and_not_the_mailbox():
    size = b"* 1 FETCH (UID 7 RFC822.SIZE 3)"
    again = Expect(rb"\w+ UID FETCH 7 \(RFC822\.SIZE\)", size, OK)
    with Session(listed(b"7"), again, bodies(body(7, b"raw"))) as mailbox:
        [message] = mailbox.download([ref(7)])

    assert (message.raw, message.arrived) == (b"raw", None)
