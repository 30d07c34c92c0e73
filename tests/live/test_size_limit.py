"""A message above the limit comes with its text; the rest when a person wants it."""

import time
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from odoo.exceptions import UserError

from tests.live.live_case import (
    committing,
    fetch,
    incoming,
    incoming_at,
    letter,
    process,
    rows_of,
)
from tests.rig.lying_servers import LyingImap

PLAN = bytes(range(256)) * 4096 * 2  # 2 MB
KINDS = pytest.mark.parametrize("kind", ["imap", "pop"])


def large_letter(subject="Plans", content=PLAN, text="See the plans.\n"):
    message = EmailMessage(policy=SMTP)
    message["From"] = "Amina <amina@home.example>"
    message["To"] = "grievances@city.example"
    message["Subject"] = subject
    message["Message-ID"] = f"<{subject}@home.example>"
    message["Date"] = "Mon, 02 Nov 2026 08:00:00 +0000"
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


def order_rest(odoo_case, row):
    with committing(odoo_case, row) as row:
        row.action_fetch_rest()


def fetch_rest(odoo_case, row):
    order_rest(odoo_case, row)
    assert fetch(odoo_case, row.server_id) is None


def record_of(row):
    return row.env[row.res_model].browse(row.res_id)


def message_and_note(row):
    """Return the record's first message and the one that tells what it lacks."""
    messages = record_of(row).message_ids.sorted("id")
    [note] = messages.filtered(lambda message: "Left on the mail" in message.body)
    return messages[0], note


@KINDS
def test_text_comes_and_the_attachment_is_named(limited, kind):
    server = limited(kind)

    row = rows_of(server)
    assert (row.state, row.rest_state) == ("done", "left")
    assert row.size < 10_000 < 2_000_000 < row.size_on_server
    message, note = message_and_note(row)
    assert "See the plans." in message.body
    assert f"/odoo/action-mail_gateway_plus.action_inbound/{row.id}" in note.body
    assert not record_of(row).message_ids.attachment_ids
    if kind == "imap":
        assert row.left_parts.startswith("plan.pdf (application/pdf, 2.")
        assert "plan.pdf" in note.body


def test_what_is_missing_is_told_inside_the_house_only(odoo_case, env, limited):
    message, note = message_and_note(rows_of(limited("imap")))

    assert "action_inbound" not in message.body
    assert note.subtype_id == env.ref("mail.mt_note")
    assert note.subtype_id.internal


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
def test_button_only_orders_the_rest_and_wakes_the_scheduler(
    odoo_case, env, limited, kind
):
    server = limited(kind)
    row = rows_of(server)
    server.next_poll_at = "2100-01-01 00:00:00"
    cron = env.ref("mail.ir_cron_mail_gateway_action")
    triggers = env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])

    order_rest(odoo_case, row)

    assert (row.rest_state, row.coming_size) == ("ordered", 0)
    assert not server.next_poll_at
    woken = env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]) - triggers
    assert len(woken) == 1


def test_rest_comes_over_several_runs_and_goes_on_where_it_was(odoo_case, limited):
    server = limited("imap", large_letter(content=PLAN * 2))
    row = rows_of(server)
    order_rest(odoo_case, row)
    sizes = []

    while row.rest_state == "ordered":
        fetch_without_time(odoo_case, server)
        sizes.append(row.coming_size)
        assert len(sizes) < 20

    assert len(sizes) > 3
    assert sizes[:-1] == sorted(set(sizes[:-1])), "a run began anew"
    assert record_of(row).message_ids.attachment_ids.raw == PLAN * 2


def fetch_without_time(odoo_case, server):
    """Fetch as a scheduler does whose time is over as soon as something was done."""
    cron = server.env.ref("mail.ir_cron_mail_gateway_action")
    progress = server.env["ir.cron.progress"].create({"cron_id": cron.id})
    server = server.with_context(
        cron_id=cron.id,
        ir_cron_progress_id=progress.id,
        cron_end_time=time.monotonic() - 1,
    )
    fetch(odoo_case, server)


def test_ordered_rest_may_be_waived(odoo_case, limited):
    server = limited("imap")
    order_rest(odoo_case, rows_of(server))

    rows_of(server).action_waive_rest()
    fetch(odoo_case, server)

    assert rows_of(server).rest_state == "waived"


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

    fetch_rest(odoo_case, row)

    assert "another message" in row.rest_reason
    assert (row.rest_state, raw_of(row)) == ("left", raw)


def raw_of(row):
    return row.env["mail.gateway.raw"]._read(row.id)


@KINDS
def test_rest_that_is_no_longer_there_is_told(odoo_case, mailbox, limited, kind):
    row = rows_of(limited(kind))
    mailbox.server.empty(mailbox.address)

    fetch_rest(odoo_case, row)

    assert "no longer holds" in row.rest_reason
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


@KINDS
def test_mailbox_that_keeps_no_attachments_gets_none_with_the_rest(
    odoo_case, limited, kind
):
    row = rows_of(limited(kind, attach=False))
    record = record_of(row)

    fetch_rest(odoo_case, row)

    assert row.rest_state == "fetched"
    assert not record.message_ids.attachment_ids


@KINDS
def test_kept_original_becomes_the_whole_message(odoo_case, limited, kind):
    raw = large_letter()
    row = rows_of(limited(kind, raw, original=True))

    fetch_rest(odoo_case, row)

    originals = record_of(row).message_ids.attachment_ids.filtered(
        lambda attachment: attachment.name == "original_email.eml"
    )
    assert [original.raw for original in originals] == [raw]


def test_rest_that_cannot_be_added_is_no_fault_of_the_server(
    odoo_case, env, limited, monkeypatch
):
    server = limited("imap")
    row = rows_of(server)

    def refuse(record, **_values):
        raise ValueError("no more notes")

    with monkeypatch.context() as patched:
        patched.setattr(type(record_of(row)), "message_post", refuse)
        fetch_rest(odoo_case, row)

    assert row.rest_state == "left"
    assert "could not be added" in row.rest_reason
    assert "no more notes" in row.rest_reason
    assert (server.failure_count, server.error_message) == (0, False)

    fetch_rest(odoo_case, row)  # all has come: nothing is downloaded again

    assert (row.rest_state, row.rest_reason) == ("fetched", False)
    assert record_of(row).message_ids.attachment_ids.raw == PLAN


# ------------------------------------------------------------- once whole, once in part


def messages_about(env, subject):
    return env["mail.message"].search_count(
        [("subject", "=", subject), ("message_type", "=", "email")]
    )


def test_limit_that_is_lowered_before_a_renumbering_brings_nothing_twice(
    odoo_case, env
):
    raw = large_letter("Once")
    with LyingImap({1: raw}) as liar:
        server = incoming_at(env, "imap", liar.port, size_limit=0)
        fetch(odoo_case, server)
        process(odoo_case)
        server.size_limit = 1
        liar.uidvalidity += 1
        # The excerpt of a small server: it knows no parts.
        liar.lie(rb"PEEK\[HEADER", instead=[header_of(raw), b"<tag> OK done"])
        fetch(odoo_case, server)
        process(odoo_case)

    assert rows_of(server).mapped("uidvalidity") == ["43"]
    assert messages_about(env, "Once") == 1


def header_of(raw):
    header = raw[: raw.index(b"\r\n\r\n") + 4]
    item = b"* 1 FETCH (UID 1 BODY[HEADER]<0> {%d}\r\n%b)"
    return item % (len(header), header)


@pytest.mark.parametrize("limits", [(0, 1), (1, 0)], ids=["whole first", "part first"])
def test_one_mail_in_two_mailboxes_with_different_limits_is_told_once(
    odoo_case, env, mailbox, limits
):
    mailbox.deliver(large_letter("Both"))
    for limit in limits:  # of one mailbox that is read twice
        values = {"state": "done", "size_limit": limit}
        server = incoming(env, mailbox, "imap", "ssl", after_fetch="leave", **values)
        server.start_policy = "all"
        assert fetch(odoo_case, server) is None
        process(odoo_case)

    assert messages_about(env, "Both") == 1
    rows = env["mail.gateway.inbound"].search([("subject", "=", "Both")], order="id")
    assert rows.mapped("state") == ["done", "duplicate"]


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
