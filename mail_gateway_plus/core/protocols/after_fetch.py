"""What is done in the mailbox with a message that the journal holds."""

from dataclasses import dataclass, replace
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

    @property
    def takes_away(self):
        """Whether the message is no longer where it was afterwards."""
        return self.delete_at_once or self.action is AfterFetch.MOVE

    def keeping(self):
        """Return the policy for a message that has to stay where it is."""
        is_moved = self.action is AfterFetch.MOVE
        action = AfterFetch.LEAVE if is_moved else self.action
        return replace(self, action=action, delete_at_once=False)
