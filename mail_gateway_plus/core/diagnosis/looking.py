"""The last steps of the ladder for mailboxes: folders, and what lies in them."""

import poplib
from dataclasses import dataclass, field

from imapclient.exceptions import IMAPClientError

from ..errors import FolderUnavailable, ProtocolViolation
from ..protocols.mailbox import MessageRef
from ..protocols.pop3 import FOLDER, is_refusal
from .advice_keys import Advice
from .steps import Finding, Protocol, Step, StepState

MAX_FOLDERS = 100
# Of each of the newest messages: what tells where it would go, not the attachments.
MAX_MESSAGE_BYTES = 256 * 1024
TOP_LINES = 500
# Uses of folders (RFC 6154 section 2).
SPECIAL_USES = {
    "\\all",
    "\\archive",
    "\\drafts",
    "\\flagged",
    "\\junk",
    "\\sent",
    "\\trash",
}


@dataclass(frozen=True)
class Seen:
    """A message that was looked into: its place, and its beginning."""

    ref: MessageRef
    raw: bytes = field(repr=False)


def folders(climb):
    """Open each folder and tell what can be done there.

    :raises FolderUnavailable: if there is none of that name
    """
    if climb.target.protocol is Protocol.POP:
        return _only_folder(climb)
    climb.details = {"folders": [], **_listing(climb)}
    client = climb.session.client
    for name in climb.target.folders:
        unread = _unread(client, name)
        try:
            selected = client.select_folder(name)
        except IMAPClientError as error:
            # imaplib's class for a folder that went read-only is among them.
            if "READ-ONLY" not in str(error).upper():
                raise FolderUnavailable(str(error)) from error
            selected = client.select_folder(name, readonly=True)
        climb.details["folders"].append(_status(name, selected, unread))
    return _judged(climb)


def _unread(client, name):
    """Return how many messages are unread, ``None`` where the server does not tell.

    Not by SEARCH, whose answer has a line for all of them.
    """
    try:
        return client.folder_status(name, ["UNSEEN"]).get(b"UNSEEN")
    except IMAPClientError:  # whether there is such a folder is found out next
        return None


def _status(name, selected, unread):
    messages = selected.get(b"EXISTS", 0)
    flags = {
        flag.decode("ascii", "replace") for flag in selected.get(b"PERMANENTFLAGS", ())
    }
    return {
        "name": name,
        "messages": messages,
        "unread": unread,
        "writable": b"READ-ONLY" not in selected,
        "keywords": "\\*" in flags,
        "uidvalidity": str(selected.get(b"UIDVALIDITY", "")),
        "uidnext": selected.get(b"UIDNEXT") or 0,
    }


def _judged(climb):
    cannot = [f["name"] for f in climb.details["folders"] if not f["writable"]]
    if not cannot:
        return Finding(climb.details)
    state = StepState.FAILED if climb.target.needs_flags else StepState.WARNING
    return Finding(climb.details, state, Advice.FOLDER_READ_ONLY)


def _listing(climb):
    """Return the names of the folders, and which of them have a special use."""
    names, special = [], {}
    for flags, _delimiter, name in climb.session.client.list_folders():
        names.append(name)
        for flag in flags:
            use = flag.decode("ascii", "replace").lower()
            if use in SPECIAL_USES:
                special[use.removeprefix("\\")] = name
    return {"names": names[:MAX_FOLDERS], "special": special}


def _only_folder(climb):
    messages, octets = climb.session.pop.stat()
    status = {"name": FOLDER, "messages": messages, "bytes": octets, "writable": True}
    climb.details = {"folders": [status]}
    with climb.transcript.aside(f"UIDL ({messages} messages)"):
        _uids(climb.session.pop)
    return Finding(climb.details)


def _uids(pop):
    """Return the lasting name of each message by its number.

    :raises ProtocolViolation: if the server has none
    """
    try:
        _response, listing, _octets = pop.uidl()
        pairs = [line.decode("ascii", "replace").split() for line in listing]
        return {int(number): uid for number, uid in pairs}
    except poplib.error_proto as error:
        if not is_refusal(error):
            raise
        raise ProtocolViolation("UIDL") from error
    except ValueError as error:  # no number, or no name
        raise ProtocolViolation("UIDL") from error


def newest(climb):
    """Look into the newest messages, and change nothing by it.

    They are left in ``climb.seen``; where they would go is for others to say.
    """
    count = climb.target.newest
    if climb.target.protocol is Protocol.POP:
        # Mails are nothing for a transcript.
        with climb.transcript.aside("UIDL, TOP …"):
            climb.seen = list(_newest_of_pop3(climb.session.pop, count))
    else:
        climb.seen = list(_newest_of_imap(climb, count))
    return Finding({"messages": []})


def _newest_of_imap(climb, count):
    client, status = climb.session.client, climb.details_of(Step.FOLDERS)["folders"][0]
    if not status["messages"]:
        return
    # Read-only and by PEEK: neither \Seen nor \Recent changes.
    client.select_folder(status["name"], readonly=True)
    first = max(1, status["messages"] - count + 1)
    found = sorted(client.search([f"{first}:*"]))
    for uid in reversed(found[-count:]):
        answer = client.fetch([uid], [f"BODY.PEEK[]<0.{MAX_MESSAGE_BYTES}>"])
        for key, value in answer.get(uid, {}).items():
            if key.startswith(b"BODY["):
                ref = MessageRef(status["name"], status["uidvalidity"], str(uid))
                yield Seen(ref, value or b"")


def _newest_of_pop3(pop, count):
    # TOP, which no server takes for having read the message (RFC 1939 section 7).
    uids = _uids(pop)
    for number in sorted(uids, reverse=True)[:count]:
        _response, lines, _octets = pop.top(number, TOP_LINES)
        raw = b"\r\n".join(lines)[:MAX_MESSAGE_BYTES]
        yield Seen(MessageRef(FOLDER, "", uids[number]), raw)
