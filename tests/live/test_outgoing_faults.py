"""A server that fails at any point of the dialogue: each mail arrives once or says why.

A real Odoo's queue sends to the rig's sink, which counts what it accepts.
"""

import time
from contextlib import ExitStack

import pytest

from tests.live.outgoing_case import Outbox
from tests.rig.gateway_server import GatewayServer
from tests.rig.odoo_server import OdooRemoteError
from tests.rig.processes import free_port, wait_until
from tests.rig.smtp_sink import (
    RECIPIENT,
    SESSION,
    Answer,
    Fault,
    HangUp,
    Late,
    SmtpSink,
)

AMINA = "amina@home.example"
BRAM = "bram@home.example"
CHEN = "chen@home.example"


@pytest.fixture(scope="module")
def odoo(rig_directory, certificate_authority):
    """A real Odoo on a database of its own, for all tests here."""
    directory = rig_directory / "sending-odoo"
    with GatewayServer(directory, "mgp_test_sending", certificate_authority) as server:
        yield server


@pytest.fixture
def outbox(odoo):
    """A sender's domain and its mails."""
    box = Outbox(odoo)
    yield box
    box.close()


@pytest.fixture
def sink():
    """Start a sink with these faults; it ends with the test."""
    with ExitStack() as stack:
        yield lambda *faults, **values: stack.enter_context(SmtpSink(*faults, **values))


PASSING = {
    "greeting refused": Fault("greet", Answer("421 4.3.2 Busy", hang_up=True)),
    "no greeting": Fault("greet", HangUp()),
    "greeting reset": Fault("greet", HangUp(reset=True)),
    "hung up at EHLO": Fault("ehlo", HangUp()),
    "MAIL deferred": Fault("mail", Answer("451 4.3.0 Try again later")),
    "MAIL and gone": Fault("mail", Answer("421 4.3.2 Closing", hang_up=True)),
    "hung up at MAIL": Fault("mail", HangUp()),
    "RCPT deferred": Fault("rcpt", Answer("450 4.2.0 Mailbox busy")),
    "RCPT and gone": Fault("rcpt", Answer("421 4.3.2 Closing", hang_up=True)),
    "hung up at RCPT": Fault("rcpt", HangUp(reset=True)),
    "DATA deferred": Fault("data", Answer("451 4.3.0 No disk space")),
    "hung up at DATA": Fault("data", HangUp()),
    "content deferred": Fault("dot", Answer("451 4.7.1 Scanner is busy")),
    "content and gone": Fault("dot", Answer("421 4.3.2 Closing", hang_up=True)),
}


@pytest.mark.parametrize("name", PASSING)
def test_O2_passing_fault_delays_and_does_not_fail_the_mail(outbox, sink, name):
    fault = PASSING[name]
    relay = sink(Fault(fault.phase, fault.action, times=1))
    outbox.add_relay(relay.port)

    mail = outbox.queue(AMINA)
    outbox.wait_for_attempts(mail)
    before = outbox.attempts(mail)[0]
    states = outbox.settle([mail])

    assert before[1] != "accepted"
    assert states == ["sent"]
    assert list(relay.counts().values()) == [1]


FINAL = {
    "RCPT": Fault("rcpt", Answer("550 5.1.1 No such user here")),
    "DATA": Fault("data", Answer("554 5.6.0 We do not want this")),
    "content": Fault("dot", Answer("554 5.6.0 Message content rejected")),
}


@pytest.mark.parametrize("name", FINAL)
def test_final_refusal_is_a_dead_letter_with_the_servers_words(outbox, sink, name):
    relay = sink(FINAL[name])
    outbox.add_relay(relay.port)

    mail = outbox.queue(AMINA)
    outbox.wait_for(mail, "exception")
    outbox.make_due([mail])

    assert outbox.value("dead_letter_at IS NOT NULL", mail)
    assert FINAL[name].action.text[4:] in outbox.value("mail.failure_reason", mail)
    assert len(outbox.attempts(mail)) == 1
    assert relay.accepted == []


@pytest.mark.parametrize("taking", [True, False])
@pytest.mark.parametrize("reset", [True, False])
def test_X1_no_answer_to_the_dot_is_uncertain_and_not_sent_again(
    outbox, sink, taking, reset
):
    relay = sink(Fault("dot", HangUp(reset=reset, taking=taking), times=1))
    outbox.add_relay(relay.port)

    mail = outbox.queue(AMINA)
    outbox.wait_for(mail, "uncertain")
    outbox.make_due([mail])
    other = outbox.queue(BRAM)
    outbox.wait_for(other, "sent")

    assert outbox.state(mail) == "uncertain"
    assert relay.recipients() == sorted([AMINA] * taking + [BRAM])


def test_O2_greylisted_recipients_get_the_mail_when_they_are_asked_again(outbox, sink):
    relay = sink(Fault("rcpt", Answer("451 4.7.1 Greylisted"), times=1, per=RECIPIENT))
    outbox.add_relay(relay.port)

    mails = outbox.queue_many([[AMINA], [BRAM, CHEN]])
    states = outbox.settle(mails)

    assert states == ["sent", "sent"]
    assert relay.recipients() == [AMINA, BRAM, CHEN]


def test_O1_mail_leaves_by_the_backup_when_the_first_server_is_down(outbox, sink):
    backup = sink()
    down_id = outbox.add_relay(free_port(), sequence=1)
    backup_id = outbox.add_relay(backup.port, sequence=2)

    mail = outbox.queue(AMINA)
    outbox.wait_for(mail, "sent")

    assert [attempt[0] for attempt in outbox.attempts(mail)] == [down_id, backup_id]
    assert backup.recipients() == [AMINA]


def test_O1_mails_wait_for_the_only_server_and_go_when_it_is_back(outbox, sink):
    port = free_port()
    outbox.add_relay(port)
    mails = outbox.queue_many([[AMINA], [BRAM], [CHEN]])
    for mail in mails:
        outbox.wait_for_attempts(mail)
    assert outbox.column("mail.state", mails) == ["outgoing"] * 3

    relay = sink(port=port)
    states = outbox.settle(mails)

    assert states == ["sent"] * 3
    assert relay.recipients() == [AMINA, BRAM, CHEN]


@pytest.mark.parametrize(
    "action", [HangUp(), HangUp(reset=True), Answer("421 4.7.0 Enough", hang_up=True)]
)
def test_O3_O4_session_that_ends_costs_no_mail_and_no_time(outbox, sink, action):
    relay = sink(Fault("mail", action, skip=3, per=SESSION))
    outbox.add_relay(relay.port, session_limit=2)
    recipients = [[f"r{number:02}@home.example"] for number in range(20)]

    mails = outbox.queue_many(recipients)
    for mail in mails:  # without a second wake-up
        outbox.wait_for(mail, "sent")

    assert relay.recipients() == [address for [address] in recipients]
    assert relay.sessions >= 7


def test_O5_queue_is_sent_to_its_end_whatever_the_batch_size(odoo, outbox, sink):
    relay = sink()
    outbox.add_relay(relay.port)
    parameter = ["mail.mail.queue.batch.size", "2"]
    odoo.call("ir.config_parameter", "set_param", parameter)

    mails = outbox.queue_many([[f"r{number}@home.example"] for number in range(30)])
    for mail in mails:
        outbox.wait_for(mail, "sent")

    assert len(relay.accepted) == 30


def test_O6_oldest_goes_first(outbox, sink):
    relay = sink(Fault("greet", Late(0.5)))
    outbox.add_relay(relay.port, session_limit=1)
    recipients = [[f"r{number}@home.example"] for number in range(8)]

    mails = outbox.queue_many(recipients)
    for mail in mails:
        outbox.wait_for(mail, "sent")

    sent = [address for mail in relay.accepted for address in mail.recipients]
    assert sent == [address for [address] in recipients]


def test_O8_refused_recipient_is_told_and_the_others_have_it(outbox, sink):
    relay = sink(Fault("rcpt", Answer("550 5.1.1 No such user"), about=BRAM))
    outbox.add_relay(relay.port)

    mail = outbox.queue(AMINA, BRAM, CHEN)
    outbox.wait_for(mail, "exception")

    assert relay.recipients() == [AMINA, CHEN]
    reason = outbox.value("mail.failure_reason", mail)
    assert BRAM in reason
    assert AMINA not in reason


def test_X4_retry_asks_only_for_those_who_do_not_have_it(odoo, outbox, sink):
    unknown = Fault("rcpt", Answer("550 5.1.1 No such user"), about=BRAM, times=1)
    relay = sink(unknown)
    outbox.add_relay(relay.port)
    mail = outbox.queue(AMINA, BRAM)
    outbox.wait_for(mail, "exception")

    odoo.call("mail.mail", "action_retry", [[mail]])
    outbox.wait_for(mail, "sent")

    assert relay.recipients() == [AMINA, BRAM]


def test_O9_one_refused_contact_does_not_stop_those_after_it(odoo, outbox, sink):
    relay = sink(Fault("rcpt", Answer("550 5.1.1 No such user"), about=BRAM))
    outbox.add_relay(relay.port)
    contacts = odoo.call(
        "res.partner",
        "create",
        [[{"name": address, "email": address} for address in (AMINA, BRAM, CHEN)]],
    )

    mail = outbox.queue(recipient_ids=[(6, 0, contacts)])
    outbox.wait_for(mail, "exception")

    assert relay.recipients() == [AMINA, CHEN]


def test_O10_mail_leaves_without_anybody_waking_the_queue(odoo, outbox, sink):
    relay = sink()
    outbox.add_relay(relay.port)

    begun = time.monotonic()
    mail = outbox.queue(AMINA)
    outbox.wait_for(mail, "sent")

    assert time.monotonic() - begun < 10
    assert len(relay.accepted) == 1


def test_O10_planned_mail_has_its_own_wake_up(odoo, outbox, sink):
    planned = "2031-05-06 07:08:09"

    outbox.queue(AMINA, scheduled_date=planned)

    [(number,)] = odoo.query(
        "SELECT count(*) FROM ir_cron_trigger WHERE cron_id = ANY(%s)"
        " AND call_at BETWEEN %s AND %s::timestamp + interval '1 minute'",
        outbox.crons,
        planned,
        planned,
    )
    assert number == 1


def test_O11_users_request_does_not_wait_for_a_slow_server(odoo, outbox, sink):
    relay = sink(Fault("greet", Late(5)))
    outbox.add_relay(relay.port)
    mail = outbox.queue(AMINA)

    begun = time.monotonic()
    odoo.call("mail.mail", "send", [[mail]])
    seconds = time.monotonic() - begun
    outbox.wait_for(mail, "sent")

    assert seconds < 3
    assert len(relay.accepted) == 1


def test_slow_server_delays_nobody_elses_mail(odoo, outbox, sink):
    slow = sink(Fault("dot", Late(3)))
    outbox.add_relay(slow.port)
    other = Outbox(odoo)
    quick = sink()
    other.add_relay(quick.port)

    waiting = outbox.queue(AMINA)
    wait_until(lambda: slow.sessions, what="the slow server's session")
    mail = other.queue(BRAM)
    other.wait_for(mail, "sent")

    assert outbox.state(waiting) == "outgoing"
    outbox.wait_for(waiting, "sent")


def test_O14_mail_that_is_too_large_for_the_server_is_not_sent_to_it(
    odoo, outbox, sink
):
    relay = sink(size=20_000)
    outbox.add_relay(relay.port)

    mail = outbox.queue(AMINA, body_html=f"<p>{'long ' * 10_000}</p>")
    outbox.wait_for(mail, "exception")

    assert not [line for _number, line in relay.commands if line.startswith("DATA")]
    assert outbox.value("dead_letter_at IS NOT NULL", mail)


def test_O15_every_try_is_written_down_and_outlives_the_mail(odoo, outbox, sink):
    relay = sink(Fault("rcpt", Answer("451 4.7.1 Greylisted"), times=1))
    server = outbox.add_relay(relay.port)
    mail = outbox.queue(AMINA, auto_delete=True)
    outbox.wait_for_attempts(mail)
    message_id = outbox.value("message.message_id", mail)

    outbox.settle([mail])

    outbox.wait_for(mail, None)
    attempts = odoo.query(
        "SELECT server_id, outcome, code, queue_id FROM mail_gateway_attempt"
        " WHERE message_id = %s ORDER BY id",
        message_id,
    )
    assert attempts[0] == (server, "failed", 451, "")
    assert attempts[1] == (server, "accepted", 250, "S000001")


def test_X3_two_odoos_and_a_user_at_once_send_a_mail_once(
    odoo, outbox, sink, rig_directory, certificate_authority
):
    relay = sink(Fault("dot", Late(1)))
    outbox.add_relay(relay.port)
    directory = rig_directory / "sending-odoo-2"
    second = GatewayServer(directory, odoo.database, certificate_authority)
    second.start()
    try:
        mails = outbox.queue_many([[AMINA], [BRAM], [CHEN]])
        for server in (odoo, second):
            server.call("mail.mail", "send", [mails])
        outbox.wake()
        for mail in mails:
            outbox.wait_for(mail, "sent")
    finally:
        second.kill()

    assert relay.recipients() == [AMINA, BRAM, CHEN]


def test_too_many_logins_wait_and_are_tried_again(outbox, sink):
    busy = Fault("auth", Answer("454 4.7.0 Too many login attempts"), times=1)
    relay = sink(busy, login=("odoo", "secret"))
    outbox.add_relay(relay.port, smtp_user="odoo", smtp_pass="secret")

    mail = outbox.queue(AMINA)
    outbox.wait_for_attempts(mail)
    states = outbox.settle([mail])

    assert states == ["sent"]
    assert len(relay.accepted) == 1


def test_refused_login_keeps_the_mail_until_the_password_is_right(odoo, outbox, sink):
    relay = sink(login=("odoo", "secret"))
    server = outbox.add_relay(relay.port, smtp_user="odoo", smtp_pass="old")
    mail = outbox.queue(AMINA)
    outbox.wait_for_attempts(mail)
    assert outbox.state(mail) == "outgoing"
    assert outbox.attempts(mail)[0][2] == "auth"

    odoo.call("ir.mail_server", "write", [[server], {"smtp_pass": "secret"}])
    odoo.call("ir.mail_server", "action_test_and_confirm", [[server]])
    states = outbox.settle([mail])

    assert states == ["sent"]


def test_who_asks_for_the_exception_gets_it(odoo, outbox, sink):
    relay = sink(FINAL["RCPT"])
    outbox.add_relay(relay.port)
    mail = outbox.queue(AMINA, scheduled_date="2031-05-06 07:08:09")

    with pytest.raises(OdooRemoteError, match="No such user here"):
        odoo.call("mail.mail", "send", [[mail]], {"raise_exception": True})

    assert len(outbox.attempts(mail)) == 1
