"""Looking for the marked mail in a mailbox, its spam folder included."""

from dataclasses import dataclass, field

from imapclient.exceptions import IMAPClientError
from imapclient.imapclient import JUNK

from .hops import read_journey
from .mark import HEADER, find_mark

# More copies than this of one mail are not looked at.
MAX_COPIES = 5


@dataclass(frozen=True)
class Found:
    """A copy of the mail: where it lies, and its header."""

    folder: str
    uidvalidity: str
    uid: str
    is_spam: bool
    head: bytes = field(repr=False)

    @property
    def journey(self):
        """Return the way that it took."""
        return read_journey(self.head)


def find_marked(client, folders, mark, message_id):
    """Look for a mail in these folders and in the one for spam; change nothing.

    The spam folder is the one that the server names for it (RFC 6154 section 2), else
    one of a usual name. By Message-ID as well: some servers search no other header.

    :param client: a logged-in ``IMAPClient``
    :returns: a list of :class:`Found`
    """
    junk = client.find_special_folder(JUNK)
    names = dict.fromkeys([*folders, *([junk] if junk else [])])
    found = []
    for name in names:
        try:
            selected = client.select_folder(name, readonly=True)
        except IMAPClientError:
            continue  # that a folder is missing is for the fetching to tell
        validity = str(selected.get(b"UIDVALIDITY", ""))
        for uid, head in _heads(client, mark, message_id):
            found.append(Found(name, validity, str(uid), name == junk, head))
    return found


def _heads(client, mark, message_id):
    """Yield UID and header of the copies in the open folder."""
    uids = client.search(["HEADER", HEADER, mark.nonce])
    if not uids and message_id:
        uids = client.search(["HEADER", "Message-ID", message_id])
    uids = sorted(uids)[-MAX_COPIES:]
    if not uids:
        return
    answers = client.fetch(uids, ["BODY.PEEK[HEADER]"])
    for uid in uids:
        head = answers.get(uid, {}).get(b"BODY[HEADER]")
        # Only what carries the mark: a Message-ID may be anybody's.
        if head and find_mark(head)[0] == mark:
            yield uid, head
