"""The sink counts what it took and misbehaves as planned: others rely on both."""

import smtplib
import time

import pytest

from tests.rig.smtp_sink import (
    RECIPIENT,
    SESSION,
    Answer,
    Fault,
    HangUp,
    Late,
    Silence,
    SmtpSink,
)

SENDER = "desk@home.example"
ANN = "ann@city.example"
BEN = "ben@city.example"


def content(number=1, size=10):
    return f"Message-ID: <{number}@home.example>\r\n\r\n{'x' * size}\r\n"


def client_of(sink, timeout=3):
    return smtplib.SMTP(sink.host, sink.port, timeout=timeout)


def code_of(action):
    """Return the code with which the server refused, 0 where it only hung up."""
    try:
        action()
    except smtplib.SMTPRecipientsRefused as error:
        [(code, _text)] = error.recipients.values()
        return code
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    except smtplib.SMTPServerDisconnected:
        return 0
    return 250


def test_mails_are_counted_by_message_id():
    with SmtpSink() as sink, client_of(sink) as client:
        for number in (1, 2, 2):
            client.sendmail(SENDER, [ANN, BEN], content(number))

        assert sink.counts() == {"<1@home.example>": 1, "<2@home.example>": 2}
        assert sink.accepted[0].recipients == (ANN, BEN)
        assert sink.sessions == 1


def test_commands_may_be_sent_ahead_and_are_answered_at_once():
    with SmtpSink() as sink, client_of(sink) as client:
        client.ehlo()
        begun = time.monotonic()
        for _mail in range(5):
            client.send(f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{ANN}>\r\nDATA\r\n")
            codes = [client.getreply()[0] for _command in range(3)]
            client.send(content() + ".\r\n")
            assert [*codes, client.getreply()[0]] == [250, 250, 354, 250]

        assert time.monotonic() - begun < 0.1


def test_greylisting_refuses_each_pair_once():
    grey = Fault("rcpt", Answer("451 4.7.1 Later"), times=1, per=RECIPIENT)
    with SmtpSink(grey) as sink, client_of(sink) as client:
        codes = [
            code_of(lambda to=to: client.sendmail(SENDER, to, content()))
            for to in (ANN, ANN, BEN, BEN)
        ]

    assert codes == [451, 250, 451, 250]


def test_fault_about_one_address_spares_the_others():
    unknown = Fault("rcpt", Answer("550 5.1.1 Unknown"), about=BEN)
    with SmtpSink(unknown) as sink, client_of(sink) as client:
        refused = client.sendmail(SENDER, [ANN, BEN], content())

    assert list(refused) == [BEN]
    assert sink.recipients() == [ANN]


def test_session_is_closed_after_so_many_mails():
    enough = Fault("mail", Answer("421 4.7.0 Enough", True), skip=2, per=SESSION)
    with SmtpSink(enough) as sink:
        for _session in range(2):
            client = client_of(sink)
            codes = [
                code_of(lambda: client.sendmail(SENDER, ANN, content()))  # noqa: B023
                for _mail in range(3)
            ]
            assert codes == [250, 250, 421]


@pytest.mark.parametrize("action", [HangUp(), HangUp(reset=True)])
@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "dot"])
def test_hanging_up_takes_nothing(phase, action):
    with SmtpSink(Fault(phase, action)) as sink:
        client = client_of(sink)
        with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
            client.sendmail(SENDER, ANN, content())

    assert sink.accepted == []


def test_mail_may_be_taken_without_an_answer():
    with SmtpSink(Fault("dot", HangUp(taking=True))) as sink:
        client = client_of(sink)
        assert code_of(lambda: client.sendmail(SENDER, ANN, content())) == 0

    assert len(sink.accepted) == 1


def test_silence_lasts_until_the_client_goes():
    with SmtpSink(Fault("dot", Silence())) as sink:
        client = client_of(sink, timeout=0.2)
        with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
            client.sendmail(SENDER, ANN, content())

    assert sink.accepted == []


def test_late_answer_is_an_ordinary_one():
    with SmtpSink(Fault("dot", Late(0.2))) as sink, client_of(sink) as client:
        begun = time.monotonic()
        client.sendmail(SENDER, ANN, content())

        assert time.monotonic() - begun >= 0.2
        assert len(sink.accepted) == 1


@pytest.mark.parametrize(("password", "code"), [("secret", 250), ("wrong", 535)])
def test_login_is_asked_for(password, code):
    with SmtpSink(login=("desk", "secret")) as sink, client_of(sink) as client:
        assert code_of(lambda: client.sendmail(SENDER, ANN, content())) == 530
        assert code_of(lambda: client.login("desk", password)) == code


def test_planned_refusal_of_a_good_login():
    busy = Fault("auth", Answer("454 4.7.0 Too many login attempts"), times=1)
    with SmtpSink(busy, login=("desk", "secret")) as sink, client_of(sink) as client:
        client.ehlo()
        codes = [
            code_of(lambda: client.auth("PLAIN", client.auth_plain))
            for client.user, client.password in [("desk", "secret")] * 2
        ]

    assert codes == [454, 250]


def test_large_mail_is_refused_at_mail_and_at_the_dot():
    with SmtpSink(size=100) as sink, client_of(sink) as client:
        assert code_of(lambda: client.sendmail(SENDER, ANN, content(size=500))) == 552
        client.esmtp_features.pop("size")
        assert code_of(lambda: client.sendmail(SENDER, ANN, content(size=500))) == 552
