"""Servers that contradict themselves: what they hold still comes, and comes once."""

from datetime import timedelta

import pytest

from odoo import fields

from tests.live.live_case import fetch, incoming_at, letter, rows_of
from tests.rig.lying_servers import LyingImap, LyingPop

LETTERS = ["one", "two", "three"]
EMPTY = b"* 0 EXISTS"
WITHOUT_UIDNEXT = [b"* 3 EXISTS", b"* OK [UIDVALIDITY 42] numbering"]
BODY = rb"FETCH \S+ \(BODY"


def raw(subject):
    return letter(subject, f"<{subject}@home.example>")


@pytest.fixture
def imap():
    with LyingImap({uid: raw(name) for uid, name in enumerate(LETTERS, 1)}) as server:
        yield server


@pytest.fixture
def pop():
    with LyingPop({f"uidl-{name}": raw(name) for name in LETTERS}) as server:
        yield server


@pytest.fixture
def poll(odoo_case, env):
    """Read a lying server as the scheduler does; return the exception, if any."""
    server = None

    def poll(liar, **values):
        nonlocal server
        kind = "imap" if isinstance(liar, LyingImap) else "pop"
        server = server or incoming_at(env, kind, liar.port, **values)
        return fetch(odoo_case, server)

    poll.server = lambda: server
    poll.subjects = lambda: rows_of(server).mapped("subject")
    return poll


# -------------------------------------------------------------------------------- IMAP


@pytest.mark.parametrize(
    "unsolicited",
    [b"* 1 FETCH (FLAGS (\\Seen))", b"* 2 FETCH (UID 2 FLAGS ())", b"* 4 EXISTS"],
)
def test_L6_unsolicited_answer_before_the_body_loses_nothing(imap, poll, unsolicited):
    imap.lie(BODY, before=[unsolicited])

    poll(imap)

    assert poll.subjects() == LETTERS


def test_message_that_is_listed_but_not_handed_out_comes_later(imap, poll):
    imap.lie(BODY, instead=[b"<tag> OK nothing to see"], times=1)
    poll(imap)

    poll(imap)

    assert poll.subjects() == LETTERS


def test_message_that_the_server_cannot_read_yet_comes_later(imap, poll):
    two = b"* 2 FETCH (UID 2 BODY[] {%d}\r\n%b)" % (len(raw("two")), raw("two"))
    unreadable = [b"* %d FETCH (UID %d BODY[] NIL)" % (n, n) for n in (1, 3)]
    imap.lie(BODY, instead=[*unreadable, two, b"<tag> OK done"], times=1)
    poll(imap)

    poll(imap)

    assert sorted(poll.subjects()) == sorted(LETTERS)


def test_K4_message_that_an_imap_server_refuses_does_not_stop_the_others(imap, poll):
    imap.lie(rb"FETCH (1|1[,:]\S+) \(BODY", instead=[b"<tag> NO cannot convert"])

    errors = [poll(imap) for _poll in range(2)]

    assert (errors, poll.subjects()) == ([None, None], ["two", "three"])
    assert poll.server().folder_ids.missing_uids == "1"


def test_K5_message_that_another_client_expunges_does_not_stop_the_others(imap, poll):
    imap.lie(BODY, do=lambda: imap.messages.pop(1), before=[b"* 1 EXPUNGE"], times=1)

    error = poll(imap)

    assert (error, poll.subjects()) == (None, ["two", "three"])


def test_changed_uidvalidity_brings_nothing_twice(imap, poll):
    poll(imap)
    imap.uidvalidity = 43
    imap.messages = {uid + 10: content for uid, content in imap.messages.items()}
    imap.messages[14] = raw("four")

    for _poll in range(2):
        poll(imap)

    assert poll.subjects() == [*LETTERS, "four"]


@pytest.mark.parametrize(
    ("kept_days", "asked_days"), [(730, 32), (10, 12)], ids=["all kept", "some kept"]
)
def test_changed_uidvalidity_lets_ask_for_what_was_refused_for_long(
    env, imap, poll, kept_days, asked_days
):
    retention = "mail_gateway_plus.journal_retention_days"
    env["ir.config_parameter"].set_param(retention, kept_days)
    imap.lie(BODY, instead=[b"<tag> OK nothing to see"], times=1)
    poll(imap)
    ledger = poll.server().folder_ids
    now = fields.Datetime.now()
    refused = fields.Datetime.to_string(now - timedelta(days=30))
    ledger.missing_since = dict.fromkeys(ledger.missing_since, refused)
    imap.uidvalidity = 43
    asked = len(imap.commands)

    poll(imap)

    searches = [line for line in imap.commands[asked:] if b"SEARCH SINCE" in line]
    since = now - timedelta(days=asked_days)
    assert [line.split()[-1].strip(b'"').decode() for line in searches] == [
        since.strftime("%d-%b-%Y")
    ]
    assert sorted(poll.subjects()) == sorted(LETTERS)


@pytest.mark.parametrize("command", [b"LOGIN", b"SELECT", b"SEARCH", BODY, b"STORE"])
def test_server_that_says_bye_in_the_middle_is_asked_again(imap, poll, command):
    imap.lie(command, instead=[b"* BYE shutting down"], hang_up=True, times=1)
    error = poll(imap)

    poll(imap)

    assert error is not None
    assert poll.subjects() == LETTERS


# -------------------------------------------------------------------------------- POP3


def test_listing_that_changes_brings_everything_once(pop, poll):
    poll(pop, delete_from_server=False)
    pop.messages = {"uidl-four": raw("four"), **dict([*pop.messages.items()][::-1])}
    del pop.messages["uidl-two"]

    poll(pop)

    assert poll.subjects() == [*LETTERS, "four"]


def test_K4_message_that_the_server_refuses_does_not_stop_the_others(pop, poll):
    pop.lie(rb"RETR 1$", instead=[b"-ERR cannot be read"])

    error = poll(pop)

    assert (error, poll.subjects()) == (None, ["two", "three"])
    assert list(pop.messages) == ["uidl-one"]


def test_message_that_was_refused_comes_when_the_server_can(pop, poll):
    pop.lie(rb"RETR 1$", instead=[b"-ERR cannot be read"], times=1)
    poll(pop)

    poll(pop)

    assert poll.subjects() == ["two", "three", "one"]


def test_I1_failed_quit_does_not_bring_messages_without_an_id_twice(pop, poll):
    pop.messages = {"a": b"Subject: nameless\r\n\r\nDark for weeks.\r\n"}
    pop.lie(rb"QUIT", instead=[b"-ERR some messages not deleted"], times=1)
    error = poll(pop)

    poll(pop)

    assert error is not None
    assert poll.subjects() == ["nameless"]
    assert not pop.messages


def test_name_of_a_deleted_message_given_to_a_new_one_hides_nothing(pop, poll):
    poll(pop)
    pop.messages = {"uidl-one": raw("another one")}

    poll(pop)

    assert poll.subjects() == [*LETTERS, "another one"]
    assert not pop.messages


def test_deleted_message_that_the_server_offers_again_is_the_same(pop, poll):
    poll(pop)
    pop.messages = {"uidl-one": raw("one")}

    poll(pop)

    assert poll.subjects() == LETTERS
    assert not pop.messages


def test_server_that_never_deletes_is_not_downloaded_at_every_poll(pop, poll):
    pop.lie(rb"DELE", instead=[b"+OK"])

    for _poll in range(4):
        poll(pop)

    downloads = [said for said in pop.commands if said.startswith(b"RETR")]
    assert (poll.subjects(), len(downloads)) == (LETTERS, 2 * len(LETTERS))


def test_message_that_is_refused_for_ever_is_shown_on_the_mailbox(pop, poll):
    pop.lie(rb"RETR 1$", instead=[b"-ERR cannot be read"], times=1)
    poll(pop)

    assert poll.server().missing_count == 1
    assert poll.server().folder_ids.missing_uids == "uidl-one"

    poll(pop)

    assert poll.server().missing_count == 0


def test_reused_uidl_is_a_new_message_though_deleting_began_later(pop, poll):
    poll(pop, delete_from_server=False)
    poll.server().delete_from_server = True
    poll(pop)
    assert not pop.messages
    pop.messages = {"uidl-one": raw("four")}

    poll(pop)

    assert poll.subjects() == [*LETTERS, "four"]


def test_server_that_never_deletes_brings_nothing_at_every_poll(pop, poll):
    poll(pop, delete_from_server=False)
    poll.server().delete_from_server = True
    pop.lie(rb"DELE", instead=[b"+OK but no"])
    for _poll in range(4):
        poll(pop)

    assert poll.subjects() == LETTERS
    assert sum(command == b"RETR 1" for command in pop.commands) <= 2


@pytest.mark.parametrize("policy", ["new", "unread"])
def test_without_uidnext_old_mail_is_not_taken_for_new(imap, poll, policy):
    imap.seen = {1, 2, 3}
    imap.lie(b"SELECT", instead=[*WITHOUT_UIDNEXT, b"<tag> OK done"])

    poll(imap, start_policy=policy)
    imap.messages[4] = raw("four")
    poll(imap)

    assert poll.subjects() == ["four"]


def test_without_uidnext_an_empty_folder_s_first_message_is_new(imap, poll):
    messages, imap.messages = imap.messages, {}
    imap.lie(b"SELECT", instead=[EMPTY, *WITHOUT_UIDNEXT[1:], b"<tag> OK ."], times=1)
    poll(imap, start_policy="new")
    imap.messages = messages

    poll(imap)

    assert poll.subjects() == LETTERS


def test_logout_that_goes_wrong_is_no_failure(imap, poll):
    imap.lie(b"LOGOUT", instead=[], hang_up=True)

    assert poll(imap) is None
    assert poll.subjects() == LETTERS


def test_unacknowledged_message_that_a_renumbered_folder_lost_is_settled(imap, poll):
    poll(imap, after_fetch="leave")
    rows_of(poll.server()).acknowledged_at = False
    imap.uidvalidity, imap.messages = 43, {5: raw("three"), 6: raw("four")}

    poll(imap)

    rows = rows_of(poll.server())
    assert rows.mapped("uidvalidity") == ["42", "42", "43", "43"]
    assert all(rows.mapped("acknowledged_at"))
