"""What was read is known by UID and UIDVALIDITY, never by the Seen flag."""

import shutil
import time

import pytest

from tests.live.live_case import fetch, incoming, letter, process, rows_of
from tests.rig.imap_client import mark_as_read, uids_in
from tests.rig.processes import wait_until


def subjects(server):
    return rows_of(server).mapped("subject")


@pytest.fixture
def deliver(mailbox):
    """Put letters with these subjects into the mailbox's inbox or another folder."""

    def put(*names, folder="INBOX"):
        for name in names:
            mailbox.deliver(letter(name, f"<{name}@home.example>"), folder)

    return put


def test_L5_message_that_somebody_read_first_is_fetched(
    odoo_case, env, mailbox, deliver
):
    server = incoming(env, mailbox, "imap", "ssl", state="done")
    fetch(odoo_case, server)
    deliver("read on a phone")
    mark_as_read(mailbox)

    fetch(odoo_case, server)

    assert subjects(server) == ["read on a phone"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("all", ["read before", "unread before", "later"]),
        ("unread", ["unread before", "later"]),
        ("new", ["later"]),
    ],
)
def test_start_policy_says_what_of_the_old_mail_is_fetched(
    odoo_case, env, mailbox, deliver, policy, expected
):
    deliver("read before")
    mark_as_read(mailbox)
    deliver("unread before")
    server = incoming(env, mailbox, "imap", "ssl", start_policy=policy)
    server.button_confirm_login()
    deliver("later")

    for _run in range(2):
        fetch(odoo_case, server)

    assert subjects(server) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("all", ["read before", "later"]),
        ("unread", ["later"]),
        ("new", ["later"]),
    ],
)
def test_mail_that_came_after_the_confirmation_is_fetched_though_somebody_read_it(
    odoo_case, env, mailbox, deliver, policy, expected
):
    deliver("read before")
    mark_as_read(mailbox)
    server = incoming(env, mailbox, "imap", "ssl", start_policy=policy)
    server.with_user(env.ref("base.user_admin")).button_confirm_login()
    deliver("later")
    mark_as_read(mailbox)

    for _run in range(2):
        fetch(odoo_case, server)

    assert subjects(server) == expected


def test_from_now_on_begins_at_the_first_confirmation_and_not_at_a_later_one(
    odoo_case, env, mailbox, deliver
):
    server = incoming(env, mailbox, "imap", "ssl", start_policy="new")
    server.button_confirm_login()
    deliver("while it was not confirmed")
    server.set_draft()

    server.button_confirm_login()
    fetch(odoo_case, server)

    assert subjects(server) == ["while it was not confirmed"]


def test_every_folder_is_read_and_has_its_own_ledger(odoo_case, env, mailbox, deliver):
    deliver("in the inbox")
    deliver("in the folder", folder="Letters")
    server = incoming(env, mailbox, "imap", "ssl", folder="INBOX, Letters")
    server.button_confirm_login()

    fetch(odoo_case, server)

    assert subjects(server) == ["in the inbox", "in the folder"]
    assert server.folder_ids.mapped("name") == ["INBOX", "Letters"]
    assert server.folder_ids.mapped("message_count") == [1, 1]
    assert all(server.folder_ids.mapped("polled_at"))


def test_leaving_as_it_is_touches_no_flag_and_fetches_once(
    odoo_case, env, mailbox, deliver
):
    deliver("one")
    server = incoming(env, mailbox, "imap", "ssl", state="done", after_fetch="leave")

    for _run in range(2):
        fetch(odoo_case, server)

    assert subjects(server) == ["one"]
    assert mailbox.server.flags(mailbox.address) == [""]


def test_keyword_marks_without_reading(odoo_case, env, mailbox, deliver):
    deliver("one")
    server = incoming(env, mailbox, "imap", "ssl", state="done", after_fetch="keyword")

    fetch(odoo_case, server)

    # Dovecot's Maildir shows keywords as small letters; S would be Seen.
    assert mailbox.server.flags(mailbox.address) == ["a"]


def test_moved_message_is_in_the_other_folder_only(odoo_case, env, mailbox, deliver):
    deliver("one", "two")
    server = incoming(env, mailbox, "imap", "ssl", state="done", after_fetch="move")

    for _run in range(2):
        fetch(odoo_case, server)

    assert mailbox.messages() == []
    assert len(mailbox.messages("Processed")) == 2
    assert subjects(server) == ["one", "two"]


def test_imap_message_can_be_deleted_at_once(odoo_case, env, mailbox, deliver):
    deliver("one")
    server = incoming(
        env, mailbox, "imap", "ssl", state="done", delete_from_server=True
    )

    fetch(odoo_case, server)

    assert mailbox.messages() == []
    assert subjects(server) == ["one"]


@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_message_is_deleted_after_some_days(odoo_case, env, mailbox, deliver, kind):
    deliver("one")
    server = incoming(
        env,
        mailbox,
        kind,
        "ssl",
        state="done",
        delete_from_server=True,
        delete_after_days=7,
    )
    fetch(odoo_case, server)
    assert len(mailbox.messages()) == 1
    rows_of(server).remove_at = "2026-01-01 00:00:00"

    fetch(odoo_case, server)

    assert mailbox.messages() == []
    assert subjects(server) == ["one"]
    assert not rows_of(server).remove_at


def test_pop_message_can_stay_and_is_fetched_once(odoo_case, env, mailbox, deliver):
    deliver("one")
    server = incoming(env, mailbox, "pop", "ssl", state="done")
    server.delete_from_server = False

    for _run in range(2):
        fetch(odoo_case, server)

    assert subjects(server) == ["one"]
    assert len(mailbox.messages()) == 1


def test_original_of_a_quarantined_message_is_set_aside(
    odoo_case, env, mailbox, deliver
):
    deliver("nobody knows where to")
    server = incoming(
        env,
        mailbox,
        "imap",
        "ssl",
        state="done",
        object_id=False,
        failed_folder="Failed",
    )
    fetch(odoo_case, server)
    process(odoo_case)

    for _run in range(2):
        fetch(odoo_case, server)

    assert mailbox.messages() == []
    assert len(mailbox.messages("Failed")) == 1


def test_acknowledgement_that_was_lost_is_made_up_for(odoo_case, env, mailbox, deliver):
    deliver("one")
    server = incoming(env, mailbox, "imap", "ssl", state="done", after_fetch="leave")
    fetch(odoo_case, server)
    rows_of(server).acknowledged_at = False
    server.after_fetch = "read"

    fetch(odoo_case, server)

    assert rows_of(server).acknowledged_at
    assert mailbox.server.flags(mailbox.address) == ["S"]


def test_acknowledgement_in_one_folder_says_nothing_of_another(
    odoo_case, env, mailbox, deliver
):
    deliver("in the inbox")
    deliver("in the folder", folder="Letters")
    server = incoming(env, mailbox, "imap", "ssl", state="done", folder="INBOX,Letters")
    fetch(odoo_case, server)
    rows = rows_of(server)
    rows.acknowledged_at = False

    rows._mark_acknowledged(server, rows[0]._refs())

    # Both have the same UID.
    assert len(set(rows.mapped("uid"))) == 1
    assert rows.filtered("acknowledged_at") == rows[0]


def test_new_uidvalidity_imports_nothing_again_and_loses_nothing(
    odoo_case, env, mailbox, deliver
):
    deliver("one", "two")
    server = incoming(env, mailbox, "imap", "ssl", state="done")
    fetch(odoo_case, server)
    before = rows_of(server)
    [former] = set(before.mapped("uidvalidity"))
    deliver("three")
    renumber(mailbox, former)

    for _run in range(2):
        fetch(odoo_case, server)

    rows = rows_of(server)
    assert rows.mapped("subject") == ["one", "two", "three"]
    assert rows[:2] == before
    assert former not in rows.mapped("uidvalidity")
    assert sorted(rows.mapped("uid")) == sorted(map(str, uids_in(mailbox)))


def renumber(mailbox, former):
    """Have Dovecot forget its numbering, as a move to another machine does.

    Its UIDVALIDITY is the second in which it numbers a folder.
    """
    wait_until(lambda: time.time() > int(former) + 1, what="the next second")
    home = mailbox.server.directory / "mail" / mailbox.address
    for path in (home / "Maildir").glob("dovecot*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
