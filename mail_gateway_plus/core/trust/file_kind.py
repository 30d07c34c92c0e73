"""Tells what a file is by its first bytes, whatever it is called."""

import re
from enum import Enum

# What is looked at of a file that may be text.
HEAD = 4096


class Kind(str, Enum):
    """Kinds of file that the policy distinguishes; all others are OTHER."""

    EXECUTABLE = "executable"
    SCRIPT = "script"
    SHORTCUT = "shortcut"
    DISK_IMAGE = "disk_image"
    INSTALLER = "installer"
    HTML = "html"
    SVG = "svg"
    ZIP = "zip"
    ARCHIVE = "archive"
    OLE = "ole"
    PDF = "pdf"
    PICTURE = "picture"
    OTHER = "other"


# Offset, bytes, kind. Sources: the formats' own documents, and file(1)'s magic.
_SIGNATURES = (
    (0, b"MZ", Kind.EXECUTABLE),  # DOS, Windows
    (0, b"\x7fELF", Kind.EXECUTABLE),
    (0, b"\xfe\xed\xfa\xce", Kind.EXECUTABLE),  # Mach-O
    (0, b"\xfe\xed\xfa\xcf", Kind.EXECUTABLE),
    (0, b"\xce\xfa\xed\xfe", Kind.EXECUTABLE),
    (0, b"\xcf\xfa\xed\xfe", Kind.EXECUTABLE),
    (0, b"\xca\xfe\xba\xbe", Kind.EXECUTABLE),  # Mach-O of many kinds, Java
    (0, b"dex\n", Kind.EXECUTABLE),  # Android
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", Kind.SHORTCUT),  # .lnk
    (0, b"[InternetShortcut]", Kind.SHORTCUT),
    (0x8001, b"CD001", Kind.DISK_IMAGE),  # ISO 9660
    (0, b"conectix", Kind.DISK_IMAGE),  # VHD
    (0, b"vhdxfile", Kind.DISK_IMAGE),
    (0, b"ITSF", Kind.SCRIPT),  # compiled help, which runs scripts
    (0, b"\xed\xab\xee\xdb", Kind.INSTALLER),  # RPM
    (0, b"!<arch>\ndebian", Kind.INSTALLER),
    (0, b"PK\x03\x04", Kind.ZIP),
    (0, b"PK\x05\x06", Kind.ZIP),
    (0, b"7z\xbc\xaf\x27\x1c", Kind.ARCHIVE),
    (0, b"Rar!\x1a\x07", Kind.ARCHIVE),
    (0, b"\x1f\x8b", Kind.ARCHIVE),
    (0, b"BZh", Kind.ARCHIVE),
    (0, b"\xfd7zXZ\x00", Kind.ARCHIVE),
    (0, b"MSCF", Kind.ARCHIVE),
    (257, b"ustar", Kind.ARCHIVE),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OLE),  # Office up to 2003, MSI
    (0, b"\x89PNG\r\n\x1a\n", Kind.PICTURE),
    (0, b"\xff\xd8\xff", Kind.PICTURE),
    (0, b"GIF8", Kind.PICTURE),
    (0, b"BM", Kind.PICTURE),
)
# What a file of such a name has to be; others may be anything.
EXPECTED = {
    "pdf": (Kind.PDF,),
    "png": (Kind.PICTURE,),
    "jpg": (Kind.PICTURE,),
    "jpeg": (Kind.PICTURE,),
    "gif": (Kind.PICTURE,),
    "docx": (Kind.ZIP, Kind.OLE),  # OLE when it is encrypted
    "xlsx": (Kind.ZIP, Kind.OLE),
    "pptx": (Kind.ZIP, Kind.OLE),
    "odt": (Kind.ZIP,),
    "ods": (Kind.ZIP,),
    "zip": (Kind.ZIP,),
}

_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_HTML = re.compile(rb"<(!doctype\s+html|html|head|body|script|iframe)[\s>]", re.I)
_SCRIPT_START = re.compile(rb"(#!|<\?php|<%@|@echo\s)", re.IGNORECASE)


def kind_of(content):
    """Return the :class:`Kind` of a file's content."""
    for offset, magic, kind in _SIGNATURES:
        if content[offset : offset + len(magic)] == magic:
            return kind
    if b"%PDF-" in content[:1024]:  # readers find it there (ISO 32000 annex H)
        return Kind.PDF
    head = _as_text(content[:HEAD])
    if _SCRIPT_START.match(head):
        return Kind.SCRIPT
    if _SVG.search(head):
        return Kind.SVG
    return Kind.HTML if _HTML.search(head) else Kind.OTHER


def _as_text(head):
    """Return the beginning of a text without its mark and in one byte a letter."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "replace").encode("utf-8", "replace")
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()
