"""Odoo killed while it sends: each mail is accepted once, or held as uncertain.

Two workers send, each in several sessions. The kills at random moments are few by
default; ``MGP_FULL=1`` asks for 200 over 500 mails, ``MGP_KILLS`` and ``MGP_MAILS`` for
other numbers, and ``MGP_SEED`` for the moments of an earlier run, which has printed it.
"""

import os
import random

import pytest

from tests.live.outgoing_case import Outbox
from tests.rig.gateway_server import GatewayServer
from tests.rig.processes import wait_until
from tests.rig.smtp_sink import Fault, Late, Silence, SmtpSink

IS_FULL = os.environ.get("MGP_FULL") == "1"
MAILS = int(os.environ.get("MGP_MAILS", 500 if IS_FULL else 60))
KILLS = int(os.environ.get("MGP_KILLS", 200 if IS_FULL else 3))
WORKERS = 2
SESSIONS = 4
# A server takes its time at the end of each mail: what is killed then is in doubt.
DOT_SECONDS = 0.2
# What each mail of a portion adds to the time of the first one.
SECONDS_PER_MAIL = 0.03
SETTLE_SECONDS = 180.0 + MAILS
AMINA = "amina@home.example"


@pytest.fixture
def odoo(rig_directory, certificate_authority):
    """A real Odoo on a database of its own."""
    directory = rig_directory / "killed-sending"
    with GatewayServer(directory, "mgp_test_sender", certificate_authority) as server:
        yield server


@pytest.fixture
def outbox(odoo):
    return Outbox(odoo)


def test_killed_before_the_dot_is_sent_later_and_once(odoo, outbox):
    with SmtpSink(Fault("data", Silence(), times=1)) as sink:
        outbox.add_relay(sink.port)
        mail = outbox.queue(AMINA)
        wait_until(lambda: "data" in commands(sink), what="the content's turn")

        odoo.kill()

        odoo.start()
        assert outbox.settle([mail]) == ["sent"]
        assert list(sink.counts().values()) == [1]


@pytest.mark.parametrize("taking", [True, False])
def test_X1_killed_after_the_dot_is_uncertain_and_not_sent_again(odoo, outbox, taking):
    with SmtpSink(Fault("dot", Silence(taking=taking), times=1)) as sink:
        outbox.add_relay(sink.port)
        mail = outbox.queue(AMINA)
        wait_until(lambda: sink.dots, what="the final dot")

        odoo.kill()

        odoo.start()
        assert outbox.settle([mail]) == ["uncertain"]
        other = outbox.queue(AMINA)
        outbox.wait_for(other, "sent")
        assert sorted(sink.counts().values()) == [1] * (1 + taking)
        assert outbox.state(mail) == "uncertain"


def test_X2_killed_in_the_middle_of_a_users_batch_sends_nothing_twice(odoo, outbox):
    # The sixth mail's answer never comes; five are accepted by then.
    with SmtpSink(Fault("dot", Silence(taking=True), skip=5, times=1)) as sink:
        outbox.add_relay(sink.port, session_limit=1)
        mails = outbox.queue_many([[AMINA]] * 10, scheduled_date="2031-05-06 07:08:09")
        odoo.call("mail.mail", "write", [mails, {"scheduled_date": False}])
        odoo.call("mail.mail", "send", [mails])
        wait_until(lambda: sink.dots == 6, what="the sixth final dot")

        odoo.kill()

        odoo.start()
        states = outbox.settle(mails)
        assert sorted(states) == ["sent"] * 9 + ["uncertain"]
        assert list(sink.counts().values()) == [1] * 10


def test_mail_of_a_killed_worker_does_not_wait_for_the_end_of_its_lease(odoo, outbox):
    with SmtpSink(Fault("rcpt", Silence(), times=1)) as sink:
        outbox.add_relay(sink.port)
        mail = outbox.queue(AMINA)
        wait_until(lambda: "rcpt" in commands(sink), what="the recipient's turn")
        odoo.kill()
        odoo.start()

        outbox.wake()

        outbox.wait_for(mail, "sent")


def commands(sink):
    return [line.split(" ")[0].lower() for _session, line in sink.commands]


# ------------------------------------------------------------------ at any moment


@pytest.fixture
def moments():
    """When Odoo dies each time: at which part of the time that its work takes."""
    seed = int(os.environ.get("MGP_SEED") or random.randrange(10**6))
    print(f"MGP_SEED={seed}")
    chance = random.Random(seed)
    return [chance.random() for _kill in range(KILLS)]


def time_of_first_mail(odoo, outbox):
    """Return a mail, and the seconds in which Odoo, just started, has sent it.

    On a busy machine that is long; who is killed sooner has done nothing yet.
    """
    odoo.kill()
    odoo.start()
    mail = outbox.queue(AMINA)

    def is_sent():
        return outbox.state(mail) == "sent"

    seconds = odoo.keep_awake(outbox.crons, SETTLE_SECONDS, is_sent)
    assert is_sent()
    return mail, seconds


def test_X1_X2_X3_killed_at_random_moments_sends_each_mail_once(odoo, outbox, moments):
    mails, in_the_midst = [], 0
    odoo.set_running_crons(outbox.crons)  # theirs are the moments
    with SmtpSink(Fault("dot", Late(DOT_SECONDS))) as sink:
        outbox.add_relay(sink.port, session_limit=SESSIONS)
        first, longest = time_of_first_mail(odoo, outbox)
        longest += SECONDS_PER_MAIL * MAILS / KILLS
        mails.append(first)
        for number, part in enumerate(moments):
            # In portions: there is something to send at every kill.
            count = MAILS * (number + 1) // KILLS - MAILS * number // KILLS
            mails += outbox.queue_many([[AMINA]] * count)
            # No condition: any moment is as good as another.
            odoo.keep_awake(outbox.crons, part * longest)
            odoo.kill()
            in_the_midst += "outgoing" in outbox.column("mail.state", mails)
            odoo.start()

        states = outbox.settle(mails, SETTLE_SECONDS)
        counts = sink.counts()
        most_sessions = sink.most_sessions

    ids = outbox.column("message.message_id", mails)
    fates = [(state, counts.get(i, 0)) for state, i in zip(states, ids, strict=True)]
    allowed = {("sent", 1), ("uncertain", 1), ("uncertain", 0)}
    assert [fate for fate in fates if fate not in allowed] == []
    assert set(counts) <= set(ids)
    uncertain = states.count("uncertain")
    assert uncertain <= KILLS * WORKERS * SESSIONS
    print(f"{KILLS} kills within {longest:.1f} s, {in_the_midst} in the midst of work;")
    print(f"of {len(mails)} mails {states.count('sent')} were sent once,")
    print(f"{uncertain} uncertain, up to {most_sessions} sessions at once")
