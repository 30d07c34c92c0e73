"""Once a day a folder is held against the journal, and what is missing fetched."""

from datetime import timedelta

import pytest

from odoo import fields

from tests.live.live_case import fetch, incoming_at, letter, rows_of
from tests.rig.lying_servers import LyingImap

LETTERS = {1: "one", 2: "two", 3: "three"}
WITHOUT_TWO = [b"* SEARCH 1 3", b"<tag> OK done"]


def raw(subject):
    return letter(subject, f"<{subject}@home.example>")


@pytest.fixture
def imap():
    with LyingImap({uid: raw(name) for uid, name in LETTERS.items()}) as server:
        yield server


@pytest.fixture
def lagging(odoo_case, env, imap):
    """A mailbox that was read while its server did not list the second letter."""
    imap.lie(rb"SEARCH", instead=WITHOUT_TWO, times=1)
    server = incoming_at(env, "imap", imap.port, start_policy="all")
    fetch(odoo_case, server)
    assert rows_of(server).mapped("subject") == ["one", "three"]
    return server


def let_a_day_pass(server):
    before = fields.Datetime.now() - timedelta(days=1)
    server.folder_ids.reconciled_at = before


def test_message_that_was_not_listed_at_its_time_is_found_within_a_day(
    odoo_case, lagging
):
    let_a_day_pass(lagging)

    fetch(odoo_case, lagging)

    assert rows_of(lagging).mapped("subject") == ["one", "three", "two"]
    assert lagging.folder_ids.gap_count == 1
    assert lagging.folder_ids.reconciled_at > fields.Datetime.now() - timedelta(hours=1)


def test_folder_without_gaps_brings_nothing(odoo_case, lagging):
    for _day in range(2):
        let_a_day_pass(lagging)
        fetch(odoo_case, lagging)

    assert len(rows_of(lagging)) == 3
    assert lagging.folder_ids.gap_count == 1  # that of the first day is still told


def test_folder_is_held_against_the_journal_once_a_day(odoo_case, imap, lagging):
    asked = len(imap.commands)
    fetch(odoo_case, lagging)

    assert not [said for said in imap.commands[asked:] if b"UNDELETED" in said]
    assert len(rows_of(lagging)) == 2


def test_gap_that_is_not_handed_out_is_shown_as_missing(odoo_case, imap, lagging):
    imap.lie(rb"FETCH 2 ", instead=[b"<tag> OK nothing"])
    let_a_day_pass(lagging)

    fetch(odoo_case, lagging)

    assert lagging.folder_ids.missing_uids == "2"


@pytest.mark.parametrize("policy", ["new", "unread"])
def test_old_mail_that_nobody_wanted_is_no_gap(odoo_case, env, imap, policy):
    imap.seen = set(LETTERS)
    server = incoming_at(env, "imap", imap.port, start_policy=policy)
    fetch(odoo_case, server)
    imap.messages[4] = raw("four")
    fetch(odoo_case, server)
    let_a_day_pass(server)

    fetch(odoo_case, server)

    assert rows_of(server).mapped("subject") == ["four"]


def test_message_that_the_journal_has_forgotten_is_no_gap(odoo_case, lagging):
    rows_of(lagging).fetched_at = fields.Datetime.now() - timedelta(days=40)
    let_a_day_pass(lagging)
    fetch(odoo_case, lagging)  # they are dealt with for good by now
    rows_of(lagging).unlink()
    let_a_day_pass(lagging)

    fetch(odoo_case, lagging)

    assert not rows_of(lagging)


def test_big_folder_is_looked_through_in_windows(odoo_case, imap, lagging, monkeypatch):
    from odoo.addons.mail_gateway_plus.core.policy import progress

    monkeypatch.setattr(progress, "WINDOW_UIDS", 2)
    let_a_day_pass(lagging)
    asked = len(imap.commands)

    fetch(odoo_case, lagging)

    said = b" ".join(imap.commands[asked:])
    assert b"UNDELETED UID 2:3" in said
    assert b"UNDELETED UID 1:1" in said
    assert "two" in rows_of(lagging).mapped("subject")
