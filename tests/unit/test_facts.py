"""What deciders see of a message."""

from email import message_from_bytes
from email.policy import SMTP

import pytest
from mgp_core.parsing.facts import MAX_TEXT_LENGTH, read_facts
from mgp_core.parsing.lightening import lighten, restore


def facts_of(raw):
    return read_facts(message_from_bytes(raw, policy=SMTP), len(raw))


LETTER = b"""\
From: "Diallo, Amina" <Amina@Home.Example>\r
To: Grievances <grievances@city.example>, info@city.example\r
Cc: INFO@city.example\r
Delivered-To: catch@city.example\r
Subject: =?utf-8?q?Caf=C3=A9?=\r
Received: from b\r
Received: from a\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/html\r
\r
<head><style>p {}</style></head><p>Dark&nbsp;street</p><p>for <b>weeks</b></p>\r
--b\r
Content-Type: image/png; name="lamp.png"\r
Content-Transfer-Encoding: base64\r
\r
aGVsbG8=\r
--b--\r
"""


def test_a_letter_is_told_in_plain_values():
    facts = facts_of(LETTER)
    assert (facts.sender, facts.sender_name) == ("amina@home.example", "Diallo, Amina")
    assert facts.recipients == (
        "grievances@city.example",
        "info@city.example",
        "catch@city.example",
    )
    assert facts.subject == "Café"
    assert facts.values("Received") == ["from b", "from a"]
    assert facts.value("X-Missing") == ""
    assert facts.text == "Dark street\nfor weeks"
    (file,) = facts.files
    assert (file.name, file.content_type, file.size) == ("lamp.png", "image/png", 6)
    assert facts.size == len(LETTER)


def test_plain_text_counts_where_there_is_some():
    plain = b"Content-Type: text/plain\r\n\r\nIt is dark.\r\n--b\r\n"
    raw = LETTER.replace(b"--b\r\n", b"--b\r\n" + plain, 1)
    assert facts_of(raw).text == "It is dark."


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff",
        b"From: \r\nTo: unlisted-recipients:;\r\n\r\n",
        b"From: =?utf-8?q?=0D=0A?= <a@b.c>\r\nMessage-ID: <>\r\n\r\ntext",
        b"Content-Type: text/html; charset=x-none\r\n\r\n<![bad <!doctype <p>x",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Disposition: attachment; filename*=bad''%ff\r\n\r\nx",
    ],
)
def test_no_message_raises(raw):
    assert facts_of(raw).size == len(raw)


def test_a_long_text_is_read_from_its_beginning():
    raw = b"Subject: long\r\n\r\n" + b"word " * MAX_TEXT_LENGTH
    text = facts_of(raw).text
    assert len(text) == MAX_TEXT_LENGTH and text.startswith("word word")


def test_a_large_part_is_measured_without_being_read():
    content = b"QUJD" * (1024 * 1024)
    raw = LETTER.replace(b"aGVsbG8=", content)
    light = lighten(raw)
    message = message_from_bytes(light.raw, policy=SMTP)

    def read(_start, _end):
        raise AssertionError("the part was read")

    restore(message, light.places, read)
    (file,) = read_facts(message).files
    assert file.size == pytest.approx(len(content) * 3 / 4, rel=0.01)
