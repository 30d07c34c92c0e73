"""IMAP listings that no server of a normal size gives."""

from mgp_core.policy.progress import Listing, Question
from mgp_core.protocols.endpoint import Endpoint, Security
from mgp_core.protocols.imap import ImapMailbox

from tests.rig.lying_servers import LyingImap

FIRST_UID = 1_000_000_000


def connect(server):
    mailbox = ImapMailbox(Endpoint(server.host, server.port, Security.NONE, timeout=30))
    mailbox.login.login("jane", "pw")
    mailbox.open("INBOX")
    return mailbox


def test_K3_listing_longer_than_imaplib_takes_is_read_in_parts():
    many = dict.fromkeys(range(FIRST_UID, FIRST_UID + 160_000), b"raw")
    with LyingImap(many) as server:
        mailbox = connect(server)

        found = mailbox.find(Question(Listing.UNREAD))

        mailbox.abandon()
    assert [int(ref.uid) for ref in found] == list(many)


def test_looking_for_no_messages_asks_nothing():
    with LyingImap({1: b"raw"}) as server:
        mailbox = connect(server)
        asked = len(server.commands)

        assert mailbox.exist([]) == []

        assert len(server.commands) == asked
        mailbox.abandon()


def test_K3_few_new_ones_in_a_huge_folder_are_asked_for_once_and_alone():
    many = dict.fromkeys(range(1, 160_001), b"raw")
    with LyingImap(many) as server:
        mailbox = connect(server)
        asked = len(server.commands)

        found = mailbox.find(Question(Listing.ABOVE, above=159_990))

        searches = [line for line in server.commands[asked:] if b"SEARCH" in line]
        mailbox.abandon()
    assert [int(ref.uid) for ref in found] == list(range(159_991, 160_001))
    assert len(searches) == 1
    assert searches[0].split(b"SEARCH ")[1].strip() == b"UID 159991:*"


def test_K3_listing_from_the_beginning_of_a_huge_folder_is_read_in_parts():
    many = dict.fromkeys(range(FIRST_UID, FIRST_UID + 160_000), b"raw")
    with LyingImap(many) as server:
        mailbox = connect(server)

        found = mailbox.find(Question(Listing.ABOVE))

        mailbox.abandon()
    assert len(found) == len(many)
