"""POP3, against servers that do what real ones only do on a bad day."""

import poplib

import pytest
from mgp_core.errors import LoginRefused, ProtocolViolation
from mgp_core.policy.progress import Listing, Question
from mgp_core.protocols.after_fetch import Aftercare
from mgp_core.protocols.endpoint import Endpoint, Security
from mgp_core.protocols.mailbox import FetchedMessage, FolderStatus, MessageRef
from mgp_core.protocols.pop3 import Pop3Mailbox

from tests.rig.scripted_server import Close, Expect, ScriptedServer, Send, SendRaw

EVERYTHING = Question(Listing.UNREAD)  # POP3 knows no other listing
AFTERCARE = Aftercare(delete_at_once=True)
READY = Send(b"+OK ready")
USER = Expect(b"USER jane", b"+OK")
STAT = Expect(b"STAT", b"+OK 2 320")
UIDL = Expect(b"UIDL", b"+OK", b"1 aaa", b"2 bbb", b".")
QUIT = Expect(b"QUIT", b"+OK bye")


def connect(server, security=Security.NONE, timeout=3.0):
    return Pop3Mailbox(Endpoint(server.host, server.port, security, timeout=timeout))


def ref(uid):
    return MessageRef("INBOX", "", uid)


def test_login_sends_user_and_password():
    with ScriptedServer(READY, USER, Expect(b"PASS secret", b"+OK")) as server:
        mailbox = connect(server)

        mailbox.login.login("jane", "secret")

        mailbox.abandon()


@pytest.mark.parametrize(
    "steps",
    [
        (Expect(b"USER jane", b"-ERR [AUTH] never heard of"),),
        (USER, Expect(b"PASS secret", b"-ERR [AUTH] never heard of")),
    ],
    ids=["USER", "PASS"],
)
def test_refused_login_has_the_server_s_words(steps):
    with ScriptedServer(READY, *steps) as server:
        mailbox = connect(server)

        with pytest.raises(LoginRefused) as caught:
            mailbox.login.login("jane", "secret")

        mailbox.abandon()
    assert caught.value.detail == "-ERR [AUTH] never heard of"


def test_connection_lost_while_logging_in_is_no_refusal():
    with ScriptedServer(READY, USER, Expect(b"PASS .*"), Close()) as server:
        mailbox = connect(server)

        with pytest.raises(poplib.error_proto, match="EOF"):
            mailbox.login.login("jane", "secret")

        mailbox.abandon()


def test_password_that_is_not_ascii_is_sent_as_utf8():
    with ScriptedServer(READY, USER, Expect("PASS süß".encode(), b"+OK")) as server:
        mailbox = connect(server)

        mailbox.login.login("jane", "süß")

        mailbox.abandon()


def test_opening_shows_how_many_messages_there_are():
    with ScriptedServer(READY, STAT) as server:
        mailbox = connect(server)

        mailbox.open()

        mailbox.abandon()
    assert mailbox.status == FolderStatus(folder="INBOX", messages=2)


def test_uidl_is_the_identity():
    with ScriptedServer(READY, UIDL) as server:
        mailbox = connect(server)

        assert mailbox.find(EVERYTHING) == [ref("aaa"), ref("bbb")]

        mailbox.abandon()


def test_listing_is_asked_for_once():
    with ScriptedServer(READY, UIDL) as server:
        mailbox = connect(server)
        mailbox.find(EVERYTHING)
        mailbox.find(EVERYTHING)
        mailbox.abandon()

    assert server.lines == [b"UIDL"]


@pytest.mark.parametrize(
    "listing",
    [
        (b"-ERR unknown command",),
        (b"+OK", b"1", b"2", b"."),
        (b"+OK", b"1 ", b"."),
        (b"+OK", b"one aaa", b"."),
        (b"+OK", b"", b"."),
    ],
    ids=["no UIDL", "no uid", "empty uid", "no number", "empty line"],
)
def test_server_without_usable_uidl_is_refused(listing):
    # An empty uid would make all messages one: the second would pass for known and be
    # deleted unread.
    with ScriptedServer(READY, Expect(b"UIDL", *listing)) as server:
        mailbox = connect(server)

        with pytest.raises(ProtocolViolation) as caught:
            mailbox.find(EVERYTHING)

        mailbox.abandon()
    assert caught.value.detail == "UIDL"


def test_connection_lost_in_the_listing_is_not_told_as_a_missing_uidl():
    listing = Expect(b"UIDL", b"+OK", b"1 aaa")
    with ScriptedServer(READY, listing, Close()) as server:
        mailbox = connect(server)

        with pytest.raises(poplib.error_proto, match="EOF"):
            mailbox.find(EVERYTHING)

        mailbox.abandon()


def test_download_yields_the_message_with_its_dots_undone():
    retr = Expect(b"RETR 2", b"+OK", b"Subject: x", b"", b"..", b"..a", b"b", b".")
    with ScriptedServer(READY, UIDL, retr) as server:
        mailbox = connect(server)
        mailbox.find(EVERYTHING)

        messages = list(mailbox.download([ref("bbb")]))

        mailbox.abandon()
    raw = b"Subject: x\r\n\r\n.\r\n.a\r\nb\r\n"
    assert messages == [FetchedMessage(ref("bbb"), raw)]


def test_message_cut_off_by_the_server_is_not_a_message():
    retr = Expect(b"RETR 1", b"+OK", b"Subject: x", b"", b"half")
    with ScriptedServer(READY, UIDL, retr, Close()) as server:
        mailbox = connect(server)
        mailbox.find(EVERYTHING)

        with pytest.raises(poplib.error_proto):
            list(mailbox.download([ref("aaa")]))

        mailbox.abandon()


def test_what_is_too_large_comes_last():
    sizes = Expect(b"LIST", b"+OK", b"1 900", b"2 40", b".")
    retr = Expect(b"RETR 2", b"+OK", b"Subject: small", b"", b".")
    top = Expect(b"TOP 1 .*", b"+OK", b"Subject: large", b"", b".")
    with ScriptedServer(READY, UIDL, sizes, retr, top) as server:
        mailbox = connect(server)
        mailbox.size_limit = 100
        mailbox.find(EVERYTHING)

        messages = list(mailbox.download([ref("aaa"), ref("bbb")]))

        mailbox.abandon()
    assert [message.ref.uid for message in messages] == ["bbb", "aaa"]


def test_endless_message_below_the_limit_ends():
    listed = Expect(b"LIST", b"+OK", b"1 100", b".")
    endless = Expect(b"RETR 1", b"+OK", *[b"x" * 1000] * 1000)
    with ScriptedServer(READY, UIDL, listed, endless) as server:
        mailbox = connect(server)
        mailbox.find(EVERYTHING)
        mailbox.size_limit = 100_000

        with pytest.raises(ProtocolViolation):
            list(mailbox.download([ref("aaa")]))

        mailbox.abandon()


def test_line_longer_than_poplib_allows_is_downloaded():
    line = b"x" * 200_000
    retr = Expect(b"RETR 1", b"+OK", line, b".")
    with ScriptedServer(READY, UIDL, retr) as server:
        mailbox = connect(server)
        mailbox.find(EVERYTHING)

        (message,) = mailbox.download([ref("aaa")])

        mailbox.abandon()
    assert message.raw == line + b"\r\n"


def test_acknowledged_message_is_marked_and_no_longer_listed():
    with ScriptedServer(READY, UIDL, Expect(b"DELE 1", b"+OK")) as server:
        mailbox = connect(server)
        mailbox.find(EVERYTHING)

        mailbox.acknowledge([ref("aaa")], AFTERCARE)

        assert mailbox.find(EVERYTHING) == [ref("bbb")]
        mailbox.abandon()
    assert mailbox.acknowledged == [ref("aaa")]


def test_refused_dele_acknowledges_nothing():
    with ScriptedServer(READY, UIDL, Expect(b"DELE 1", b"-ERR no")) as server:
        mailbox = connect(server)
        mailbox.find(EVERYTHING)

        with pytest.raises(poplib.error_proto):
            mailbox.acknowledge([ref("aaa")], AFTERCARE)

        mailbox.abandon()
    assert mailbox.acknowledged == []


def test_only_closing_makes_acknowledgements_final():
    assert Pop3Mailbox.acknowledges_on_close


def test_close_says_quit():
    with ScriptedServer(READY, QUIT) as server:
        connect(server).close()

    assert server.lines == [b"QUIT"]


def test_refused_quit_raises_because_nothing_was_deleted():
    with ScriptedServer(READY, Expect(b"QUIT", b"-ERR not all deleted")) as server:
        mailbox = connect(server)

        with pytest.raises(poplib.error_proto):
            mailbox.close()

        mailbox.abandon()


def test_abandon_says_nothing_so_that_nothing_is_deleted():
    with ScriptedServer(READY) as server:
        connect(server).abandon()

    assert server.received == b""


def test_abandon_after_the_connection_was_lost_is_quiet():
    with ScriptedServer(READY, Close()) as server:
        mailbox = connect(server)
        mailbox.abandon()
        mailbox.abandon()


@pytest.mark.parametrize(
    "capa",
    [(b"+OK", b"UIDL", b"."), (b"-ERR unknown command",)],
    ids=["STLS not listed", "no CAPA"],
)
def test_missing_stls_is_told_and_no_password_is_sent(capa):
    with ScriptedServer(READY, Expect(b"CAPA", *capa)) as server:
        with pytest.raises(ProtocolViolation) as caught:
            connect(server, Security.STARTTLS)

    assert caught.value.detail == "STLS"
    assert server.lines == [b"CAPA"]


def test_server_that_says_nothing_times_out():
    with ScriptedServer(SendRaw(b"+OK half a greeting")) as server:
        with pytest.raises(TimeoutError):
            connect(server, timeout=0.3)
