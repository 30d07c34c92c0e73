"""Mail to ourselves, through a real Postfix into a real Dovecot, and found there."""

from unittest.mock import patch

import pytest

from tests.live.live_case import fetch, incoming, process, rows_of
from tests.rig.imap_client import logged_in
from tests.rig.processes import wait_until


@pytest.fixture
def box(env, mailbox, postfix):
    """The incoming server of a mailbox."""
    return incoming(env, mailbox, "imap", "ssl", name="Box", state="done")


@pytest.fixture
def server(env, mailbox, postfix, box):
    """An outgoing server that sends to it, by the mailbox's own account."""
    return env["ir.mail_server"].create(
        {
            "name": "City relay",
            "smtp_host": "localhost",
            "smtp_port": postfix.submission_port,
            "smtp_encryption": "starttls_strict",
            "smtp_user": mailbox.address,
            "smtp_pass": mailbox.password,
            "from_filter": mailbox.address,
            "round_trip_mailbox_id": box.id,
        }
    )


@pytest.fixture
def run(odoo_case, env):
    """Bring a round trip forward as the button does, with these waits."""
    from odoo.addons.base.models.ir_mail_server import IrMail_Server
    from odoo.addons.mail_gateway_plus.round_trip_run import RoundTripRun

    def run(trip, waits=(0.5,) * 20):
        with (
            patch.object(IrMail_Server, "_disable_send", return_value=False),
            odoo_case.enter_registry_test_mode(),
        ):
            RoundTripRun(*RoundTripRun.place(env), tuple(trip.ids), waits).run()
        env.invalidate_all()
        return trip

    return run


@pytest.fixture
def start(env, server):
    def start():
        trip = env["mail.gateway.round.trip"]._start(server)
        env.flush_all()
        return trip

    return start


def test_mail_is_sent_and_found_with_the_way_that_it_took(start, run, box, mailbox):
    trip = run(start())

    assert (trip.state, trip.folder, trip.is_spam) == ("arrived", "INBOX", False)
    assert trip.arrived_in_id == box
    assert 0 <= trip.delay < 60
    submission = trip.hops[0]
    assert submission["protocol"] == "ESMTPSA"
    assert submission["tls"] == "TLS"
    assert trip.hops[-1]["protocol"].startswith("LMTP")
    assert trip.egress_address == "127.0.0.1/32"
    with logged_in(mailbox) as client:
        assert client.search("UNSEEN") == [1]  # looking has changed nothing


def test_mail_that_was_found_is_ignored_when_it_is_fetched(
    odoo_case, env, start, run, box
):
    trip = run(start())
    assert fetch(odoo_case, box) is None
    process(odoo_case)

    [row] = rows_of(box)
    assert (row.state, row.reason, row.round_trip_id) == (
        "ignored",
        "Round-trip mail",
        trip,
    )
    assert trip.copies == 1


def test_mail_that_the_journal_has_first_is_not_looked_for_any_more(
    odoo_case, start, run, box, mailbox
):
    trip = run(start(), waits=())
    assert trip.state == "sent"
    wait_until(lambda: mailbox.messages())
    fetch(odoo_case, box)
    process(odoo_case)

    assert trip.state == "arrived"
    assert run(trip).copies == 1


def test_mail_among_spam_is_found_there(start, run, mailbox):
    trip = run(start(), waits=())
    wait_until(lambda: mailbox.messages())
    with logged_in(mailbox) as client:
        client.create_folder("Junk")
        client.copy([1], "Junk")
        client.delete_messages([1])
        client.expunge()

    run(trip)

    assert (trip.state, trip.folder, trip.is_spam) == ("arrived", "Junk", True)
    assert trip.progress["tone"] == "warning"
    assert "among spam" in trip.progress["headline"]


def test_mail_that_comes_back_has_failed(odoo_case, server, start, run, box, mailbox):
    server.round_trip_recipient = "nobody@elsewhere.example"
    trip = run(start(), waits=())
    wait_until(lambda: mailbox.messages(), 60.0)
    fetch(odoo_case, box)
    process(odoo_case)

    [row] = rows_of(box)
    assert (row.state, row.round_trip_id) == ("ignored", trip)
    assert trip.state == "failed"
    assert "Undelivered" in trip.words


def test_mailbox_that_cannot_be_looked_at_says_why(start, run, box):
    trip = run(start(), waits=())
    box.write({"password": "wrong", "state": "done"})
    box.env.flush_all()

    run(trip, waits=(0,))

    assert trip.state == "sent"
    assert trip.look_words


def test_wrong_password_for_sending_is_told(server, start, run):
    server.write({"smtp_pass": "wrong", "state": "done"})

    trip = run(start())

    assert trip.state == "failed"
    assert "535" in trip.words


def test_looking_at_another_persons_mail_finds_nothing(start, run, mailbox):
    trip = run(start(), waits=())
    wait_until(lambda: mailbox.messages())
    raw = mailbox.messages()[0]
    forged = raw.replace(trip.sudo().nonce.encode(), b"0" * 32)
    mailbox.server.empty(mailbox.address)
    mailbox.deliver(forged)

    run(trip, waits=(0,))

    assert trip.state == "sent"
