"""What is done in the mailbox with a message that the journal holds."""

from dataclasses import dataclass
from enum import Enum


class AfterFetch(str, Enum):
    """How an IMAP message shows that it was fetched."""

    LEAVE = "leave"
    READ = "read"
    KEYWORD = "keyword"
    MOVE = "move"


@dataclass(frozen=True)
class Aftercare:
    """The policy of one mailbox.

    ``delete_at_once`` goes before everything else; deleting after some days is left to
    the journal, which knows since when it holds a message.
    """

    action: AfterFetch = AfterFetch.READ
    keyword: str = ""
    folder: str = ""
    delete_at_once: bool = False
