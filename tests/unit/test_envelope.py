"""The journal's headers can be read from anything that somebody calls a message."""

import email.utils
import time
import unicodedata
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mgp_core.parsing.envelope import (
    MAX_HEADER_BYTES,
    MAX_VALUE_LENGTH,
    Envelope,
    header_section,
    read_envelope,
)

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
CORPUS_FILES = sorted(CORPUS.rglob("*.eml"))


def subject(value):
    """Return what the journal shows for a message with this Subject."""
    return read_envelope(b"Subject: " + value + b"\r\n\r\nbody").subject


def assert_fit_for_a_column(envelope):
    """Fail unless every text fits one line of a screen and a PostgreSQL varchar."""
    texts = (
        envelope.message_id,
        envelope.email_from,
        envelope.email_to,
        envelope.subject,
    )
    for text in texts:
        assert type(text) is str
        assert len(text.splitlines()) <= 1
        assert not [c for c in text if unicodedata.category(c) == "Cc"]
        assert len(text) <= MAX_VALUE_LENGTH
        text.encode("utf-8")
    assert envelope.date is None or envelope.date.tzinfo is None


def test_plain_headers_are_read():
    raw = (
        b"Message-ID: <1@city.example>\r\nFrom: Ann <ann@city.example>\r\n"
        b"To: desk@home.example\r\nSubject: Noise\r\n"
        b"Date: Tue, 3 Nov 2026 10:00:00 +0100\r\n\r\nbody"
    )

    assert read_envelope(raw) == Envelope(
        message_id="<1@city.example>",
        email_from="Ann <ann@city.example>",
        email_to="desk@home.example",
        subject="Noise",
        date=datetime(2026, 11, 3, 9, 0),
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße", id="quoted"),
        pytest.param(b"=?utf-8?B?R3LDvMOfZQ==?=", "Grüße", id="base64"),
        pytest.param(b"=?utf-8?q?a?=\r\n =?utf-8?q?b?=", "ab", id="two words, folded"),
        pytest.param(b"a\r\n\tb", "a b", id="folded"),
        pytest.param("Grüße".encode(), "Grüße", id="raw UTF-8 (RFC 6532)"),
        pytest.param(
            b"=?utf-8?q?Gr=C3=BC=C3=9Fe?= " + "für".encode(),
            "Grüße für",
            id="encoded and raw UTF-8",
        ),
        pytest.param(
            "für =?utf-8?q?Gr=C3=BC=C3=9Fe?= für".encode(),
            "für Grüße für",
            id="raw UTF-8 around an encoded word",
        ),
        pytest.param(b"Gr\xfc\xdfe", "Gr��e", id="raw Latin-1"),
        pytest.param(b"=?x-nothing?q?a=41?=", "=?x-nothing?q?a=41?=", id="charset"),
        pytest.param(b"=?\xfc?q?a?=", "=?�?q?a?=", id="charset not ASCII"),
        pytest.param(b"=?rot13?q?a?=", "=?rot13?q?a?=", id="codec that is no charset"),
        pytest.param(b"=?utf-8?b?A?=", "=?utf-8?b?A?=", id="base64 cut off"),
        pytest.param(b"a\0b", "a b", id="NUL"),
        pytest.param(b"=?utf-8?q?a=00b?=", "a b", id="NUL, encoded"),
        pytest.param(b"=?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x", id="CR and LF, encoded"),
        pytest.param(b"=?utf-8?q?a=C2=85b?=", "a b", id="C1 control, encoded"),
        pytest.param(b"=?utf-8?q?a=E2=80=A8b?=", "a b", id="line separator, encoded"),
        pytest.param(b"=?utf-7?q?+2AA-?=", "?", id="lone surrogate, encoded"),
        pytest.param(b"", "", id="empty"),
    ],
)
def test_subject_is_shown_as_clean_text(value, shown):
    assert subject(value) == shown


def test_injected_line_in_an_encoded_name_stays_in_its_header():
    raw = b"From: =?utf-8?q?Ann=0D=0ATo=3A_x=40y?= <ann@city.example>\r\n\r\n"

    envelope = read_envelope(raw)

    assert (envelope.email_from, envelope.email_to) == (
        "Ann To: x@y <ann@city.example>",
        "",
    )


@pytest.mark.parametrize("value", ["unlisted-recipients:;", "undisclosed: ;"])
def test_group_syntax_is_shown_as_it_is(value):
    assert read_envelope(f"To: {value}\r\n\r\n".encode()).email_to == value


@pytest.mark.parametrize("value", ["<>", "<a@b", "[x]", "<a@b> <c@d>"])
def test_odd_message_id_is_kept(value):
    assert read_envelope(f"Message-ID: {value}\r\n\r\n".encode()).message_id == value


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"\n\nbody", b"body without a header", b"\0", b":\r\n\r\n"]
)
def test_message_without_headers_has_an_empty_envelope(raw):
    assert read_envelope(raw) == Envelope()


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_header_section_ends_at_the_first_empty_line(end):
    head = b"A: 1" + end + b"B: 2" + end + end

    assert header_section(head + b"C: 3" + end + end) == head


def test_header_section_of_a_hostile_message_is_cut():
    assert len(header_section(b"A: 1\r\n" * MAX_HEADER_BYTES)) == MAX_HEADER_BYTES


def test_headers_before_the_cut_are_read():
    raw = b"Subject: here\r\n" + b"X-Pad: 1\r\n" * 100_000 + b"From: late@x\r\n\r\n"

    assert read_envelope(raw) == Envelope(subject="here")


def test_long_value_is_shortened():
    assert subject(b"x" * 5000) == "x" * MAX_VALUE_LENGTH


@pytest.mark.parametrize("word", [b"=?a?q?x", b"=?utf-8?q?a?= ", b"=?", b"(", b"\\"])
def test_hostile_value_costs_no_time(word):
    value = word * (MAX_HEADER_BYTES // len(word))
    started = time.process_time()

    read_envelope(b"Subject: " + value + b"\r\nDate: " + value + b"\r\n\r\n")

    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("Tue, 3 Nov 2026 10:00:00 -0000", datetime(2026, 11, 3, 10)),
        ("Tue, 3 Nov 2026 10:00:00", datetime(2026, 11, 3, 10)),
        ("3 Nov 26 23:30 -0100", datetime(2026, 11, 4, 0, 30)),
        ("31 Dec 9999 00:00:00 +0000", datetime(9999, 12, 31)),
        ("31 Dec 9999 23:59:59 -1400", None),
        ("1 Jan 2020 00:00:00 +9999", None),
        ("1 Jan 2020 00:00:00 +99999999999999999999", None),
        ("1 Jan 2020 99:00", None),
        ("31 Feb 2020 00:00:00 +0000", None),
        ("Mon", None),
        ("9" * 5000, None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_date_is_utc_or_nothing(value, date):
    assert read_envelope(f"Date: {value}\r\n\r\n".encode()).date == date


def test_year_zero_is_read_as_two_digits():
    # RFC 5322 section 4.3: 00 is 2000; Python's email reads 0000 so, too.
    date = read_envelope(b"Date: 1 Jan 0000 00:00:00 +0000\r\n\r\n").date

    assert date == datetime(2000, 1, 1)


@given(st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1)), st.integers(-14, 14))
def test_every_real_date_comes_back_as_utc(moment, hours):
    moment = moment.replace(microsecond=0)
    header = email.utils.format_datetime(moment).replace("-0000", f"{hours:+03d}00")

    date = read_envelope(f"Date: {header}\r\n\r\n".encode()).date

    assert date == moment - timedelta(hours=hours)


HEADER_NAMES = st.sampled_from([b"Message-ID", b"From", b"To", b"Subject", b"Date"])
ENCODED_WORD = st.builds(
    lambda charset, encoding, text: b"=?%s?%s?%s?=" % (charset, encoding, text),
    st.sampled_from([b"utf-8", b"utf-7", b"utf-16", b"idna", b"hex", b"", b"x", b"\0"])
    | st.binary(max_size=5),
    st.sampled_from([b"q", b"B", b"b", b"Q", b"x"]),
    st.binary(max_size=12) | st.text("Aa=_0D+/ ", max_size=9).map(str.encode),
)
VALUE = st.lists(
    ENCODED_WORD
    | st.binary(max_size=8)
    | st.sampled_from([b"\r\n ", b"\n\t", b"1 Jan 2020 00:00:00", b"+0100", b"<", b";"])
).map(b" ".join)


@given(st.binary())
def test_any_bytes_can_be_read(raw):
    assert_fit_for_a_column(read_envelope(raw))


@given(st.lists(st.tuples(HEADER_NAMES, VALUE)))
def test_any_header_values_can_be_read(headers):
    raw = b"".join(name + b": " + value + b"\r\n" for name, value in headers)

    assert_fit_for_a_column(read_envelope(raw + b"\r\n"))


@pytest.mark.skipif(not CORPUS_FILES, reason=f"no messages below {CORPUS}")
@pytest.mark.parametrize("path", CORPUS_FILES, ids=lambda path: path.name)
def test_message_that_others_found_hard_can_be_read(path):
    assert_fit_for_a_column(read_envelope(path.read_bytes()))


# ---------------------------------------------------------------- what it answers


def answers(head):
    return read_envelope(head + b"\r\n\r\nbody").answers


def test_answers_are_named_oldest_first_and_once():
    head = (
        b"References: <1@x>\r\n <2@x>\r\n\t<3@x>\r\n"
        b"In-Reply-To: Your mail of today <2@x>"
    )

    assert answers(head) == ("<1@x>", "<3@x>", "<2@x>")


def test_of_a_long_thread_the_nearest_count():
    thread = [f"<{number}@{'x' * 60}>" for number in range(1000)]
    head = b"References: " + "\r\n ".join(thread).encode()

    assert answers(head) == tuple(thread[-32:])


@pytest.mark.parametrize(
    "value", [b"", b"<>", b"<a b>", b"<a\x00b>", b"<unclosed", b"\xff\xfe", b"<" * 9000]
)
def test_nonsense_answers_nothing(value):
    assert answers(b"References: " + value) == ()
