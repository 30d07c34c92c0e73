"""A remembered header must be what a freshly parsed one would be."""

import email
from email.policy import SMTP

from mgp_core.parsing.remembering import (
    MAX_REMEMBERED_LENGTH,
    remember_headers,
)

RAW = (
    b"From: Amina <amina@home.example>\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n--b--\r\n"
)


def read(raw=RAW):
    message = email.message_from_bytes(raw, policy=SMTP)
    remember_headers(message)
    return message


def test_headers_are_those_of_the_usual_policy():
    usual = email.message_from_bytes(RAW, policy=SMTP)
    message = read()

    assert message.items() == usual.items()
    assert message.as_bytes() == usual.as_bytes()
    assert message["from"].addresses == usual["from"].addresses
    [part] = message.iter_parts()
    assert part.get_content_charset() == "utf-8"


def test_header_is_parsed_once():
    message = read()

    assert message["from"] is message["from"]


def test_long_header_is_not_kept():
    subject = b"x" * (MAX_REMEMBERED_LENGTH + 1)
    message = read(RAW.replace(b"=?utf-8?q?Caf=C3=A9?=", subject))

    assert message["subject"] == subject.decode()
    assert message["subject"] is not message["subject"]


def test_change_to_one_message_is_not_seen_in_another():
    message, other = read(), read()

    message.set_param("boundary", "else")
    del message["subject"]
    message["Subject"] = "Other"

    assert other.get_boundary() == "b"
    assert other["subject"] == "Café"
