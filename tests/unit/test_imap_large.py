"""Messages over IMAP that are above the limit, from servers good and bad."""

import pytest
from mgp_core.errors import MessageGone, ProtocolViolation
from mgp_core.parsing.excerpt import LeftPart
from mgp_core.protocols.imap_parts import PIECE_BYTES

from tests.rig.scripted_server import Expect

from .test_imap import OK, Session, ref, sizes

HEADER = b"Subject: Plans\r\nMIME-Version: 1.0\r\nContent-Type: text/x\r\n\r\n"
STRUCTURE = (
    b'(("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" 5 1 NIL NIL NIL)'
    b'("APPLICATION" "PDF" NIL NIL NIL "BASE64" 9000000 NIL'
    b' ("ATTACHMENT" ("FILENAME" "plan.pdf")) NIL) "MIXED" NIL NIL NIL)'
)
OUTLINE = rb"\w+ UID FETCH 7 \(BODYSTRUCTURE BODY\.PEEK\[HEADER\]<0\.\d+>\)"
HEADER_ONLY = rb"\w+ UID FETCH 7 \(BODY\.PEEK\[HEADER\]<0\.\d+>\)"


def header(structure=b""):
    return b"* 7 FETCH (UID 7 %bBODY[HEADER]<0> {%d}\r\n%b)" % (
        structure,
        len(HEADER),
        HEADER,
    )


def piece(offset, answer):
    return Expect(rb"\w+ UID FETCH 7 \(BODY\.PEEK\[\]<%d\.\d+>\)" % offset, *answer)


def download(*steps, limit=1000, size=9_000_000):
    with Session(sizes(**{"7": size}), *steps) as mailbox:
        mailbox.size_limit = limit
        return list(mailbox.download([ref(7)]))


def test_header_and_text_are_fetched_and_the_rest_is_named():
    outline = Expect(OUTLINE, header(b"BODYSTRUCTURE %b " % STRUCTURE), OK)
    text = Expect(
        rb"\w+ UID FETCH 7 \(BODY\.PEEK\[1\]<0\.6>\)",
        b"* 7 FETCH (UID 7 BODY[1]<0> {5}\r\nHello)",
        OK,
    )

    [message] = download(outline, text)

    assert message.raw.startswith(b"Subject: Plans\r\nMIME-Version: 1.0")
    assert b"\r\n\r\nHello\r\n" in message.raw
    assert message.full_size == 9_000_000
    assert message.left == (LeftPart("plan.pdf", "application/pdf", 9_000_000),)


@pytest.mark.parametrize(
    "structure", [b"", b"BODYSTRUCTURE NIL ", b"BODYSTRUCTURE () "]
)
def test_without_a_structure_the_header_comes_and_all_else_is_left(structure):
    outline = Expect(OUTLINE, header(structure), OK)
    again = Expect(HEADER_ONLY, header(), OK)

    [message] = download(outline, again)

    assert b"Subject: Plans" in message.raw
    assert message.left == (LeftPart("", "message/rfc822"),)


def test_large_message_that_is_gone_is_left_out():
    assert download(Expect(OUTLINE, OK), Expect(HEADER_ONLY, OK)) == []


def test_large_message_below_the_limit_comes_piece_by_piece():
    steps = (
        piece(0, (b"* 7 FETCH (UID 7 BODY[]<0> {3}\r\nabc)", OK)),
        piece(3, (b"* 7 FETCH (UID 7 BODY[]<3> {2}\r\nde)", OK)),
        piece(5, (b'* 7 FETCH (UID 7 BODY[]<5> "")', OK)),
    )

    [message] = download(*steps, limit=0)

    assert (message.raw, message.full_size) == (b"abcde", 0)


def test_large_message_that_is_gone_halfway_is_left_out():
    steps = (
        piece(0, (b"* 7 FETCH (UID 7 BODY[]<0> {3}\r\nabc)", OK)),
        piece(3, (OK,)),
    )

    assert download(*steps, limit=0) == []


def test_rest_of_a_message_that_is_gone_is_told():
    with Session(piece(0, (OK,))) as mailbox:
        with pytest.raises(MessageGone):
            list(mailbox.download_pieces(ref(7)))


def test_large_message_that_is_refused_is_left_out():
    refused = piece(0, (b"<tag> NO cannot be read",))

    assert download(refused, limit=0) == []


def test_server_that_knows_no_pieces_is_understood():
    whole = b"x" * 3_000_000
    answer = b"* 7 FETCH (UID 7 BODY[] {%d}\r\n%b)" % (len(whole), whole)

    [message] = download(piece(0, (answer, OK)), limit=0)

    assert message.raw == whole


def test_endless_message_ends():
    size = 5_000_000
    data = b"x" * PIECE_BYTES
    answer = b"* 7 FETCH (UID 7 BODY[]<0> {%d}\r\n%b)" % (len(data), data)
    endless = [piece(n * PIECE_BYTES, (answer, OK)) for n in range(10)]

    with pytest.raises(ProtocolViolation):
        download(*endless, limit=0, size=size)


def test_text_that_is_longer_than_told_is_cut_and_named():
    outline = Expect(OUTLINE, header(b"BODYSTRUCTURE %b " % STRUCTURE), OK)
    text = Expect(
        rb"\w+ UID FETCH 7 \(BODY\.PEEK\[1\]<0\.6>\)",
        b"* 7 FETCH (UID 7 BODY[1]<0> {6}\r\nHello,)",
        OK,
    )

    [message] = download(outline, text)

    assert b"SGVsbG8s" in message.raw  # base64, as of each text that is cut
    assert [part.content_type for part in message.left] == [
        "application/pdf",
        "text/plain",
    ]


def test_texts_that_the_server_refuses_are_left():
    outline = Expect(OUTLINE, header(b"BODYSTRUCTURE %b " % STRUCTURE), OK)
    refused = Expect(rb"\w+ UID FETCH 7 \(BODY\.PEEK\[1\].*", b"<tag> BAD too long")

    [message] = download(outline, refused)

    assert b"Subject: Plans" in message.raw
    assert {part.content_type for part in message.left} == {
        "text/plain",
        "application/pdf",
    }


def test_of_many_texts_few_are_asked_for():
    text = b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 5 1)'
    structure = b'(%b "MIXED")' % (text * 2000)
    outline = Expect(OUTLINE, header(b"BODYSTRUCTURE %b " % structure), OK)
    asked = Expect(rb"\w+ UID FETCH 7 \((BODY\.PEEK\[\d+\]<0\.6> ?){1,16}\)", OK)

    [message] = download(outline, asked)

    assert len(message.left) >= 2000 - 16


@pytest.mark.parametrize("size", [b"-5", b"NIL"])
def test_size_that_is_none_stops_nothing(size):
    structure = STRUCTURE.replace(b'"7BIT" 5', b'"7BIT" %b' % size)
    outline = Expect(OUTLINE, header(b"BODYSTRUCTURE %b " % structure), OK)
    rest = Expect(rb"\w+ UID FETCH 7 \(BODY.*", header(), OK)

    [message] = download(outline, rest)

    assert b"Subject: Plans" in message.raw
    assert message.left


def test_structure_of_thousands_of_levels_stops_nothing():
    structure = b"(" * 3000 + b'"MIXED"' + b")" * 3000
    outline = Expect(OUTLINE, header(b"BODYSTRUCTURE %b " % structure), OK)

    [message] = download(outline, Expect(HEADER_ONLY, header(), OK))

    assert message.left == (LeftPart("", "message/rfc822"),)
