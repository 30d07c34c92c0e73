"""Of a message that is too large, header and text make a message of their own."""

import email
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from mgp_core.parsing.excerpt import (
    LeftPart,
    Text,
    build,
    from_beginning,
    header_fingerprint,
    kept_header,
)
from mgp_core.protocols.body_structure import Section, sections

HEADER = (
    b"From: Amina <amina@home.example>\r\nMessage-ID: <1@home.example>\r\n"
    b"References: <0@home.example>\r\n <00@home.example>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=x\r\n\r\n"
)


def text(data, content_type="text/plain", encoding="8bit", **values):
    return Text(content_type, "utf-8", encoding, data, **values)


def read(raw):
    return email.message_from_bytes(raw, policy=SMTP)


def test_headers_stay_but_for_those_of_the_content():
    message = read(build(HEADER, [text(b"Dark for weeks.")]))

    assert message["message-id"] == "<1@home.example>"
    assert message["references"] == "<0@home.example> <00@home.example>"
    assert message["content-type"].count("boundary") == 1
    assert message.get_body().get_content().strip() == "Dark for weeks."


def test_excerpt_and_original_have_the_same_header_fingerprint():
    original = (HEADER + b"--x\r\n\r\nhello\r\n--x--").replace(b"\r\n", b"\n")

    excerpt = build(HEADER, [text(b"hello")])

    assert header_fingerprint(excerpt) == header_fingerprint(original)
    assert header_fingerprint(b"X: y\r\n" + excerpt) != header_fingerprint(original)


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("8bit", "dunkel, süß"[:-1].encode() + b"\xc3"),
        ("base64", b"ZHVua2VsLCBzw7w="[:-1]),
        ("quoted-printable", b"dunkel, s=C3=BC=C3"),
        ("x-unknown", b"dunkel, s\xc3\xbc\xc3"),
    ],
)
def test_text_that_is_cut_ends_with_a_whole_character(encoding, data):
    message = read(build(HEADER, [text(data, encoding=encoding, is_cut=True)]))

    content = message.get_body().get_content().strip()
    assert "dunkel, sü".startswith(content) and content.startswith("dunkel, s")


def test_text_cannot_end_its_part():
    trick = b"a\r\n--partly-fetched-by-mail-gateway--\r\nb"

    message = read(build(HEADER, [text(trick)]))

    assert message.get_body().get_content().endswith("b")


def test_charset_cannot_add_a_header():
    hostile = Text("text/plain", 'utf-8"\r\nX-Evil: 1', "7bit\r\nX-Evil: 1", b"a")

    assert b"X-Evil:" not in build(HEADER, [hostile])


def test_message_without_texts_has_an_empty_one():
    assert read(build(HEADER, [])).get_body().get_content() == ""


def test_header_section_of_the_original_is_left_in_order():
    assert kept_header(HEADER).startswith(b"From: Amina")
    assert b"ontent" not in kept_header(HEADER)


def test_beginning_of_a_message_shows_its_text_and_what_is_no_text():
    message = EmailMessage(policy=SMTP)
    message["Subject"] = "Plans"
    message.set_content("See the plans.\n")
    message.add_alternative("<p>See the plans.</p>\n", subtype="html")
    message.add_attachment(
        b"x" * 5000, maintype="application", subtype="pdf", filename="plän.pdf"
    )

    texts, left = from_beginning(message.as_bytes()[:2000])

    assert [each.content_type for each in texts] == ["text/html"]
    assert left == [LeftPart("plän.pdf", "application/pdf")]


# ------------------------------------------------------------------------ BODYSTRUCTURE

PLAIN = (b"text", b"plain", (b"charset", b"utf-8"), None, None, b"7bit", 12, 1)
HTML = (b"TEXT", b"HTML", (b"CHARSET", b"utf-8"), None, None, b"7bit", 40, 2)
PDF = (
    *(b"application", b"pdf", (b"name", b"ignored.pdf"), None, None, b"base64", 900),
    *(None, (b"attachment", (b"filename*", b"utf-8''pl%C3%A4n.pdf")), None),
)


def test_single_text_has_the_number_one():
    assert sections(PLAIN) == [
        Section("1", "text/plain", charset="utf-8", encoding="7bit", size=12)
    ]


def test_alternatives_show_html_only_and_attachments_have_names():
    structure = ([([PLAIN, HTML], b"alternative"), PDF], b"mixed")

    found = sections(structure)

    assert [(s.number, s.name, s.is_text) for s in found] == [
        ("1.2", "", True),
        ("2", "plän.pdf", False),
    ]


def test_named_text_is_an_attachment():
    named = (*PLAIN, None, (b"attachment", (b"filename", b"=?utf-8?q?r=C3=A4t.txt?=")))

    [section] = sections(named)

    assert (section.is_text, section.name) == (False, "rät.txt")


@pytest.mark.parametrize("nonsense", [None, (), (b"text",), ([], b"mixed"), 7])
def test_nonsense_is_told_as_such(nonsense):
    if nonsense == ([], b"mixed"):
        assert sections(nonsense) == []
        return
    with pytest.raises(ValueError, match="BODYSTRUCTURE"):
        sections(nonsense)


# ---------------------------------------------------------------------------- hostility


@pytest.mark.parametrize(
    "charset", ["hex", "rot13", "a\0b", "idna", "undefined", "utf-16", "\udce4"]
)
def test_cut_text_survives_whatever_its_charset_is_called(charset):
    strange = Text("text/plain", charset, "8bit", b"dark for weeks", is_cut=True)

    assert read(build(HEADER, [strange])).get_body().get_content()


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: text/plain; name*=\0''x",
        b"Content-Type: multipart/mixed; boundary*=a%00''x",
        b'Content-Type: multipart/mixed; boundary=""',
        b"Content-Disposition: inline; filename*=\0''%ff",
    ],
)
def test_beginning_survives_broken_headers(header):
    texts, left = from_beginning(b"Subject: x\r\n%b\r\n\r\nhello\r\n" % header)

    assert texts or left


@pytest.mark.parametrize(
    "level",
    [
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n',
        b"Content-Type: message/rfc822\r\n\r\n",
    ],
)
def test_beginning_survives_thousands_of_levels(level):
    levels = (level.replace(b'"b"', b'"b%d"' % n) for n in range(5000))
    levels = (each.replace(b"--b", b"--b%d" % n) for n, each in enumerate(levels))

    _texts, left = from_beginning(b"Subject: x\r\n" + b"".join(levels))

    assert left


def test_beginning_of_many_texts_has_few():
    part = b"\r\n--x\r\nContent-Type: text/plain\r\n\r\nhello"

    texts, left = from_beginning(HEADER + part * 500)

    assert len(texts) <= 16
    assert len(texts) + len(left) >= 500
