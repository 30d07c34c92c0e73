"""A mail is offered, then finished: nobody is left in doubt without need."""

import contextlib
import select
import socket
import threading
import time
from email.message import Message

import pytest
from mgp_core.protocols.smtp import MessageTooLarge, Phase, SmtpSession, Timeouts

from tests.rig.scripted_server import (
    DEADLINE,
    Close,
    Expect,
    ReadUntil,
    Reset,
    ScriptedServer,
    Send,
    SendRaw,
)
from tests.unit.smtp_dialogue import (
    ACCEPT,
    ANN,
    BEN,
    CONTENT,
    DATA,
    GREETING,
    MAIL,
    QUEUED,
    RCPT_ANN,
    RSET,
    SENDER,
    connect,
    make_message,
    refuse,
)

BUSY = b"421 4.3.2 Shutting down"
IN_TRANSACTION = (MAIL, RCPT_ANN, DATA)
LAST_LINE = ReadUntil(b"Hello\r\n")
# Short, as some servers here never answer.
SHORT = Timeouts().capped(0.3)


class Drip:
    """Sends a byte now and then, and never the end of the line."""

    def play(self, conversation):
        with contextlib.suppress(OSError):
            for _ in range(40):
                conversation.socket.sendall(b"2")
                time.sleep(0.05)


class Pause:
    """Waits until the test lets the script go on."""

    def __init__(self):
        self._event = threading.Event()

    def play(self, conversation):
        assert self._event.wait(DEADLINE)

    def end(self, session):
        """Go on, and wait until the server has said or done something."""
        self._event.set()
        assert select.select([session.sock], [], [], DEADLINE)[0]


@contextlib.contextmanager
def session_with(*steps, greeting=GREETING, timeouts=SHORT):
    """Yield a session with a server that plays ``steps``."""
    with ScriptedServer(*greeting, *steps) as server:
        connection = connect(server)
        try:
            yield SmtpSession(connection, timeouts=timeouts)
        finally:
            connection.close()


def offer(session, to=(ANN,)):
    return session.offer(make_message(), SENDER, list(to))


def deliver(*steps, **options):
    """Offer and finish a mail; return its delivery and if the session is usable."""
    with session_with(*steps, **options) as session:
        delivery = offer(session)
        if delivery.is_open:
            session.finish(delivery)
        return delivery, session.usable


COMMANDS = {
    Phase.MAIL: ((), MAIL),
    Phase.RCPT: ((MAIL,), RCPT_ANN),
    Phase.DATA: ((MAIL, RCPT_ANN), DATA),
}
EACH_COMMAND = pytest.mark.parametrize("phase", COMMANDS, ids=lambda p: p.value)


@EACH_COMMAND
@pytest.mark.parametrize("code", [451, 550])
def test_refusal_before_the_dot_is_a_failure_and_spares_the_session(phase, code):
    before, command = COMMANDS[phase]

    delivery, usable = deliver(*before, refuse(command, b"%d no" % code), RSET)

    assert (delivery.phase, delivery.reply.code) == (phase, code)
    assert (delivery.is_uncertain, usable) == (False, True)
    assert delivery.error


@EACH_COMMAND
@pytest.mark.parametrize(
    ("end", "code"),
    [
        ((BUSY,), 421),
        ((b"Good evening",), 0),
        ((b"2x0 Ok",), 0),
        ((b"250-" + b"x" * 70_000,), 0),
        ((), 0),
    ],
    ids=["421", "words only", "broken code", "endless", "silence"],
)
def test_server_out_of_step_before_the_dot_is_a_failure_and_ends_the_session(
    phase, end, code
):
    before, command = COMMANDS[phase]

    delivery, usable = deliver(*before, refuse(command, *end))

    assert (delivery.phase, delivery.reply.code) == (phase, code)
    assert (delivery.is_uncertain, usable) == (False, False)


@EACH_COMMAND
@pytest.mark.parametrize("end", [Close, Reset])
def test_lost_connection_before_the_dot_is_a_failure(phase, end):
    before, command = COMMANDS[phase]

    delivery, usable = deliver(*before, refuse(command), end())

    assert (delivery.phase, delivery.reply.code) == (phase, 0)
    assert (delivery.is_uncertain, usable) == (False, False)


def test_offered_mail_is_not_sent_yet():
    with session_with(*IN_TRANSACTION, LAST_LINE) as session:
        delivery = offer(session)

        assert (delivery.is_open, delivery.accepted) == (True, False)
        assert (delivery.phase, session.usable) == (Phase.DATA, False)


def test_offered_mail_that_is_not_finished_is_taken_back_by_hanging_up():
    with ScriptedServer(*GREETING, *IN_TRANSACTION) as server:
        session = SmtpSession(connect(server), timeouts=SHORT)
        offer(session)

        session.close()

    assert server.received.endswith(b"Hello\r\n")  # no QUIT, which would be content


def test_second_mail_cannot_be_offered_into_the_first():
    with session_with(*IN_TRANSACTION, CONTENT, QUEUED) as session:
        delivery = offer(session)
        with pytest.raises(ValueError, match="not finished"):
            offer(session)

        session.finish(delivery)

    assert delivery.accepted


def test_mail_is_finished_once():
    with session_with(*ACCEPT) as session:
        delivery = offer(session)
        session.finish(delivery)

        with pytest.raises(ValueError, match="not offered"):
            session.finish(delivery)


@pytest.mark.parametrize("code", [451, 554])
def test_refusal_of_the_content_is_a_failure_and_spares_the_session(code):
    delivery, usable = deliver(
        *IN_TRANSACTION, CONTENT, Send(b"%d 5.7.1 No" % code), RSET
    )

    assert (delivery.phase, delivery.reply.code) == (Phase.DOT, code)
    assert (delivery.is_uncertain, usable) == (False, True)


def test_421_after_the_dot_is_a_failure_and_ends_the_session():
    delivery, usable = deliver(*IN_TRANSACTION, CONTENT, Send(BUSY))

    assert (delivery.phase, delivery.reply.code) == (Phase.DOT, 421)
    assert (delivery.is_uncertain, usable) == (False, False)


@pytest.mark.parametrize(
    "end",
    [
        (),
        (Close(),),
        (Reset(),),
        (Send(b"Good evening"),),
        (Send(b"354 Go on"),),
        (Send(b"220 rig ready"),),
        (Send(b"999 Ok"),),
        (SendRaw(b"250 2.0."), Close()),
        (Send(b"250 " + b"x" * 70_000),),
        (Send(b"250-2.0.0 Ok"), Close()),
        (Drip(),),
    ],
    ids=[
        "silence",
        "closed",
        "reset",
        "words only",
        "answer to something else",
        "banner",
        "unknown code",
        "half a line",
        "endless line",
        "half a reply",
        "byte by byte",
    ],
)
def test_no_readable_reply_to_the_dot_leaves_the_mail_uncertain(end):
    delivery, usable = deliver(*IN_TRANSACTION, CONTENT, *end)

    assert (delivery.phase, delivery.reply.code) == (Phase.DOT, 0)
    assert (delivery.is_uncertain, usable) == (True, False)
    assert delivery.error


def test_dot_that_could_not_be_sent_whole_leaves_the_mail_uncertain():
    pause = Pause()
    with session_with(*IN_TRANSACTION, LAST_LINE, pause, Reset()) as session:
        delivery = offer(session)
        pause.end(session)
        # As if the server hung up between our looking and our sending.
        session._wire.overheard = lambda: None

        session.finish(delivery)

    assert delivery.is_uncertain


@pytest.mark.parametrize("end", [Close, Reset])
def test_server_that_hung_up_before_the_dot_does_not_have_the_mail(end):
    pause = Pause()
    with session_with(*IN_TRANSACTION, LAST_LINE, pause, end()) as session:
        delivery = offer(session)
        pause.end(session)

        session.finish(delivery)

        assert (delivery.phase, delivery.is_uncertain) == (Phase.DATA, False)
        assert not session.usable


def test_server_that_gave_up_before_the_dot_is_heard():
    pause = Pause()
    steps = (*IN_TRANSACTION, LAST_LINE, pause, Send(b"421 4.4.2 Timeout"), Close())
    with session_with(*steps) as session:
        delivery = offer(session)
        pause.end(session)

        session.finish(delivery)

    assert (delivery.phase, delivery.reply.code) == (Phase.DATA, 421)
    assert delivery.reply.enhanced_code == "4.4.2"


def test_dot_does_not_wait_for_the_receipt_of_the_content():
    # Nagle's algorithm and delayed receipts would cost 40 ms a mail.
    with session_with() as session:
        session.ehlo()
        option = session.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    assert option


def test_session_carries_mail_after_mail():
    with session_with(*ACCEPT, *ACCEPT) as session:
        for _ in range(2):
            delivery = offer(session)
            session.finish(delivery)

            assert (delivery.accepted, session.usable) == (True, True)


@pytest.mark.parametrize(
    "answer", [(b"502 What?",), (BUSY,), ()], ids=["refused", "421", "silence"]
)
def test_session_whose_mail_is_not_taken_back_is_not_used_again(answer):
    delivery, usable = deliver(refuse(MAIL, b"550 no"), refuse(RSET, *answer))

    assert (delivery.reply.code, usable) == (550, False)


def test_closed_session_refuses_the_mail_and_does_not_raise():
    with session_with(Expect(b"QUIT", b"221 Bye")) as session:
        session.ehlo()
        session.close()

        delivery = offer(session)

    assert (delivery.phase, delivery.is_open) == (Phase.MAIL, False)
    assert delivery.error


def test_silent_server_is_not_waited_for_when_closing():
    with session_with(Expect(b"QUIT"), timeouts=Timeouts(quit=0.2)) as session:
        session.ehlo()
        started = time.monotonic()

        session.close()

    assert time.monotonic() - started < 2


def test_replies_are_kept_for_each_recipient():
    with session_with(MAIL, RCPT_ANN, refuse(DATA, BUSY)) as session:
        delivery = offer(session)
    with session_with(refuse(MAIL, b"550 no"), RSET) as session:
        unasked = offer(session, [ANN, BEN])

    assert delivery.recipients[ANN].code == 250
    assert unasked.recipients == {ANN: None, BEN: None}


def greeting(*extensions):
    answer = [b"250-rig", *(b"250-" + name for name in extensions), b"250 HELP"]
    return (Send(b"220 rig"), Expect(b"ehlo .*", *answer))


def test_mail_beyond_the_server_s_size_is_not_offered():
    delivery, usable = deliver(greeting=greeting(b"SIZE 50"))

    assert (delivery.phase, delivery.reply.code) == (Phase.MAIL, 552)
    assert delivery.reply.enhanced_code == "5.3.4"
    assert type(delivery.error) is MessageTooLarge
    assert usable


@pytest.mark.parametrize("size", [b"SIZE", b"SIZE 0", b"SIZE many"])
def test_server_without_a_size_takes_any(size):
    with session_with(*ACCEPT, greeting=greeting(size)) as session:
        delivery = offer(session)
        session.finish(delivery)

        assert (session.max_size, delivery.accepted) == (0, True)


def test_large_content_has_a_timeout_for_each_block():
    message = make_message("0123456789abcdef\n" * 20_000)
    steps = (*IN_TRANSACTION, ReadUntil(b"0123"))  # and then reads no more
    with session_with(*steps) as session:
        delivery = session.offer(message, SENDER, [ANN])
        if delivery.is_open:
            session.finish(delivery)

    # The sockets' buffers take it all or not; either way it is told in time.
    assert delivery.seconds < 3


def test_server_that_hangs_up_on_the_content_is_heard():
    message = Message()  # not encoded, which would take seconds
    message.set_payload("0123456789abcdef\n" * 700_000)
    steps = (*IN_TRANSACTION, ReadUntil(b"0123"), Send(b"552 5.3.4 Too big"), Close())
    with session_with(*steps) as session:
        delivery = session.offer(message, SENDER, [ANN])

    assert (delivery.phase, delivery.reply.code) == (Phase.DATA, 552)
    assert not delivery.is_uncertain


def test_bytes_are_sent_and_recorded_as_well():
    deliveries = []
    with session_with(*ACCEPT) as session:
        session.on_delivery = lambda _session, delivery: deliveries.append(delivery)

        refused = session.sendmail(SENDER, ANN, b"Message-Id: <7@x>\r\n\r\nHello\r\n")

    (delivery,) = deliveries
    assert (refused, delivery.accepted) == ({}, True)
    assert delivery.message_id == "<7@x>"


def test_envelope_that_is_not_given_is_that_of_the_headers():
    message = make_message(From=SENDER, To=f"Ann <{ANN}>", Bcc=BEN)
    rcpt_ben = Expect(b"rcpt TO:<ben@city.example>", b"250 Ok")
    steps = (MAIL, RCPT_ANN, rcpt_ben, DATA, CONTENT, QUEUED)
    with session_with(*steps) as session:
        assert session.send_message(message) == {}


def test_options_of_the_caller_are_passed_on():
    mail = Expect(rb"mail FROM:<desk@home\.example> RET=HDRS size=\d+", b"250 Ok")
    rcpt = Expect(b"rcpt TO:<ann@city.example> NOTIFY=NEVER", b"250 Ok")
    with session_with(mail, rcpt, DATA, CONTENT, QUEUED) as session:
        refused = session.send_message(
            make_message(),
            SENDER,
            [ANN],
            mail_options=["RET=HDRS"],
            rcpt_options=["NOTIFY=NEVER"],
        )

    assert refused == {}


def test_address_with_a_line_end_is_refused_before_anything_is_said():
    delivery = None
    with session_with() as session:
        delivery = session.offer(make_message(), SENDER, ["a@b\r\nRCPT TO:<c@d>"])

        assert session.usable
    assert isinstance(delivery.error, ValueError)


def test_no_answer_is_waited_for_longer_than_the_worker_lives():
    with ScriptedServer(*GREETING, MAIL, RCPT_ANN, DATA, CONTENT, Drip()) as server:
        session = SmtpSession(connect(server), timeouts=Timeouts())
        delivery = session.offer(make_message(), SENDER, [ANN])

        started = time.monotonic()
        session.end_by(started + 0.3)
        session.finish(delivery)

        assert time.monotonic() - started < 2
        assert delivery.is_uncertain
        session.close()
