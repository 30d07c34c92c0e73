"""Connections of other addons become mailboxes; batches fit one commit."""

from xmlrpc.client import Binary

import pytest
from mgp_core.policy.identity import fingerprint
from mgp_core.policy.progress import Listing, Question
from mgp_core.protocols import mailbox as mailbox_module
from mgp_core.protocols.after_fetch import Aftercare
from mgp_core.protocols.mailbox import (
    MAX_BATCH_BYTES,
    MAX_BATCH_MESSAGES,
    FetchedMessage,
    FourMethodMailbox,
    Mailbox,
    MessageRef,
    StockConnection,
    as_bytes,
    as_mailbox,
    batches,
)

UNREAD = Question(Listing.UNREAD)
AFTERCARE = Aftercare()


class StockLikeConnection:
    """Another addon's connection: Odoo's four methods over a list of messages."""

    def __init__(self, *contents):
        self.contents = contents
        self.calls = []

    def check_unread_messages(self):
        self.calls.append("check")
        return len(self.contents)

    def retrieve_unread_messages(self):
        for number, content in enumerate(self.contents, start=1):
            self.calls.append(("retrieve", number))
            yield number, content

    def handled_message(self, number):
        self.calls.append(("handled", number))

    def disconnect(self):
        self.calls.append("disconnect")


class ListMailbox(StockConnection, Mailbox):
    """The smallest mailbox: a dictionary of bytes by reference."""

    def __init__(self, messages):
        self.messages = messages
        self.calls = []

    def open(self, folder):
        self.calls.append(("open", folder))

    def find(self, question):
        return list(self.messages)

    def remove(self, refs):
        self.calls.append(("remove", refs))

    def move(self, refs, folder):
        self.calls.append(("move", refs, folder))

    def download(self, refs):
        for ref in refs:
            yield FetchedMessage(ref, self.messages[ref])

    def acknowledge(self, refs, aftercare):
        self.calls.append(("acknowledge", refs))

    def close(self):
        self.calls.append("close")

    def abandon(self):
        self.calls.append("abandon")


def content_ref(raw):
    return MessageRef("INBOX", "content", fingerprint(raw))


def message_of(size, name="x"):
    return FetchedMessage(MessageRef("INBOX", "", name), b"x" * size)


@pytest.mark.parametrize(
    ("content", "raw"),
    [
        (b"abc", b"abc"),
        (bytearray(b"abc"), b"abc"),
        (memoryview(b"abc"), b"abc"),
        ("Grüße", "Grüße".encode()),
        (b"\xff".decode("ascii", "surrogateescape"), b"\xff"),
        (Binary(b"abc"), b"abc"),
        ("", b""),
    ],
    ids=["bytes", "bytearray", "memoryview", "str", "escaped str", "XML-RPC", "empty"],
)
def test_content_becomes_bytes(content, raw):
    assert as_bytes(content) == raw


@pytest.mark.parametrize("content", [None, 5], ids=repr)
def test_what_is_no_content_is_refused(content):
    with pytest.raises(TypeError):
        as_bytes(content)


def test_content_is_the_identity():
    mailbox = FourMethodMailbox(StockLikeConnection(b"one", "two"))

    assert mailbox.find(UNREAD) == [content_ref(b"one"), content_ref(b"two")]


def test_download_yields_the_bytes_asked_for():
    mailbox = FourMethodMailbox(StockLikeConnection(b"one", "two"))
    _one, two = mailbox.find(UNREAD)

    assert list(mailbox.download([two])) == [FetchedMessage(two, b"two")]


def test_nothing_is_acknowledged_by_reading():
    connection = StockLikeConnection(b"one")
    mailbox = FourMethodMailbox(connection)

    list(mailbox.download(mailbox.find(UNREAD)))

    assert connection.calls == ["check", ("retrieve", 1)]


def test_acknowledgements_come_in_the_order_asked_for():
    connection = StockLikeConnection(b"one", b"two", b"three")
    mailbox = FourMethodMailbox(connection)
    one, two, three = mailbox.find(UNREAD)

    mailbox.acknowledge([three, one, two], AFTERCARE)

    assert connection.calls[-3:] == [("handled", 3), ("handled", 1), ("handled", 2)]


def test_equal_messages_are_one_and_all_acknowledged():
    connection = StockLikeConnection(b"same\r\n", b"other", b"same\n")
    mailbox = FourMethodMailbox(connection)
    same, _other = mailbox.find(UNREAD)

    mailbox.acknowledge([same], AFTERCARE)

    assert connection.calls[-2:] == [("handled", 1), ("handled", 3)]


def test_acknowledged_message_is_no_longer_listed():
    mailbox = FourMethodMailbox(StockLikeConnection(b"one", b"two"))
    one, two = mailbox.find(UNREAD)

    mailbox.acknowledge([one], AFTERCARE)

    assert mailbox.find(UNREAD) == [two]


def test_only_one_batch_is_retrieved_at_a_time():
    connection = StockLikeConnection(b"one", b"two", b"three")

    FourMethodMailbox(connection, limit=2).find(UNREAD)

    assert connection.calls == ["check", ("retrieve", 1), ("retrieve", 2)]


def test_asking_again_does_not_go_beyond_the_batch():
    connection = StockLikeConnection(b"one", b"two", b"three")
    mailbox = FourMethodMailbox(connection, limit=2)
    mailbox.find(UNREAD)

    assert len(mailbox.find(UNREAD)) == 2


def test_next_batch_follows_the_acknowledged_one():
    connection = StockLikeConnection(b"one", b"two", b"three")
    mailbox = FourMethodMailbox(connection, limit=2)
    mailbox.acknowledge(mailbox.find(UNREAD), AFTERCARE)

    assert mailbox.find(UNREAD) == [content_ref(b"three")]


def test_mailbox_is_empty_once_all_is_acknowledged():
    mailbox = FourMethodMailbox(StockLikeConnection(b"one"), limit=1)
    mailbox.acknowledge(mailbox.find(UNREAD), AFTERCARE)

    assert mailbox.find(UNREAD) == []


def test_batch_is_bounded_by_bytes_too(monkeypatch):
    monkeypatch.setattr(mailbox_module, "MAX_BATCH_BYTES", 5)
    mailbox = FourMethodMailbox(StockLikeConnection(b"123", b"456", b"789"))

    assert len(mailbox.find(UNREAD)) == 2


@pytest.mark.parametrize("end", ["close", "abandon"])
def test_session_ends_by_disconnecting(end):
    connection = StockLikeConnection()

    getattr(FourMethodMailbox(connection), end)()

    assert connection.calls == ["disconnect"]


def test_mailbox_is_taken_as_it_is():
    mailbox = ListMailbox({})

    assert as_mailbox(mailbox) is mailbox


def test_other_connection_is_wrapped():
    assert isinstance(as_mailbox(StockLikeConnection()), FourMethodMailbox)


def test_mailbox_can_be_driven_with_the_four_methods():
    ref = MessageRef("INBOX", "7", "1")
    mailbox = ListMailbox({ref: b"one"})

    count = mailbox.check_unread_messages()
    retrieved = list(mailbox.retrieve_unread_messages())
    mailbox.handled_message(ref)
    mailbox.disconnect()

    assert (count, retrieved) == (1, [(ref, b"one")])
    assert mailbox.calls == [("acknowledge", [ref]), "close"]


def test_four_methods_retrieve_nothing_before_the_check():
    mailbox = ListMailbox({MessageRef("INBOX", "7", "1"): b"one"})

    assert list(mailbox.retrieve_unread_messages()) == []


def test_batches_are_bounded_by_count():
    letters = [message_of(1)] * (2 * MAX_BATCH_MESSAGES + 5)

    sizes = [len(batch) for batch in batches(letters)]

    assert sizes == [MAX_BATCH_MESSAGES, MAX_BATCH_MESSAGES, 5]


def test_batch_ends_with_the_message_that_fills_it():
    big, small = message_of(MAX_BATCH_BYTES), message_of(1)

    assert list(batches([small, big, small])) == [[small, big], [small]]


def test_nothing_makes_no_batch():
    assert list(batches([])) == []


def test_batch_is_yielded_before_the_next_is_downloaded():
    downloaded = []

    def download():
        for number in range(2 * MAX_BATCH_MESSAGES):
            downloaded.append(number)
            yield message_of(1)

    next(batches(download()))

    assert len(downloaded) == MAX_BATCH_MESSAGES
