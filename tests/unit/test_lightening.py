"""A parser gets a large message without its large parts; asked for, they are there."""

import email
import tracemalloc
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from mgp_core.parsing import lightening
from mgp_core.parsing.lightening import lighten, restore
from mgp_core.parsing.mender import mend

LARGE = bytes(range(256)) * 300


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    monkeypatch.setattr(lightening, "MIN_MESSAGE_BYTES", 1000)
    monkeypatch.setattr(lightening, "MIN_PART_BYTES", 1000)


def letter(*contents):
    message = EmailMessage(policy=SMTP)
    message["Subject"] = "Plans"
    message["Message-ID"] = "<plans@home.example>"
    message.set_content("See the plans.\n")
    for content in contents:
        message.add_attachment(
            content, maintype="application", subtype="pdf", filename="plan.pdf"
        )
    return message.as_bytes()


def parsed(raw, light):
    message = email.message_from_bytes(light.raw, policy=SMTP)
    restore(message, light.places, lambda start, end: raw[start:end])
    return message


def test_large_part_is_not_in_the_light_message_and_is_there_when_asked_for():
    raw = letter(LARGE)

    light = lighten(raw)

    assert len(light.raw) < 1500
    [attachment] = parsed(raw, light).iter_attachments()
    assert attachment.get_content() == LARGE
    assert attachment.get_filename() == "plan.pdf"


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_message_written_anew_is_the_original(line_end):
    raw = letter(LARGE, b"other" + LARGE, LARGE).replace(b"\r\n", line_end)
    original = email.message_from_bytes(raw, policy=SMTP)

    message = parsed(raw, lighten(raw))

    assert message.as_bytes() == original.as_bytes()


def test_content_that_somebody_sets_counts():
    raw = letter(LARGE)
    message = parsed(raw, lighten(raw))
    [attachment] = message.iter_attachments()

    attachment.set_content("taken out by a virus scanner")

    assert attachment.get_content().strip() == "taken out by a virus scanner"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"base64", b"x-unknown"),
        (b"application/pdf", b"text/html"),
        (b"application/pdf", b"message/rfc822"),
        (b"AAECAw", b"AAE!Aw"),
    ],
    ids=["other encoding", "text", "message inside", "broken base64"],
)
def test_what_the_parser_may_see_otherwise_is_left_to_it(old, new):
    raw = letter(LARGE).replace(old, new)

    assert lighten(raw).raw == raw


def test_small_message_is_left_alone(monkeypatch):
    monkeypatch.setattr(lightening, "MIN_MESSAGE_BYTES", 10**6)
    raw = letter(LARGE)

    assert lighten(raw).raw is raw


def test_name_that_a_sender_put_into_the_text_stays_text():
    name = next(iter(lighten(letter(LARGE)).places)).decode()
    raw = letter(LARGE).replace(b"See the plans.", name.encode())

    message = parsed(raw, lighten(raw))

    assert message.get_body().get_content().strip() == name


def test_part_that_was_lost_on_the_way_is_noticed():
    light = lighten(letter(LARGE))

    assert light.is_whole_in(mend(light.raw).raw)
    assert not light.is_whole_in(letter())


def test_memory_stays_a_small_multiple_of_the_message():
    raw = letter(LARGE * 100)

    tracemalloc.start()
    light = lighten(raw)
    message = parsed(raw, light)
    content = next(message.iter_attachments()).get_content()
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert content == LARGE * 100
    assert peak < 2 * len(raw)


@pytest.mark.parametrize(
    "boundary",
    [
        b"boundary=\xff\xfe",
        b"boundary*=utf-8''%C3%BC",
        b"boundary*=a%00''x",
        b'boundary=""',
    ],
)
def test_message_with_a_strange_boundary_is_left_to_the_mender(boundary):
    raw = b"Subject: x\r\nContent-Type: multipart/mixed; %b\r\n\r\nhello\r\n" % boundary
    raw += b"A" * 2000

    assert lighten(raw).raw == raw
