"""A message has one fingerprint, however it travelled, and a name for each content."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mgp_core.policy.identity import (
    DuplicatePolicy,
    Identity,
    Passage,
    content_fingerprint,
    fingerprint,
    head_fingerprint,
    identify,
    synthetic_id,
)

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


# ------------------------------------------------------------------ the sender's own

LETTER = b"From: a@x.example\r\nSubject: s\r\nDate: Mon, 2 Nov 2026\r\n\r\nbody\r\n"


@pytest.mark.parametrize(
    "mark",
    [
        b"Received: from a by b;\r\n\tMon\r\n",
        b"Delivered-To: b@x\r\n",
        b"X-Spam: no\r\n",
    ],
)
def test_marks_of_servers_make_no_difference(mark):
    assert content_fingerprint(mark + LETTER) == content_fingerprint(LETTER)


@pytest.mark.parametrize("part", [b"a@x", b"s\r\n", b"2 Nov", b"body"])
def test_what_the_sender_wrote_makes_a_difference(part):
    other = LETTER.replace(part, b"z" + part)

    assert content_fingerprint(other) != content_fingerprint(LETTER)


def test_way_tells_nameless_letters_without_a_date_apart():
    letter = LETTER.replace(b"Date:", b"X:")
    again = b"Received: later\r\n" + letter

    assert content_fingerprint(again) == content_fingerprint(letter)
    assert content_fingerprint(again, False) != content_fingerprint(letter, False)


# ------------------------------------------------------------------------ the name

ONCE, EACH = DuplicatePolicy.DATABASE, DuplicatePolicy.MAILBOX
SENT = datetime(2026, 11, 2)
FIRST = Passage("one", mailbox=1, sender="a@x", date=SENT, used_id="<1@x>")


def other(**values):
    return Passage(**{"content": "two", "mailbox": 1, **values})


@pytest.mark.parametrize("policy", [ONCE, EACH])
def test_first_message_keeps_its_name(policy):
    assert identify(FIRST, "<1@x>", [], policy) == Identity("<1@x>")


@pytest.mark.parametrize("policy", [ONCE, EACH])
def test_same_content_keeps_the_name_it_had(policy):
    had = Passage("one", mailbox=1, used_id="<derived@x>")

    assert identify(FIRST, "<1@x>", [had], policy) == Identity("<derived@x>")


@pytest.mark.parametrize("policy", [ONCE, EACH])
def test_other_content_gets_a_name_of_its_own(policy):
    identity = identify(other(), "<1@x>", [FIRST], policy)

    assert identity == Identity(synthetic_id("two", "<1@x>"))


PART = Passage("excerpt", mailbox=2, head="head", is_partial=True)
WHOLE = Passage("all", mailbox=1, head="head", used_id="<1@x>")


@pytest.mark.parametrize(("earlier", "later"), [(WHOLE, PART), (PART, WHOLE)])
def test_excerpt_is_the_same_message_as_the_whole(earlier, later):
    name = earlier.used_id or "<1@x>"

    assert identify(later, "<1@x>", [earlier], ONCE) == Identity(name)


def test_excerpts_without_a_date_are_not_taken_for_each_other():
    earlier, later = replace(WHOLE, head=""), replace(PART, head="")

    assert identify(later, "<1@x>", [earlier], ONCE).message_id != "<1@x>"


def test_head_is_the_senders_alone_and_says_nothing_of_the_content():
    marked = b"Received: by mx\r\nContent-Type: text/html\r\n" + LETTER

    assert head_fingerprint(marked) == head_fingerprint(LETTER) != ""
    assert head_fingerprint(LETTER.replace(b"a@x", b"b@x")) != head_fingerprint(LETTER)
    assert head_fingerprint(LETTER.replace(b"Date:", b"X:")) == ""


def test_other_form_of_a_letter_belongs_to_it():
    identity = identify(other(sender="a@x", date=SENT), "<1@x>", [FIRST], ONCE)

    assert identity == Identity(synthetic_id("two", "<1@x>"), parent_id="<1@x>")


def test_copy_in_another_mailbox_follows_the_policy():
    copy = Passage("one", mailbox=2)

    assert identify(copy, "<1@x>", [FIRST], ONCE) == Identity("<1@x>")
    own = Identity(synthetic_id("one", "<1@x>", 2))
    assert identify(copy, "<1@x>", [FIRST], EACH) == own


def test_content_that_was_not_noted_counts_as_the_same():
    unknown = Passage("", mailbox=1, used_id="<1@x>")

    assert identify(FIRST, "<1@x>", [unknown], ONCE) == Identity("<1@x>")


def test_names_are_fit_for_a_header():
    assert synthetic_id("ab" * 32, "<ü\ud800@x>").isascii()
