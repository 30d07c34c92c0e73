"""What is to be done with a message later is done where it was moved to."""

import pytest

from tests.live.live_case import (
    fetch,
    incoming,
    incoming_at,
    letter,
    process,
    rows_of,
)
from tests.rig.lying_servers import LyingImap


@pytest.fixture
def moving(odoo_case, env, mailbox):
    """Fetch one letter from a mailbox that moves what it has journaled."""

    def moving(**values):
        mailbox.deliver(letter("one", "<one@home.example>"))
        server = incoming(
            env, mailbox, "imap", "ssl", state="done", after_fetch="move", **values
        )
        assert fetch(odoo_case, server) is None
        return server

    return moving


def test_journal_follows_a_moved_message(moving):
    row = rows_of(moving())

    assert row.folder == "Processed"
    assert row.acknowledged_at


def test_moved_message_is_deleted_after_some_days(odoo_case, mailbox, moving):
    server = moving(delete_from_server=True, delete_after_days=7)
    rows_of(server).remove_at = "2026-01-01 00:00:00"

    fetch(odoo_case, server)

    assert mailbox.messages("Processed") == []
    assert not rows_of(server).remove_at


def test_moved_message_that_is_quarantined_is_set_aside(odoo_case, mailbox, moving):
    server = moving(object_id=False, failed_folder="Failed")
    process(odoo_case)

    for _run in range(2):
        fetch(odoo_case, server)

    assert mailbox.messages("Processed") == []
    assert len(mailbox.messages("Failed")) == 1
    assert rows_of(server).folder == "Failed"


def test_message_set_aside_is_deleted_after_some_days(odoo_case, mailbox, moving):
    server = moving(
        object_id=False,
        failed_folder="Failed",
        delete_from_server=True,
        delete_after_days=7,
    )
    process(odoo_case)
    fetch(odoo_case, server)
    assert len(mailbox.messages("Failed")) == 1
    rows_of(server).remove_at = "2026-01-01 00:00:00"

    fetch(odoo_case, server)

    assert mailbox.messages("Failed") == []


@pytest.mark.parametrize(
    "values",
    [
        {"after_fetch": "move", "after_fetch_folder": "Processed"},
        {"after_fetch": "move", "after_fetch_folder": " Processed "},
        {"after_fetch": "move", "after_fetch_folder": "inbox"},
        {"failed_folder": "Processed"},
    ],
)
def test_folder_that_is_read_is_none_to_move_messages_to(env, mailbox, values):
    # Without COPYUID they would be fetched and moved again at each poll.
    from odoo.exceptions import ValidationError

    with pytest.raises(ValidationError, match="is read itself"):
        incoming(env, mailbox, "imap", "ssl", folder="INBOX, Processed", **values)


def test_folder_of_moved_messages_may_be_read_where_nothing_is_moved(env, mailbox):
    incoming(env, mailbox, "imap", "ssl", folder="INBOX, Processed")
    incoming(env, mailbox, "pop", "ssl", failed_folder="INBOX")


def test_unacknowledged_message_of_a_folder_no_longer_read_is_settled(
    odoo_case, env, mailbox
):
    mailbox.deliver(letter("one", "<one@home.example>"))
    server = incoming(env, mailbox, "imap", "ssl", state="done")
    fetch(odoo_case, server)
    left = rows_of(server)
    left.write({"acknowledged_at": False, "folder": "Former"})
    partial = left.copy({"uid": "99", "rest_state": "left"})

    fetch(odoo_case, server)

    assert left.acknowledged_at
    assert not partial.acknowledged_at, "its original is still there to be fetched"


def test_server_that_does_not_tell_the_place_is_known_for_it(odoo_case, env):
    raw = letter("one", "<one@home.example>")
    with LyingImap({1: raw}) as liar:
        server = incoming_at(
            env,
            "imap",
            liar.port,
            after_fetch="move",
            delete_from_server=True,
            delete_after_days=7,
        )
        fetch(odoo_case, server)

    assert server.loses_moved
    row = rows_of(server)
    assert (row.folder, row.remove_at) == ("INBOX", False)
