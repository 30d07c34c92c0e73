"""Where the server offers PIPELINING, the envelope costs one round trip."""

import pytest
from mgp_core.protocols.smtp import Phase, SmtpSession, Timeouts

from tests.rig.scripted_server import Close, Expect, ReadUntil, ScriptedServer, Send
from tests.unit.smtp_dialogue import (
    ANN,
    BEN,
    CONTENT,
    QUEUED,
    RSET,
    SENDER,
    connect,
    make_message,
)

GREETING = (
    Send(b"220 rig"),
    Expect(rb"ehlo .*", b"250-rig", b"250 PIPELINING"),
)
# Reads MAIL, every RCPT and DATA before it answers any of them.
ALL_AT_ONCE = ReadUntil(b"DATA\r\n")
MAIL_OK, OK, GO = b"250 2.1.0 Ok", b"250 2.1.5 Ok", b"354 Go ahead"
NO = b"550 5.1.1 Unknown"


def deliver(*steps, to=(ANN, BEN)):
    """Return the delivery, whether the session is usable then, and the server."""
    with ScriptedServer(*GREETING, *steps) as server:
        connection = connect(server)
        session = SmtpSession(connection, timeouts=Timeouts().capped(1))
        delivery = session.offer(make_message(), SENDER, to)
        if delivery.is_open:
            session.finish(delivery)
        usable = session.usable
        connection.close()
    return delivery, usable, server


def test_envelope_is_sent_at_once():
    delivery, usable, _server = deliver(
        ALL_AT_ONCE, Send(MAIL_OK, OK, OK, GO), CONTENT, QUEUED
    )

    assert (delivery.accepted, usable) == (True, True)
    assert delivery.accepted_recipients == [ANN, BEN]


def test_each_recipient_gets_its_own_reply():
    delivery, _usable, _server = deliver(
        ALL_AT_ONCE, Send(MAIL_OK, NO, OK, GO), CONTENT, QUEUED
    )

    assert delivery.accepted
    assert {a: r.code for a, r in delivery.recipients.items()} == {ANN: 550, BEN: 250}


def test_refused_sender_refuses_nobody_else():
    bad_sequence = b"503 5.5.1 Need MAIL"
    delivery, usable, _server = deliver(
        ALL_AT_ONCE,
        Send(b"550 5.7.1 Not you", bad_sequence, bad_sequence, bad_sequence),
        RSET,
    )

    assert (delivery.phase, delivery.reply.text) == (Phase.MAIL, "5.7.1 Not you")
    assert delivery.recipients == {ANN: None, BEN: None}
    assert usable


def test_refusal_of_all_recipients_is_told_as_such():
    delivery, usable, _server = deliver(
        ALL_AT_ONCE, Send(MAIL_OK, NO, NO, b"554 5.5.1 No valid recipients"), RSET
    )

    assert (delivery.phase, delivery.reply.code) == (Phase.RCPT, 550)
    assert list(delivery.refused) == [ANN, BEN]
    assert usable


@pytest.mark.parametrize(
    "replies",
    [(MAIL_OK, NO, NO, GO), (b"550 Not you", NO, NO, GO)],
    ids=["no recipient", "no sender"],
)
def test_server_that_wants_content_for_nobody_gets_none(replies):
    delivery, usable, server = deliver(ALL_AT_ONCE, Send(*replies))

    assert (delivery.error is not None, delivery.is_uncertain) == (True, False)
    assert not usable
    assert server.received.endswith(b"DATA\r\n")


@pytest.mark.parametrize("number", range(4))
def test_421_in_the_middle_ends_the_session(number):
    replies = [MAIL_OK, OK, OK, GO][:number]

    delivery, usable, _server = deliver(
        ALL_AT_ONCE, Send(*replies, b"421 4.3.2 Busy"), Close()
    )

    phase = [Phase.MAIL, Phase.RCPT, Phase.RCPT, Phase.DATA][number]
    assert (delivery.phase, delivery.reply.code) == (phase, 421)
    assert (delivery.is_uncertain, usable) == (False, False)


def test_many_recipients_go_in_groups_that_fit_into_the_buffers():
    addresses = [f"r{number}@city.example" for number in range(120)]
    first = [ReadUntil(b"<r48@city.example>\r\n"), Send(MAIL_OK, *[OK] * 49)]
    second = [ReadUntil(b"<r98@city.example>\r\n"), Send(*[OK] * 50)]
    rest = [ALL_AT_ONCE, Send(*[OK] * 21, GO), CONTENT, QUEUED]

    delivery, _usable, _server = deliver(*first, *second, *rest, to=addresses)

    assert delivery.accepted_recipients == addresses
