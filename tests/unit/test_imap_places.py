"""What an IMAP server tells, or fails to tell, of folders and moved messages."""

import time

import pytest
from mgp_core.protocols.after_fetch import Aftercare, AfterFetch
from mgp_core.protocols.mailbox import MessageRef

from tests.rig.scripted_server import Close, Expect

from .test_imap import OK, Session, ref

MOVING = Aftercare(AfterFetch.MOVE, folder="Done")
CAPABILITY = Expect(rb"\w+ CAPABILITY", b"* CAPABILITY IMAP4rev1 UIDPLUS MOVE", OK)
COPYING = Expect(rb"\w+ CAPABILITY", b"* CAPABILITY IMAP4rev1", OK)
EXISTS = Expect(rb'\w+ LIST "" "?Done"?', b'* LIST () "/" Done', OK)


def selected(*lines):
    return Expect(rb'\w+ SELECT "?INBOX"?', *lines, b"<tag> OK done")


def place(uid):
    return MessageRef("Done", "77", str(uid))


def test_move_tells_where_the_messages_are():
    told = b"* OK [COPYUID 77 7,9 101:102] moved"
    steps = (EXISTS, CAPABILITY, Expect(rb"\w+ UID MOVE 7,9 .*", told, OK))

    with Session(*steps, capability=CAPABILITY) as mailbox:
        places = mailbox.acknowledge([ref(7), ref(9)], MOVING)

    assert places == {ref(7): place(101), ref(9): place(102)}


def test_copy_tells_where_the_messages_are():
    told = b"<tag> OK [COPYUID 77 7 101] copied"
    steps = (
        EXISTS,
        COPYING,
        Expect(rb"\w+ UID COPY 7 .*", told),
        Expect(rb"\w+ UID STORE 7 .*", OK),
    )

    with Session(*steps, capability=COPYING) as mailbox:
        assert mailbox.acknowledge([ref(7)], MOVING) == {ref(7): place(101)}


@pytest.mark.parametrize(
    "told", [b"* OK moved", b"* OK [COPYUID 77 7] x", b"* OK [COPYUID 77 a b] x"]
)
def test_place_that_is_not_told_is_not_guessed(told):
    steps = (EXISTS, CAPABILITY, Expect(rb"\w+ UID MOVE 7 .*", told, OK))

    with Session(*steps, capability=CAPABILITY) as mailbox:
        assert mailbox.acknowledge([ref(7)], MOVING) == {ref(7): None}


def test_endless_list_of_places_is_not_counted_through():
    ranges = b",".join(b"%d:%d" % (n, n + 40_000) for n in range(8, 10_000_000, 50_000))
    told = b"* OK [COPYUID 77 %b,7 %b,7] moved" % (ranges, ranges)
    steps = (EXISTS, CAPABILITY, Expect(rb"\w+ UID MOVE 7 .*", told, OK))

    with Session(*steps, capability=CAPABILITY) as mailbox:
        started = time.process_time()
        assert mailbox.acknowledge([ref(7)], MOVING) == {ref(7): None}
        assert time.process_time() - started < 1


def test_without_uidnext_the_highest_uid_says_what_is_new():
    lines = (b"* 3 EXISTS", b"* OK [UIDVALIDITY 42] ok")
    highest = Expect(rb"\w+ UID SEARCH UID \*", b"* SEARCH 8", OK)

    with Session(CAPABILITY, highest, select=selected(*lines)) as mailbox:
        assert mailbox.status.uidnext == 9


def test_without_uidnext_an_empty_folder_has_nothing_to_ask_for():
    lines = (b"* 0 EXISTS", b"* OK [UIDVALIDITY 42] ok")

    with Session(select=selected(*lines)) as mailbox:
        assert mailbox.status.uidnext == 0


@pytest.mark.parametrize(
    "steps",
    [
        (Expect(rb"\w+ LOGOUT"), Close()),
        (Expect(rb"\w+ LOGOUT", b"<tag> OK but no BYE"), Close()),
        (Expect(rb"\w+ LOGOUT", b"<tag> BAD unknown"),),
    ],
    ids=["hangs up", "no BYE", "refused"],
)
def test_logout_that_goes_wrong_is_no_failure(steps):
    session = Session(*steps)

    with session as mailbox:
        mailbox.close()

    assert session.server.lines[-1].endswith(b"LOGOUT")
