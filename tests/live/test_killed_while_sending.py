"""Odoo killed while it sends: each recipient has it once, or is held as uncertain.

Mails are to one contact or to three, each of whom gets a letter. Two workers send, each
in several sessions. The kills at random moments are few by default; ``MGP_FULL=1`` asks
for 200 over 500 mails, ``MGP_KILLS`` and ``MGP_MAILS`` for other numbers, and
``MGP_SEED`` for the moments of an earlier run, which has printed it.
"""

import os
import random
from collections import Counter

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
# A domain each: that is what attempts tell them apart by.
CONTACTS = (AMINA, "bo@desk.example", "caro@garden.example")


@pytest.fixture
def odoo(rig_directory, certificate_authority):
    """A real Odoo on a database of its own."""
    directory = rig_directory / "killed-sending"
    with GatewayServer(directory, "mgp_test_sender", certificate_authority) as server:
        yield server


@pytest.fixture
def outbox(odoo):
    return Outbox(odoo)


@pytest.fixture
def contacts(odoo):
    """The ids of three contacts, in the order of ``CONTACTS``."""
    values = [{"name": each.partition("@")[0], "email": each} for each in CONTACTS]
    return odoo.call("res.partner", "create", [values])


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


def test_X1_contacts_after_the_one_in_the_midst_need_no_person(odoo, outbox, contacts):
    with SmtpSink(Fault("dot", Silence(taking=True), skip=1, times=1)) as sink:
        outbox.add_relay(sink.port)
        [mail] = queue_to(outbox, contacts, 1)
        wait_until(lambda: sink.dots == 2, what="the second one's final dot")

        odoo.kill()

        odoo.start()
        assert outbox.settle([mail]) == ["uncertain"]
        assert sink.recipients() == sorted(CONTACTS)
        assert outcomes(odoo, [mail]) == {
            (mail, "home.example"): "accepted",
            (mail, "desk.example"): "uncertain",
            (mail, "garden.example"): "accepted",
        }


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


def queue_to(outbox, contacts, number):
    """Queue so many mails to these contacts; return their ids."""
    return outbox.queue_many([[]] * number, recipient_ids=[(6, 0, contacts)])


def outcomes(odoo, mails):
    """Return the latest outcome by mail and recipient's domain."""
    rows = odoo.query(
        "SELECT DISTINCT ON (mail_id, domain) mail_id, domain, outcome"
        " FROM mail_gateway_recipient WHERE mail_id = ANY(%s)"
        " ORDER BY mail_id, domain, id DESC",
        list(mails),
    )
    return {(mail_id, domain): outcome for mail_id, domain, outcome in rows}


def letters(sink):
    """Return how often each recipient's domain has taken each Message-ID."""
    return Counter(
        (mail.message_id, address.partition("@")[2])
        for mail in sink.accepted
        for address in mail.recipients
    )


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


def test_X1_X2_X3_killed_at_random_moments_reaches_each_once(
    odoo, outbox, contacts, moments
):
    mails, in_the_midst = {}, 0
    odoo.set_running_crons(outbox.crons)  # theirs are the moments
    with SmtpSink(Fault("dot", Late(DOT_SECONDS))) as sink:
        outbox.add_relay(sink.port, session_limit=SESSIONS)
        first, longest = time_of_first_mail(odoo, outbox)
        # A mail to three takes as long as three, one after the other.
        longest += (len(CONTACTS) - 1) * DOT_SECONDS + SECONDS_PER_MAIL * MAILS / KILLS
        mails[first] = 1
        for number, part in enumerate(moments):
            # In portions: there is something to send at every kill.
            count = MAILS * (number + 1) // KILLS - MAILS * number // KILLS
            mails |= dict.fromkeys(queue_to(outbox, contacts, count // 2), 3)
            mails |= dict.fromkeys(
                queue_to(outbox, contacts[:1], count - count // 2), 1
            )
            # No condition: any moment is as good as another.
            odoo.keep_awake(outbox.crons, part * longest)
            odoo.kill()
            in_the_midst += "outgoing" in outbox.column("mail.state", mails)
            odoo.start()

        states = dict(zip(mails, outbox.settle(mails, SETTLE_SECONDS), strict=True))
        taken = letters(sink)
        most_sessions = sink.most_sessions

    names = outbox.column("message.message_id", mails)
    found = outcomes(odoo, mails)
    fates = {
        (mail, domain): (found.get((mail, domain)), taken.pop((name, domain), 0))
        for (mail, number), name in zip(mails.items(), names, strict=True)
        for domain in [each.partition("@")[2] for each in CONTACTS[:number]]
    }
    allowed = {("accepted", 1), ("uncertain", 1), ("uncertain", 0)}
    assert {key: fate for key, fate in fates.items() if fate not in allowed} == {}
    assert not taken
    in_doubt = {mail for mail, domain in fates if found[mail, domain] == "uncertain"}
    assert states == {m: "uncertain" if m in in_doubt else "sent" for m in mails}
    uncertain = sum(outcome == "uncertain" for outcome, _count in fates.values())
    assert uncertain <= KILLS * WORKERS * SESSIONS
    print(f"{KILLS} kills within {longest:.1f} s, {in_the_midst} in the midst of work;")
    print(f"of {len(fates)} recipients of {len(mails)} mails {len(fates) - uncertain}")
    print(f"have it once and {uncertain} are uncertain, in {len(in_doubt)} mails;")
    print(f"up to {most_sessions} sessions at once")
