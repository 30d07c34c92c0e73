"""Which attachments are held back, and what is said about the others."""

import re
from dataclasses import dataclass
from email.message import Message
from enum import Enum

from .archives import has_ole_macros, look_into
from .file_kind import EXPECTED, Kind, kind_of
from .scanning import digest_of

# What runs when it is opened, on the systems that people use; after the lists of
# Outlook ("Blocked attachments in Outlook") and Gmail ("File types blocked in Gmail").
BLOCKED_EXTENSIONS = (
    "ade adp apk app appx appxbundle bat cab chm cmd com cpl diagcab dll dmg elf exe "
    "gadget hta img inf ins iso isp jar jnlp js jse lib library-ms lnk mde msc msi "
    "msix msixbundle msp mst nsh pif ps1 psc1 psm1 reg scf scr sct settingcontent-ms "
    "sh shb sys theme url vb vbe vbs vhd vhdx vxd wsc wsf wsh xll"
)
_BLOCKED_KINDS = (
    Kind.EXECUTABLE,
    Kind.SCRIPT,
    Kind.SHORTCUT,
    Kind.DISK_IMAGE,
    Kind.INSTALLER,
)
# Characters that turn the direction of reading: behind one "gpj.exe" is "exe.jpg".
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Finding(str, Enum):
    """What is said about a file; each has a text of its own."""

    BLOCKED_NAME = "blocked_name"
    BLOCKED_KIND = "blocked_kind"
    BLOCKED_INSIDE = "blocked_inside"
    BOMB = "bomb"
    MACROS = "macros"
    ENCRYPTED = "encrypted"
    DISGUISED = "disguised"
    TURNED_NAME = "turned_name"
    INFECTED = "infected"
    NOT_SCANNED = "not_scanned"


@dataclass(frozen=True)
class FilePolicy:
    """What is held back: files with these ``extensions``, whatever runs by its content
    and, if wanted, documents with macros and encrypted archives."""

    extensions: frozenset = frozenset(BLOCKED_EXTENSIONS.split())
    holds_macros: bool = False
    holds_encrypted: bool = False


@dataclass(frozen=True)
class File:
    """A file of a message, and what was found about it."""

    name: str
    size: int
    digest: str
    findings: tuple = ()


@dataclass(frozen=True)
class Opinion:
    """Why a file is held back, and what else is to be known of it."""

    held: tuple = ()
    notes: tuple = ()

    @property
    def is_held(self):
        return bool(self.held)


def read_extensions(text):
    """Return the extensions that a person entered, without dots."""
    words = re.split(r"[\s,;]+", (text or "").lower())
    return frozenset(filter(None, (word.lstrip("*").lstrip(".") for word in words)))


def examine_file(name, content, policy, scan=None):
    """Return the :class:`Opinion` on a file.

    :param content: its bytes
    :param scan: the :class:`~.scanning.Scan` of its message, if there was one
    :returns: findings are pairs of a :class:`Finding` and a detail
    """
    held, notes = [], []
    if scan and scan.infected and not scan.is_in_text:
        if digest_of(content) not in scan.clean:
            held.append((Finding.INFECTED, scan.infected))
    elif scan and scan.missing:
        notes.append((Finding.NOT_SCANNED, scan.missing))
    extension = extension_of(name)
    kind = kind_of(content)
    if extension in policy.extensions:
        held.append((Finding.BLOCKED_NAME, extension))
    if kind in _BLOCKED_KINDS:
        held.append((Finding.BLOCKED_KIND, kind.value))
    if _BIDI.search(name):
        notes.append((Finding.TURNED_NAME, ""))
    expected = EXPECTED.get(extension)
    if expected and kind not in expected and not held:
        notes.append((Finding.DISGUISED, extension))
    has_macros = False
    if kind is Kind.ZIP:
        contents = look_into(content)
        has_macros = contents.has_macros
        held += _held_inside(contents, extension, policy)
        if contents.is_encrypted:
            wanted = held if policy.holds_encrypted else notes
            wanted.append((Finding.ENCRYPTED, ""))
    elif kind is Kind.OLE:
        has_macros = has_ole_macros(content)
    if has_macros:
        (held if policy.holds_macros else notes).append((Finding.MACROS, ""))
    return Opinion(tuple(held), tuple(notes))


def _held_inside(contents, extension, policy):
    if contents.is_bomb:
        yield Finding.BOMB, ""
    if contents.has_manifest and not contents.is_document and extension != "zip":
        # Java by its content, whatever it is called; OpenDocument has another manifest.
        yield Finding.BLOCKED_KIND, Kind.EXECUTABLE.value
    if not contents.is_document:
        inside = [n for n in contents.names if extension_of(n) in policy.extensions]
        if inside:
            yield Finding.BLOCKED_INSIDE, inside[0][-100:]


def extension_of(name):
    """Return the extension that a system goes by: it ignores dots and blanks behind."""
    name = _BIDI.sub("", name).rpartition("/")[2].rpartition("\\")[2]
    name = name.split("\x00")[0].rstrip(". \u00a0")
    return name.rpartition(".")[2].lower().strip() if "." in name else ""


def bytes_of(content):
    """Return the bytes of what Python's ``email`` hands out as a part's content."""
    if isinstance(content, str):
        return content.encode("utf-8", "surrogateescape")
    if isinstance(content, Message):
        return content.as_bytes()
    return bytes(content or b"")
