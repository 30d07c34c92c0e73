"""A message has one fingerprint, however its line ends travelled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mgp_core.policy.identity import fingerprint

MESSAGE = b"Subject: a\r\n\r\nfirst\r\n\r\nlast\r\n"


@pytest.mark.parametrize(
    "same",
    [
        MESSAGE.replace(b"\r\n", b"\n"),
        MESSAGE.removesuffix(b"\r\n"),
        MESSAGE + b"\r\n\r\n",
        MESSAGE.replace(b"\r\n", b"\n").removesuffix(b"\n"),
    ],
    ids=["LF", "no last line end", "trailing blank lines", "LF, no last line end"],
)
def test_line_ends_make_no_difference(same):
    assert fingerprint(same) == fingerprint(MESSAGE)


@pytest.mark.parametrize(
    "other",
    [
        MESSAGE.replace(b"last", b"Last"),
        MESSAGE.replace(b"first\r\n\r\n", b"first\r\n"),
        MESSAGE.replace(b"first", b"first "),
        b"\r\n" + MESSAGE,
        b"",
    ],
    ids=["letter", "blank line inside", "space", "blank line in front", "empty"],
)
def test_content_makes_a_difference(other):
    assert fingerprint(other) != fingerprint(MESSAGE)


def test_fingerprint_is_hex_sha256():
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    assert fingerprint(b"\r\n") == empty


@given(st.lists(st.binary().filter(lambda line: b"\r" not in line)))
def test_any_message_is_the_same_over_imap_and_pop(lines):
    message = b"\n".join(lines)

    assert fingerprint(message.replace(b"\n", b"\r\n")) == fingerprint(message)
