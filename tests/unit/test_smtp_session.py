"""A session tells how far each mail came, and fails exactly as smtplib does."""

import smtplib
from dataclasses import dataclass
from email.message import Message

import pytest
from mgp_core.protocols.smtp import (
    Delivery,
    Phase,
    Reply,
    SmtpSession,
    is_smtp,
    phase_of,
)

from tests.rig.scripted_server import Close, ReadUntil, Reset, ScriptedServer, Send
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
    RCPT_BEN,
    RSET,
    SENDER,
    connect,
    make_message,
    refuse,
    send,
)

BUSY = b"421 4.3.2 Shutting down"


def make_big_message():
    """Return a mail that does not fit into the sockets' buffers."""
    message = Message()
    message["Message-Id"] = "<1@home.example>"
    message.set_payload("0123456789abcdef" * 4 + "\n")
    message.set_payload(message.get_payload() * 200_000)
    return message


@dataclass
class Case:
    """A server that fails somewhere, and what has to be known about it then."""

    steps: tuple
    phase: Phase
    code: int
    text: str = ""
    refused: tuple = ()
    to: tuple = (ANN,)
    make_message: object = make_message
    timeout: float = 3.0
    smtplib_resets: bool = True  # smtplib forgets RSET after a refused DATA


FAILURES = {
    "MAIL refused": Case(
        (refuse(MAIL, b"550 5.7.1 Not you"), RSET), Phase.MAIL, 550, "5.7.1 Not you"
    ),
    "MAIL put off": Case(
        (refuse(MAIL, b"451 4.7.1 Later"), RSET), Phase.MAIL, 451, "4.7.1 Later"
    ),
    "MAIL answered 421": Case(
        (refuse(MAIL, BUSY),), Phase.MAIL, 421, "4.3.2 Shutting down"
    ),
    "MAIL unanswered": Case((refuse(MAIL), Close()), Phase.MAIL, 0, "closed"),
    "only RCPT refused": Case(
        (MAIL, refuse(RCPT_ANN, b"550 5.1.1 Unknown"), RSET),
        Phase.RCPT,
        550,
        "5.1.1 Unknown",
        refused=(ANN,),
    ),
    "all RCPT refused": Case(
        (
            MAIL,
            refuse(RCPT_ANN, b"550 5.1.1 Unknown"),
            refuse(RCPT_BEN, b"550 5.1.1 Unknown"),
            RSET,
        ),
        Phase.RCPT,
        550,
        "5.1.1 Unknown",
        refused=(ANN, BEN),
        to=(ANN, BEN),
    ),
    "RCPT answered 421": Case(
        (MAIL, RCPT_ANN, refuse(RCPT_BEN, BUSY)),
        Phase.RCPT,
        421,
        "4.3.2 Shutting down",
        refused=(BEN,),
        to=(ANN, BEN),
    ),
    "RCPT answered 421 after a refusal": Case(
        (MAIL, refuse(RCPT_ANN, b"550 5.1.1 Unknown"), refuse(RCPT_BEN, BUSY)),
        Phase.RCPT,
        421,
        "4.3.2 Shutting down",
        refused=(ANN, BEN),
        to=(ANN, BEN),
    ),
    "no recipients": Case((MAIL, RSET), Phase.RCPT, 0, to=()),
    "RCPT unanswered": Case((MAIL, refuse(RCPT_ANN), Close()), Phase.RCPT, 0, "closed"),
    "DATA refused": Case(
        (MAIL, RCPT_ANN, refuse(DATA, b"554 5.5.1 No"), RSET),
        Phase.DATA,
        554,
        "5.5.1 No",
        smtplib_resets=False,
    ),
    "DATA unanswered": Case(
        (MAIL, RCPT_ANN, refuse(DATA), Reset()), Phase.DATA, 0, "closed"
    ),
    "lost in the content": Case(
        (MAIL, RCPT_ANN, DATA, ReadUntil(b"0123456789"), Reset()),
        Phase.DATA,
        0,
        "not connected",
        make_message=make_big_message,
    ),
    "lost after the dot": Case(
        (MAIL, RCPT_ANN, DATA, CONTENT, Close()), Phase.DOT, 0, "closed"
    ),
    "silent after the dot": Case(
        (MAIL, RCPT_ANN, DATA, CONTENT), Phase.DOT, 0, "timed out", timeout=0.3
    ),
    "content refused": Case(
        (MAIL, RCPT_ANN, DATA, CONTENT, Send(b"552 5.3.4 Too big"), RSET),
        Phase.DOT,
        552,
        "5.3.4 Too big",
    ),
    "content put off": Case(
        (MAIL, RCPT_ANN, DATA, CONTENT, Send(b"451 4.3.0 Later"), RSET),
        Phase.DOT,
        451,
        "4.3.0 Later",
    ),
    "content answered 421": Case(
        (MAIL, RCPT_ANN, DATA, CONTENT, Send(BUSY)),
        Phase.DOT,
        421,
        "4.3.2 Shutting down",
    ),
}
EACH_FAILURE = pytest.mark.parametrize("case", FAILURES.values(), ids=FAILURES)


def fail(case, as_smtplib=False):
    steps = case.steps
    if as_smtplib and not case.smtplib_resets:
        steps = tuple(step for step in steps if step is not RSET)
    return send(
        *steps,
        to=list(case.to),
        message=case.make_message(),
        timeout=case.timeout,
        as_smtplib=as_smtplib,
    )


@EACH_FAILURE
def test_failure_is_recorded_with_its_phase_and_the_server_s_words(case):
    delivery = fail(case).delivery

    assert not delivery.accepted
    assert (delivery.phase, delivery.reply.code) == (case.phase, case.code)
    assert case.text in delivery.reply.text
    assert tuple(delivery.refused) == case.refused


@EACH_FAILURE
def test_failure_raises_what_smtplib_raises(case):
    ours, smtplibs = fail(case).error, fail(case, as_smtplib=True).error

    assert type(ours) is type(smtplibs)
    assert ours.args == smtplibs.args


def test_accepted_mail_is_recorded():
    run = send(*ACCEPT)

    assert run.delivery == Delivery(
        message_id="<1@home.example>",
        sender=SENDER,
        recipients={ANN: Reply(250, "2.1.5 Ok")},
        phase=Phase.ACCEPTED,
        reply=Reply(250, "2.0.0 Ok: queued as 4F2A1C0042"),
        seconds=run.delivery.seconds,
    )
    assert run.delivery.accepted


def test_time_of_the_dialogue_is_measured():
    assert 0 < send(*ACCEPT).delivery.seconds < 3


def test_partly_refused_mail_is_accepted_and_names_the_refused():
    run = send(
        MAIL,
        refuse(RCPT_ANN, b"550 5.1.1 Unknown"),
        RCPT_BEN,
        DATA,
        CONTENT,
        QUEUED,
        to=[ANN, BEN],
    )

    assert run.result == {ANN: (550, b"5.1.1 Unknown")}
    assert run.delivery.refused == {ANN: Reply(550, "5.1.1 Unknown")}
    assert run.delivery.accepted_recipients == [BEN]
    assert run.delivery.accepted


def test_recipient_named_twice_is_told_to_the_server_once():
    # With smtplib a mail that nobody gets can pass: it counts refused addresses, and
    # two refusals of one address are one.
    run = send(MAIL, refuse(RCPT_ANN, b"550 5.1.1 Unknown"), RSET, to=[ANN, ANN])

    assert type(run.error) is smtplib.SMTPRecipientsRefused


def test_single_recipient_may_be_a_string():
    assert list(send(*ACCEPT, to=ANN).delivery.recipients) == [ANN]


@pytest.mark.parametrize(
    "refused",
    [
        (refuse(MAIL, b"550 no"), RSET),
        (MAIL, refuse(RCPT_ANN, b"550 no"), RSET),
        (MAIL, RCPT_ANN, refuse(DATA, b"554 no"), RSET),
        (MAIL, RCPT_ANN, DATA, CONTENT, Send(b"550 no"), RSET),
    ],
    ids=["MAIL", "RCPT", "DATA", "dot"],
)
def test_session_can_be_used_again_after_a_refusal(refused):
    deliveries = []
    with ScriptedServer(*GREETING, *refused, *ACCEPT) as server:
        connection = connect(server)
        session = SmtpSession(connection, lambda _s, d: deliveries.append(d))
        with pytest.raises(smtplib.SMTPException):
            session.send_message(make_message(), SENDER, [ANN])

        session.send_message(make_message(), SENDER, [ANN])

        connection.close()
    assert [delivery.accepted for delivery in deliveries] == [False, True]


def test_session_offers_what_the_connection_has():
    with ScriptedServer(*GREETING) as server:
        connection = connect(server)
        session = SmtpSession(connection, None)
        session.ehlo()

        assert session.has_extn("size")

        connection.close()


def test_session_without_tls_has_no_tls_version():
    with ScriptedServer(*GREETING[:1]) as server:
        connection = connect(server)
        session = SmtpSession(connection, None)

        assert session.tls_version == ""

        connection.close()
    assert session.tls_version == ""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("5.7.1 No", "5.7.1"),
        ("4.2.0", "4.2.0"),
        ("5.7.509 No", "5.7.509"),
        ("2.0.0\nmore", "2.0.0"),
        ("3.0.0 no class", ""),
        ("5.7.1No", ""),
        ("see 5.7.1", ""),
        ("", ""),
    ],
)
def test_enhanced_code_is_read_from_the_start_of_a_reply(text, code):
    assert Reply(550, text).enhanced_code == code


@pytest.mark.parametrize(
    ("text", "queue_id"),
    [
        ("2.0.0 Ok: queued as 4F2A1C0042", "4F2A1C0042"),
        ("OK id=1rAbCd-000123-AB", "1rAbCd-000123-AB"),
        ("2.6.0 <1@x> [InternalId=12] Queued mail for delivery", ""),
        ("2.0.0 OK 1700000000 d9443c01a7336 - gsmtp", ""),
        ("", ""),
    ],
)
def test_queue_id_is_read_where_the_server_tells_one(text, queue_id):
    assert Reply(250, text).queue_id == queue_id


@pytest.mark.parametrize(
    ("error", "phase"),
    [
        (UnicodeError("label too long"), Phase.RESOLVE),
        (ConnectionRefusedError(), Phase.CONNECT),
        (TimeoutError(), Phase.CONNECT),
        (smtplib.SMTPServerDisconnected("timed out"), Phase.GREET),
        (smtplib.SMTPConnectError(554, b"No"), Phase.GREET),
        (smtplib.SMTPNotSupportedError("STARTTLS extension not supported"), Phase.TLS),
        (smtplib.SMTPAuthenticationError(535, b"No"), Phase.AUTH),
        (smtplib.SMTPNotSupportedError("SMTP AUTH extension not"), Phase.AUTH),
        (smtplib.SMTPException("No suitable authentication method"), Phase.AUTH),
        (UnicodeEncodeError("ascii", "ä", 0, 1, "no ASCII"), Phase.AUTH),
    ],
    ids=lambda value: getattr(value, "value", None) or repr(value)[:45],
)
def test_failure_to_open_a_session_has_its_phase(error, phase):
    assert phase_of(error) is phase


def test_only_smtplib_s_connections_are_real_ones():
    assert (is_smtp(smtplib.SMTP()), is_smtp(object())) == (True, False)
