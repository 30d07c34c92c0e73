"""What Odoo's parser chokes on is mended, and nothing else is touched."""

import email
import re
import time
from email.policy import SMTP
from pathlib import Path

import pytest
from mgp_core.parsing.mender import (
    MAX_DEPTH,
    MAX_INLINE_BYTES,
    MAX_INLINE_TEXTS,
    MAX_PARTS,
    Mend,
    mend,
)
from mgp_core.parsing.reading import can_be_read
from mgp_core.parsing.renaming import rename
from mgp_core.policy.identity import content_fingerprint, synthetic_id

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
CORPUS_FILES = sorted(CORPUS.rglob("*.eml"))
ID = b"Message-ID: <1@city.example>\r\n"
TEXT = b"Content-Type: text/plain; charset=%s\r\n\r\n"


def parsed(raw):
    """Return the mended message as Odoo's parser has it."""
    mended = mend(raw)
    assert can_be_read(mended.raw)
    return email.message_from_bytes(mended.raw, policy=SMTP)


def mends(raw):
    return [note.mend for note in mend(raw).notes]


def multipart(*parts, kind=b"mixed"):
    head = b'Content-Type: multipart/%s; boundary="b"\r\n\r\n' % kind
    return head + b"".join(b"--b\r\n" + p + b"\r\n" for p in parts) + b"--b--\r\n"


# ------------------------------------------------------------------- what is sound


@pytest.mark.parametrize(
    "raw",
    [
        ID + b"\r\nplain",
        ID.replace(b"\r\n", b"\n") + b"\nline ends of Unix",
        ID + b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n",
        ID + "Subject: Grüße\r\n\r\n".encode(),
        ID + b"To: undisclosed-recipients:;\r\n\r\n",
        ID + b'To: "O\'Neil, Ann" <ann@x.example>,\r\n bob@x.example\r\n\r\n',
        ID + TEXT % b"utf-8" + "Grüße".encode(),
        ID + TEXT % b"iso-8859-1" + b"Gr\xfc\xdfe",
        ID + TEXT % b'"utf-16"' + "Grüße".encode("utf-16"),
        ID + multipart(TEXT % b"utf-8" + b"a", b"Content-Type: image/png\r\n\r\n\0\1"),
        ID + multipart(b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nb"),
        b"From ann Mon Nov 2\r\n" + ID + b"\r\nmbox",
    ],
)
def test_sound_message_comes_back_as_it_is(raw):
    mended = mend(raw)

    assert mended.raw is raw
    assert mended.notes == ()
    assert mended.message_id == "<1@city.example>"


def test_sound_message_costs_little():
    attachment = b"A" * 76 + b"\r\n"
    raw = ID + multipart(
        TEXT % b"utf-8" + "Grüße\r\n".encode() * 500,
        b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + attachment * 2600,
    )
    assert len(raw) > 200_000
    times = []
    for _try in range(20):
        started = time.process_time()
        assert mend(raw).raw is raw
        times.append(time.process_time() - started)

    assert min(times) < 0.005


# ----------------------------------------------------------------------- headers


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("To", b"unlisted-recipients:; (no To-header on input)", None),
        ("From", b"=?utf-8?q?A=0D=0AB?= <a@x.example>", "A B <a@x.example>"),
        ("Subject", b"a\0b", "a b"),
        ("Subject", b"=?utf-8?q?a=00b?=", "a b"),
        ("Subject", b"=?utf-8?q?=0D=0ABcc:_x?=", "Bcc: x"),
        ("Subject", b"=?utf-7?q?+2AA-?=", "?"),
        ("Subject", b"Gr\xfc\xdfe aus K\xf6ln", "Grüße aus Köln"),
        ("From", b"Gr\xfc\xdfe <a@x.example>", "Grüße <a@x.example>"),
        ("Cc", b"(" * 900 + b" a@x.example", "a@x.example"),
        ("Cc", b'"' * 30_000 + b" a@x.example", "a@x.example"),
        ("Subject", b"x" * 200_000, "x" * 1000),
    ],
)
def test_unreadable_header_says_the_same_as_far_as_it_can(name, value, read):
    raw = ID + name.encode() + b": " + value + b"\r\nX-Next: stays\r\n\r\nbody\r\n"
    started = time.process_time()

    message = parsed(raw)

    assert message[name] == read
    assert message["X-Next"] == "stays"
    assert message.get_content() == "body\r\n"
    assert Mend.HEADER in mends(raw)
    assert time.process_time() - started < 1


def test_header_of_a_part_is_mended_too():
    part = b'Content-Type: image/png\r\nContent-Disposition: attachment; filename="'
    message = parsed(ID + multipart(part + b'Gr\xfc\xdfe.png"\r\n\r\n\1\2'))

    (attachment,) = message.iter_parts()
    assert attachment.get_content() == b"\1\2"
    assert attachment.get_filename().endswith(".png")


@pytest.mark.parametrize(
    "value",
    [b"<>", b"", b"<[1@microsoft.com]>", b"<%s@x>" % (b"1" * 3000), b"<\xfc@x>", b"\0"],
)
def test_unusable_message_id_is_replaced_by_one_of_the_content(value):
    raw = b"Subject: a\r\nMessage-ID: " + value + b"\r\n\r\nbody"

    mended = mend(raw)

    if Mend.NO_ID in mends(raw):
        expected = synthetic_id(content_fingerprint(raw, has_id=False))
        assert mended.message_id == expected
    else:  # newer versions of Python can read it
        assert value == b"<[1@microsoft.com]>"
    assert str(parsed(raw)["Message-ID"]).strip() == mended.message_id


@pytest.mark.parametrize("raw", [b"", b"body", b"\r\nbody", b" x\r\nbody", b"From x\n"])
def test_message_without_headers_gets_an_id(raw):
    message = parsed(raw)

    assert message["Message-ID"] == mend(raw).message_id
    assert (b"body" in raw) == (b"body" in bytes(message))


# ------------------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("charset", "payload", "text"),
    [
        (b"x-unknown", "Grüße".encode(), "Grüße"),
        (b"unknown-8bit", "Grüße".encode(), "Grüße"),
        (b'""', "Grüße".encode(), "Grüße"),
        (b"binary", b"plain", "plain"),
        (b"rot13", b"plain", "plain"),
        (b"us-ascii", "Grüße".encode(), "Grüße"),
        (b"utf-8", b"Gr\xfc\xdfe aus K\xf6ln", "Grüße aus Köln"),
        (b"x-gbk", "你好，世界".encode("gbk"), "你好，世界"),
        (b"gb2312", "镕基".encode("gbk"), "镕基"),
        (b"_iso-2022-jp$ESC", "日本語".encode("iso-2022-jp"), "日本語"),
        (b"charset=us-ascii", b"plain", "plain"),
        (b"utf-8", b"a\0b", "ab"),
    ],
)
@pytest.mark.parametrize("in_part", [False, True], ids=["message", "part"])
def test_text_is_read_by_a_charset_that_decodes_it(charset, payload, text, in_part):
    body = TEXT % charset + payload
    message = parsed(ID + (multipart(body) if in_part else body))

    part = next(message.iter_parts()) if in_part else message
    assert part.get_content().strip() == text


def test_text_without_a_label_is_read_as_utf_8():
    assert parsed(ID + "\r\nGrüße".encode()).get_content() == "Grüße"


def test_text_attachment_keeps_its_bytes():
    data = bytes(range(128, 256))
    head = b"Content-Type: text/csv\r\nContent-Disposition: attachment\r\n\r\n"
    (part,) = parsed(ID + multipart(head + data)).iter_parts()

    assert part.get_content().encode(part.get_content_charset()) == data


# --------------------------------------------------------------------- structure


def test_truncated_multipart_keeps_its_text():
    raw = (ID + multipart(TEXT % b"utf-8" + b"first", b"second"))[:-12]

    assert parsed(raw).get_payload(0).get_content() == "first"


@pytest.mark.parametrize("parameter", [b"", b"; boundary=other", b'; boundary=""'])
def test_multipart_without_parts_is_text(parameter):
    raw = (
        ID
        + b"Content-Type: multipart/mixed"
        + parameter
        + b"\r\n\r\nGr\xc3\xbc\xc3\x9fe"
    )

    assert parsed(raw).get_content() == "Grüße"
    assert mends(raw) == [Mend.STRUCTURE]


def test_message_that_cannot_be_written_anew_is_kept_as_bytes():
    inner = b"Message-ID: <>\r\nTo: a:; (b)\r\nContent-Type: message/partial\r\n\r\nin"
    part = b"Content-Type: message/rfc822\r\n\r\n" + inner

    assert can_be_read(mend(ID + multipart(part)).raw)


def test_deeper_parts_than_the_limit_stay_closed():
    raw = ID
    for level in range(MAX_DEPTH * 10):
        raw += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (
            level,
            level,
        )

    assert Mend.LIMIT in mends(raw)
    assert can_be_read(mend(raw).raw)


def test_endless_message_inside_becomes_an_attachment():
    endless = multipart(*[b"\r\nmore"] * MAX_PARTS).replace(b'"b"', b'"c"')
    endless = endless.replace(b"--b", b"--c")
    raw = ID + multipart(
        b"\r\nhello", b"Content-Type: message/rfc822\r\n\r\n" + endless, b"\r\nbye"
    )

    first, attached, last = parsed(raw).iter_parts()

    assert first.get_content() == "hello"
    assert attached.get_content() == endless
    assert attached.get_filename() == "message.eml"
    assert last.get_content() == "bye"


def test_message_of_too_many_parts_is_enclosed():
    raw = ID + multipart(*[b"\r\nmore"] * MAX_PARTS)

    (attached,) = parsed(raw).iter_attachments()

    assert attached.get_content() == raw
    assert mends(raw) == [Mend.ENCLOSED]


def test_more_texts_than_the_limit_are_attached():
    html = b"Content-Type: text/html\r\n\r\n<p>x</p>"
    message = parsed(ID + multipart(*[html] * (MAX_INLINE_TEXTS + 2)))

    attached = [part.is_attachment() for part in message.iter_parts()]
    assert attached == [False] * MAX_INLINE_TEXTS + [True] * 2


def test_text_over_the_limit_is_enclosed_whole():
    raw = ID + b"\r\n" + b"x" * (MAX_INLINE_BYTES + 1)

    (attached,) = parsed(raw).iter_attachments()

    assert attached.get_content() == raw


@pytest.mark.parametrize(
    "raw",
    [
        b"To: a:;(b)\n" * 20_000,
        ID + b"Content-Type: message/rfc822\r\n\r\n" + b"To: a:;(b)\n" * 200_000,
        ID + multipart(b"--\r\n" * 500_000),
        ID + multipart(b"Content-Type: multipart/mixed; boundary=c\r\n\r\n") * 5_000,
        b": \r\n" * 500_000,
    ],
    ids=["headers", "headers inside", "dashes", "parts", "lines"],
)
def test_hostile_message_ends_in_bounded_time(raw):
    started = time.process_time()

    mended = mend(raw)

    assert time.process_time() - started < 10
    assert can_be_read(mended.raw)


# ------------------------------------------------------------------------ others


@pytest.mark.skipif(not CORPUS_FILES, reason=f"no messages below {CORPUS}")
@pytest.mark.parametrize("path", CORPUS_FILES, ids=lambda path: path.name)
def test_message_that_others_found_hard_is_readable_and_stays_so(path):
    raw = path.read_bytes()

    mended = mend(raw)

    assert can_be_read(mended.raw)
    assert mend(mended.raw).raw == mended.raw
    if not mended.notes:
        assert mended.raw is raw


def test_renamed_message_keeps_everything_else():
    raw = ID + b"References: <0@x>\r\nSubject: a\r\n\r\nbody: <1@city.example>\r\n"

    renamed = rename(raw, "<2@x>", "<9@x>")

    message = email.message_from_bytes(renamed, policy=SMTP)
    assert message["Message-ID"] == "<2@x>"
    assert message["X-Original-Message-ID"] == "<1@city.example>"
    assert re.findall(r"<[^>]*>", message["References"]) == ["<0@x>", "<9@x>"]
    assert renamed.endswith(b"Subject: a\r\n\r\nbody: <1@city.example>\r\n")
