"""Looks into archives without unpacking them."""

import io
import zipfile
from dataclasses import dataclass

from .file_kind import Kind, kind_of

# Of one attachment: so many files are looked at, in archives inside archives so deep.
MAX_FILES = 2000
MAX_DEPTH = 3
# An archive that is larger by so much unpacked is there to fill a disk.
MAX_RATIO = 100
MIN_SUSPECT = 10 * 1024 * 1024
# An archive inside another is unpacked to be looked into up to this size.
MAX_INNER = 20 * 1024 * 1024

# Office's macros: the project of Office Open XML, and of the formats before it.
_OPEN_XML_MACROS = "vbaproject.bin"
_OLE_MACROS = tuple(
    name.encode("utf-16-le") for name in ("_VBA_PROJECT", "VBA_PROJECT_CUR")
)


@dataclass
class Contents:
    """What an archive holds: the ``names`` of its files, in archives inside as well.

    ``is_bomb``: it is larger, deeper or fuller than anybody sends. ``is_unreadable``:
    it cannot be looked into.
    """

    names: list
    is_encrypted: bool = False
    is_bomb: bool = False
    is_unreadable: bool = False
    has_macros: bool = False
    is_document: bool = False
    has_manifest: bool = False


def look_into(content):
    """Return the :class:`Contents` of a ZIP file, of which Office's are some."""
    contents = Contents(names=[])
    _look(content, contents, 1)
    return contents


def has_ole_macros(content):
    """Say whether a document of Office up to 2003 holds a macro project."""
    return any(name in content for name in _OLE_MACROS)


def _look(content, contents, depth):
    if depth > MAX_DEPTH:
        contents.is_bomb = True
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        infos = archive.infolist()
    except Exception:  # seen: BadZipFile, NotImplementedError, struct.error, ValueError
        contents.is_unreadable = True
        return
    unpacked = sum(info.file_size for info in infos)
    if unpacked > MIN_SUSPECT and unpacked > MAX_RATIO * max(len(content), 1):
        contents.is_bomb = True
        return
    for info in infos:
        if len(contents.names) >= MAX_FILES:
            contents.is_bomb = True
            return
        _note(archive, info, contents, depth)


def _note(archive, info, contents, depth):
    name = info.filename
    contents.names.append(name)
    lower = name.lower()
    contents.has_macros |= lower.endswith(_OPEN_XML_MACROS)
    if depth == 1:
        contents.is_document |= lower == "[content_types].xml"
        contents.has_manifest |= lower == "meta-inf/manifest.mf"
    if info.flag_bits & 1:
        contents.is_encrypted = True
        return
    if info.is_dir() or info.file_size > MAX_INNER:
        return
    if not lower.endswith((".zip", ".jar", ".docm", ".xlsm", ".pptm")):
        return
    try:
        with archive.open(info) as inner:
            data = inner.read(MAX_INNER + 1)
    except Exception:  # a wrong size, checksum or method; no password
        contents.is_unreadable = True
        return
    if len(data) > MAX_INNER:
        contents.is_bomb = True
    elif kind_of(data) is Kind.ZIP:
        _look(data, contents, depth + 1)
