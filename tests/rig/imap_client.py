"""What other people do to a mailbox of the rig, with a client of their own."""

from collections.abc import Iterator
from contextlib import contextmanager

from imapclient import SEEN, IMAPClient

from tests.rig.pytest_fixtures import Mailbox


@contextmanager
def logged_in(mailbox: Mailbox, folder: str = "INBOX") -> Iterator[IMAPClient]:
    """Yield a client that has opened ``folder``."""
    server = mailbox.server
    with IMAPClient(server.host, server.imap_port, ssl=False) as client:
        client.login(mailbox.address, mailbox.password)
        client.select_folder(folder)
        yield client


def mark_as_read(mailbox: Mailbox, folder: str = "INBOX") -> None:
    """Read all that is in a folder, as a person with a phone does."""
    with logged_in(mailbox, folder) as client:
        client.add_flags(client.search("ALL"), [SEEN])


def uids_in(mailbox: Mailbox, folder: str = "INBOX") -> list[int]:
    """Return the UIDs of a folder's messages."""
    with logged_in(mailbox, folder) as client:
        return client.search("ALL")
