"""Whatever bytes come, what is handed to Odoo can be read, and is mended once."""

import email
from email.policy import SMTP

from hypothesis import example, given
from hypothesis import strategies as st
from mgp_core.parsing.mender import mend
from mgp_core.parsing.reading import can_be_read
from mgp_core.parsing.renaming import rename
from mgp_core.policy.identity import content_fingerprint, fingerprint

NAMES = st.sampled_from(
    b"Message-ID|From|To|Cc|Subject|Date|MIME-Version|X-A||a b|Content-Type"
    b"|Content-Transfer-Encoding|Content-Disposition|Content-ID".split(b"|")
)
FRAGMENTS = st.sampled_from(
    [
        b"multipart/mixed; boundary=b",
        b"multipart/digest; boundary=b",
        b"multipart/report; boundary=c",
        b"message/rfc822",
        b"message/delivery-status",
        b"message/external-body",
        b"message/partial",
        b"text/plain",
        b"text/html",
        b"; charset=",
        b"; charset*=utf-8''x",
        b"x-unknown",
        b"utf-16",
        b"iso-2022-jp",
        b"rot13",
        b"base64",
        b"quoted-printable",
        b'attachment; filename="a',
        b"; filename*0*=utf-8''%FC",
        b"=?utf-8?q?=0D=0A?=",
        b"=?utf-8?b?A?=",
        b"<a@b.c>",
        b"<>",
        b"<[a@b]>",
        b"unlisted:;",
        b"\xc3\xbc",
        b"\r\n ",
        *(bytes([byte]) for byte in b'();:,"\0\xfc\n\r '),
    ]
)
VALUES = st.lists(FRAGMENTS | st.binary(max_size=4), max_size=6).map(b"".join)
LINE_ENDS = st.sampled_from([b"\r\n", b"\n", b"\r"])
LINES = st.one_of(
    st.builds(lambda *parts: b"".join(parts), NAMES, st.just(b": "), VALUES, LINE_ENDS),
    LINE_ENDS,
    st.sampled_from(
        [b"--b\r\n", b"--b--\r\n", b"--c\n", b"--c--\n", b"From x\n", b" y"]
    ),
    st.binary(max_size=10),
    VALUES,
)
MESSAGES = st.binary() | st.lists(LINES, max_size=14).map(b"".join)


@given(MESSAGES)
def test_any_bytes_become_a_readable_message(raw):
    mended = mend(raw)

    message = email.message_from_bytes(mended.raw, policy=SMTP)
    for part in message.walk():
        for name in part.keys():
            assert all("\0" not in str(value) for value in part.get_all(name))
    assert can_be_read(mended.raw)
    assert str(message["Message-ID"]).strip() == mended.message_id


@given(MESSAGES)
def test_mending_twice_changes_nothing_more(raw):
    once = mend(raw)

    assert mend(once.raw).raw == once.raw


@given(MESSAGES)
@example(b"Message-ID:\r\nMessage-ID: <a@b.example>\r\n\r\n")
def test_message_without_notes_is_untouched(raw):
    mended = mend(raw)

    assert (mended.raw is raw) == (not mended.notes)


@given(MESSAGES)
def test_mended_message_can_be_renamed(raw):
    renamed = rename(mend(raw).raw, "<new@x.example>", "<parent@x.example>")

    message = email.message_from_bytes(renamed, policy=SMTP)
    assert message["Message-ID"] == "<new@x.example>"
    assert "<parent@x.example>" in message["References"]


@given(st.binary(), st.booleans())
def test_any_bytes_have_fingerprints(raw, has_id):
    assert len(content_fingerprint(raw, has_id)) == len(fingerprint(raw)) == 64
    same = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert content_fingerprint(same, has_id) == content_fingerprint(raw, has_id)
