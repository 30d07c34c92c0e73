"""Which attachments are held back, by name and by content."""

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mgp_core.trust.file_kind import Kind, kind_of
from mgp_core.trust.file_policy import (
    FilePolicy,
    Finding,
    examine_file,
    extension_of,
    read_extensions,
)

POLICY = FilePolicy()
PNG = b"\x89PNG\r\n\x1a\n...."
EXE = b"MZ\x90\x00...."
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...."


def zipped(files, method=zipfile.ZIP_DEFLATED):
    """Return a ZIP file of these names and contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def held(name, content, policy=POLICY):
    return [finding for finding, _detail in examine_file(name, content, policy).held]


def notes(name, content, policy=POLICY):
    return [finding for finding, _detail in examine_file(name, content, policy).notes]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (EXE, Kind.EXECUTABLE),
        (b"\x7fELF\x02", Kind.EXECUTABLE),
        (b"#!/bin/sh\nrm", Kind.SCRIPT),
        (b"\xef\xbb\xbf  <?php ?>", Kind.SCRIPT),
        (b"L\x00\x00\x00\x01\x14\x02\x00", Kind.SHORTCUT),
        (b"\x00" * 0x8001 + b"CD001", Kind.DISK_IMAGE),
        (b"junk %PDF-1.7", Kind.PDF),
        (b"<?xml version='1.0'?><svg onload='x'/>", Kind.SVG),
        (b"<!DOCTYPE html><p>", Kind.HTML),
        ("<html><p>".encode("utf-16"), Kind.HTML),
        (PNG, Kind.PICTURE),
        (b"plain words", Kind.OTHER),
        (b"", Kind.OTHER),
    ],
)
def test_kind_is_told_by_content(content, kind):
    assert kind_of(content) is kind


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("invoice.pdf.EXE", "exe"),
        ("invoice.exe.", "exe"),
        ("invoice.exe . ", "exe"),
        ("invoice\u202egpj.exe", "exe"),
        ("C:\\x\\run.bat", "bat"),
        ("a.exe\x00.pdf", "exe"),
        ("README", ""),
        ("", ""),
    ],
)
def test_extension_is_the_one_that_a_system_goes_by(name, extension):
    assert extension_of(name) == extension


def test_what_runs_is_held_back_by_its_name():
    assert held("run.js", b"alert(1)") == [Finding.BLOCKED_NAME]


def test_what_runs_is_held_back_whatever_it_is_called():
    assert held("holiday.jpg", EXE) == [Finding.BLOCKED_KIND]
    assert held("readme.txt", b"#!/bin/sh\n") == [Finding.BLOCKED_KIND]


def test_harmless_files_pass():
    for name, content in [("a.png", PNG), ("a.txt", b"text"), ("a.html", b"<html>")]:
        assert examine_file(name, content, POLICY) == examine_file("b", b"", POLICY)


def test_disguise_is_noted():
    assert notes("photo.jpg", b"<html><script>") == [Finding.DISGUISED]
    assert notes("photo.jpg", PNG) == []
    assert notes("a\u202etxt.png", PNG) == [Finding.TURNED_NAME]


def test_macros_are_noted_or_held_back():
    document = zipped({"[Content_Types].xml": "", "word/vbaProject.bin": "x"})
    old = OLE + "_VBA_PROJECT".encode("utf-16-le")
    strict = FilePolicy(holds_macros=True)
    for name, content in [("a.docm", document), ("a.docx", document), ("a.doc", old)]:
        assert notes(name, content) == [Finding.MACROS]
        assert held(name, content, strict) == [Finding.MACROS]
    assert notes("a.docx", zipped({"[Content_Types].xml": ""})) == []


def test_archive_with_what_runs_is_held_back():
    inner = zipped({"run.exe": EXE})
    assert held("a.zip", inner) == [Finding.BLOCKED_INSIDE]
    assert held("a.zip", zipped({"b.zip": inner})) == [Finding.BLOCKED_INSIDE]
    assert held("a.zip", zipped({"b.txt": "text"})) == []


def test_java_is_held_back_under_any_name():
    jar = zipped({"META-INF/MANIFEST.MF": "", "A.class": ""})
    assert held("a.jar", jar) == [Finding.BLOCKED_NAME, Finding.BLOCKED_KIND]
    assert held("a.dat", jar) == [Finding.BLOCKED_KIND]


def test_encrypted_archive_is_noted_or_held_back():
    archive = bytearray(zipped({"a.txt": "text"}))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = archive.index(magic) + offset
        flags = struct.unpack_from("<H", archive, at)[0]
        struct.pack_into("<H", archive, at, flags | 1)
    assert notes("a.zip", bytes(archive)) == [Finding.ENCRYPTED]
    strict = FilePolicy(holds_encrypted=True)
    assert held("a.zip", bytes(archive), strict) == [Finding.ENCRYPTED]


def test_bombs_are_held_back_unopened():
    wide = zipped({f"{number}": "" for number in range(2001)})
    flat = zipped({"a": b"0" * 20_000_000})
    deep = zipped({"a.zip": zipped({"a.zip": zipped({"a.zip": zipped({"b": ""})})})})
    for bomb in wide, flat, deep:
        assert Finding.BOMB in held("a.zip", bomb)


def test_archive_that_lies_about_its_sizes_does_not_raise():
    archive = bytearray(zipped({"a.zip": zipped({"b": "text"})}))
    at = archive.index(b"PK\x01\x02") + 24
    struct.pack_into("<L", archive, at, 5)
    examine_file("a.zip", bytes(archive), POLICY)
    examine_file("a.zip", b"PK\x03\x04 broken", POLICY)


@given(st.text(max_size=50), st.binary(max_size=300))
def test_no_file_makes_it_raise(name, content):
    for start in (b"", b"PK\x03\x04", b"MZ", OLE):
        examine_file(name, start + content, POLICY)


def test_extensions_are_read_as_people_write_them():
    assert read_extensions(" .EXE, *.js;bat\ncmd") == {"exe", "js", "bat", "cmd"}
