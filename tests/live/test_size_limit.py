"""A message above the limit comes with its text; the rest when a person wants it."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest

from odoo.exceptions import UserError

from tests.live.live_case import committing, fetch, incoming, letter, process, rows_of

PLAN = bytes(range(256)) * 4096 * 2  # 2 MB
KINDS = pytest.mark.parametrize("kind", ["imap", "pop"])


def large_letter(subject="Plans", content=PLAN, text="See the plans.\n"):
    message = EmailMessage(policy=SMTP)
    message["From"] = "Amina <amina@home.example>"
    message["To"] = "grievances@city.example"
    message["Subject"] = subject
    message["Message-ID"] = f"<{subject}@home.example>"
    message.set_content(text)
    message.add_attachment(
        content, maintype="application", subtype="pdf", filename="plan.pdf"
    )
    return message.as_bytes()


@pytest.fixture
def limited(odoo_case, env, mailbox):
    """Fetch and process a large letter from a mailbox with a limit of 1 MB."""

    def limited(kind, raw=None, **values):
        mailbox.deliver(raw or large_letter())
        values = {"state": "done", "size_limit": 1, **values}
        server = incoming(env, mailbox, kind, "ssl", **values)
        assert fetch(odoo_case, server) is None
        process(odoo_case)
        return server

    return limited


def fetch_rest(odoo_case, row):
    with committing(odoo_case, row) as row:
        row.action_fetch_rest()


def record_of(row):
    return row.env[row.res_model].browse(row.res_id)


@KINDS
def test_text_comes_and_the_attachment_is_named(limited, kind):
    server = limited(kind)

    row = rows_of(server)
    assert (row.state, row.rest_state) == ("done", "left")
    assert row.size < 10_000 < 2_000_000 < row.size_on_server
    body = record_of(row).message_ids.sorted("id")[0].body
    assert "See the plans." in body
    assert f"/odoo/action-mail_gateway_plus.action_inbound/{row.id}" in body
    assert not record_of(row).message_ids.attachment_ids
    if kind == "imap":
        assert row.left_parts.startswith("plan.pdf (application/pdf, 2.")
        assert "plan.pdf" in body


@KINDS
def test_rest_is_added_to_the_record_once(odoo_case, limited, kind):
    server = limited(kind)
    row = rows_of(server)
    record = record_of(row)

    fetch_rest(odoo_case, row)

    assert row.rest_state == "fetched"
    attachments = record.message_ids.attachment_ids.filtered(
        lambda attachment: attachment.name == "plan.pdf"
    )
    assert [attachment.raw for attachment in attachments] == [PLAN]
    assert record.search_count([("subject", "=", "Plans")]) == 1
    with pytest.raises(UserError, match="no rest"):
        fetch_rest(odoo_case, row)


@KINDS
def test_rest_of_an_unprocessed_message_takes_the_place_of_its_excerpt(
    odoo_case, env, mailbox, limited, kind
):
    raw = large_letter()
    server = limited(kind, raw, object_id=False)
    row = rows_of(server)
    assert row.state == "quarantined"

    fetch_rest(odoo_case, row)
    server.object_id = env["ir.model"]._get("grievance.ticket")
    row.action_retry()

    assert row.size == len(raw)
    assert record_of(row).message_ids.attachment_ids.raw == PLAN


@pytest.mark.parametrize(
    ("kind", "policy"),
    [
        ("imap", {"delete_from_server": True}),
        ("imap", {"after_fetch": "move"}),
        ("imap", {"delete_from_server": True, "delete_after_days": 1}),
        ("pop", {"delete_from_server": True}),
        ("pop", {"delete_from_server": True, "delete_after_days": 1}),
    ],
)
def test_original_stays_until_the_rest_was_fetched(
    odoo_case, mailbox, limited, kind, policy
):
    server = limited(kind, **policy)
    row = rows_of(server)
    if row.remove_at:
        row.remove_at = "2026-01-01 00:00:00"
    fetch(odoo_case, server)
    assert len(mailbox.messages()) == 1

    fetch_rest(odoo_case, row)
    fetch(odoo_case, server)

    assert mailbox.messages() == []
    assert rows_of(server) == row


@KINDS
def test_person_may_do_without_the_rest(odoo_case, mailbox, limited, kind):
    server = limited(kind, delete_from_server=True)

    rows_of(server).action_waive_rest()
    fetch(odoo_case, server)

    assert mailbox.messages() == []
    assert rows_of(server).rest_state == "waived"


@KINDS
def test_discarding_gives_the_original_up(odoo_case, mailbox, limited, kind):
    server = limited(kind, delete_from_server=True, object_id=False)

    rows_of(server).action_discard()
    fetch(odoo_case, server)

    assert mailbox.messages() == []


@KINDS
def test_another_message_under_the_same_name_is_not_taken(odoo_case, limited, kind):
    row = rows_of(limited(kind))
    row.header_fingerprint = "0" * 64
    raw = raw_of(row)

    with pytest.raises(UserError, match="another message"):
        fetch_rest(odoo_case, row)

    assert (row.rest_state, raw_of(row)) == ("left", raw)


def raw_of(row):
    return row.env["mail.gateway.raw"]._read(row.id)


@KINDS
def test_rest_that_is_no_longer_there_is_told(odoo_case, mailbox, limited, kind):
    row = rows_of(limited(kind))
    mailbox.server.empty(mailbox.address)

    with pytest.raises(UserError, match="no longer holds"):
        fetch_rest(odoo_case, row)

    assert row.rest_state == "left"


@KINDS
def test_long_text_is_cut_and_comes_whole_with_the_rest(odoo_case, limited, kind):
    text = "Dark for weeks, süß.\n" * 150_000
    row = rows_of(limited(kind, large_letter(text=text)))
    assert row.is_text_cut
    assert row.size < 2_200_000

    fetch_rest(odoo_case, row)

    rest = record_of(row).message_ids.attachment_ids.filtered(
        lambda attachment: attachment.name == "message.html"
    )
    assert rest.raw.decode().count("Dark for weeks, süß.") == 150_000


@KINDS
def test_smaller_message_comes_whole_in_the_same_batch(
    odoo_case, mailbox, limited, kind
):
    mailbox.deliver(letter("small", "<small@home.example>"))

    rows = rows_of(limited(kind))

    assert rows.mapped("subject") == ["small", "Plans"]
    assert rows.mapped("rest_state") == [False, "left"]


@KINDS
def test_limit_of_zero_is_none(limited, kind):
    row = rows_of(limited(kind, size_limit=0))

    assert not row.rest_state
    assert record_of(row).message_ids.attachment_ids.raw == PLAN


def test_large_message_below_the_limit_is_whole(limited):
    content = PLAN * 4
    row = rows_of(limited("imap", large_letter(content=content), size_limit=50))

    assert not row.rest_state
    assert record_of(row).message_ids.attachment_ids.raw == content


# ------------------------------------------------------------------------ hostility

MANY_TEXTS = (
    b"Subject: Plans\r\nMessage-ID: <many@home.example>\r\n"
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    + b"--x\r\n\r\nhello\r\n" * 9_000
    + b"--x\r\n\r\n%b\r\n--x--\r\n" % (b"x" * 76 + b"\r\n") * 20_000
)
DEEP = (
    b"Subject: Plans\r\nMessage-ID: <deep@home.example>\r\n"
    + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(3_000)
    )
    + b"\r\n"
    + (b"x" * 76 + b"\r\n") * 20_000
)
STRANGE_CHARSET = (
    b"Subject: Plans\r\nMessage-ID: <strange@home.example>\r\n"
    b"Content-Type: text/plain; charset=utf-16\r\n\r\n" + b"hello \r\n" * 200_000
)


@KINDS
@pytest.mark.parametrize(
    "raw", [MANY_TEXTS, DEEP, STRANGE_CHARSET], ids=["texts", "levels", "charset"]
)
def test_hostile_large_message_does_not_keep_the_mailbox_from_being_read(
    odoo_case, mailbox, limited, kind, raw
):
    mailbox.deliver(letter("after it", "<after@home.example>"))

    rows = rows_of(limited(kind, raw))

    assert sorted(rows.mapped("subject")) == ["Plans", "after it"]
    row = rows.filtered(lambda row: row.subject == "Plans")
    assert row.rest_state == "left"
    assert len(row.left_parts) < 10_000
    fetch_rest(odoo_case, row)
    assert row.rest_state == "fetched"
