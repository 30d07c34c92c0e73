"""What leaves for the server is what RFC 5321 wants, whatever the message holds."""

import contextlib
import email
import smtplib
from email.message import Message

import pytest
from mgp_core.protocols.smtp import SmtpSession

from tests.rig.scripted_server import Expect, ScriptedServer, Send
from tests.unit.smtp_dialogue import (
    ACCEPT,
    ANN,
    CONTENT,
    DATA,
    MAIL,
    QUEUED,
    RCPT_ANN,
    RSET,
    SENDER,
    connect,
    make_message,
    send,
)


@contextlib.contextmanager
def connect_session(server):
    """Yield a session with the server that records nothing."""
    connection = connect(server)
    try:
        yield SmtpSession(connection, lambda _session, _delivery: None)
    finally:
        connection.close()


def body_on_the_wire(body):
    """Send ``body`` untouched by any encoding, and return what the server got."""
    message = Message()
    message.set_payload(body)
    content = send(*ACCEPT, message=message).content + b"\r\n"
    return content.partition(b"\r\n")[2]


@pytest.mark.parametrize(
    ("body", "wire"),
    [
        ("a\r\nb\r\n", b"a\r\nb\r\n"),
        ("a\nb\n", b"a\r\nb\r\n"),
        ("a\rb\r", b"a\r\nb\r\n"),
        ("a", b"a\r\n"),
        ("", b""),
        (".\r\n", b"..\r\n"),
        (".a\r\n..b\r\nc.\r\n", b"..a\r\n...b\r\nc.\r\n"),
        ("a\n.\nb", b"a\r\n..\r\nb\r\n"),
        ("a\r.\rb", b"a\r\n..\r\nb\r\n"),
        ("a\n.\r\nMAIL FROM:<x@y>\n", b"a\r\n..\r\nMAIL FROM:<x@y>\r\n"),
    ],
    ids=[
        "CRLF",
        "bare LF",
        "bare CR",
        "no final line end",
        "empty",
        "dot alone",
        "dots in front and behind",
        "dot between bare LF",
        "dot between bare CR",
        "smuggled end of data",
    ],
)
def test_body_has_crlf_line_ends_and_doubled_dots(body, wire):
    assert body_on_the_wire(body) == wire


@pytest.mark.parametrize("body", ["a\n.b\nc", "ä\n.ö\n", "x" * 3000, "\n\n.\n\n"])
def test_content_is_that_of_smtplib(body):
    message = make_message(body)

    ours = send(*ACCEPT, message=message)

    assert ours.content == send(*ACCEPT, message=message, as_smtplib=True).content


@pytest.mark.parametrize("name", ["Bcc", "Resent-Bcc"])
def test_hidden_recipients_stay_hidden(name):
    message = make_message(**{name: "hidden@city.example"})

    assert b"hidden" not in send(*ACCEPT, message=message).content


def test_hidden_recipients_stay_in_the_caller_s_message():
    message = make_message(Bcc="hidden@city.example")

    send(*ACCEPT, message=message)

    assert message["Bcc"] == "hidden@city.example"


def test_content_can_be_parsed_back():
    message = make_message("Grüße\n.\n", To=ANN)

    back = email.message_from_bytes(send(*ACCEPT, message=message).content)

    assert (back["To"], back["Message-Id"]) == (ANN, "<1@home.example>")


def test_address_that_is_not_ascii_is_sent_with_smtputf8():
    run = send(
        Expect(
            rb"mail FROM:<desk@home.example> (?=.*SMTPUTF8).*BODY=8BITMIME.*", b"250"
        ),
        Expect("rcpt TO:<jürgen@city.example>".encode(), b"250 Ok"),
        DATA,
        CONTENT,
        QUEUED,
        to=["jürgen@city.example"],
        message=make_message(To="jürgen@city.example"),
    )

    assert "To: jürgen@city.example".encode() in run.content


def test_address_that_is_not_ascii_needs_a_server_with_smtputf8():
    greeting = (Send(b"220 rig"), Expect(b"ehlo .*", b"250 rig"))
    with ScriptedServer(*greeting) as server:
        with connect_session(server) as session:
            with pytest.raises(smtplib.SMTPNotSupportedError):
                session.send_message(make_message(), SENDER, ["jürgen@city.example"])

    assert [line.split()[0] for line in server.lines] == [b"ehlo"]


def test_ascii_mail_after_one_with_smtputf8_goes_without():
    utf8_mail = Expect(rb"mail FROM:\S+ .*SMTPUTF8.*", b"550 no")
    plain = (MAIL, RCPT_ANN, DATA, CONTENT, QUEUED)
    greeting = (
        Send(b"220 rig"),
        Expect(b"ehlo .*", b"250-", b"250-SIZE", b"250 SMTPUTF8"),
    )
    with ScriptedServer(*greeting, utf8_mail, RSET, *plain) as server:
        with connect_session(server) as session:
            with pytest.raises(smtplib.SMTPSenderRefused):
                session.send_message(make_message(), SENDER, ["jürgen@city.example"])

            assert session.send_message(make_message(), SENDER, [ANN]) == {}


def test_server_that_knows_only_helo_is_asked_for_no_extension():
    steps = (
        Send(b"220 rig"),
        Expect(b"ehlo .*", b"502 5.5.1 Unknown"),
        Expect(b"helo .*", b"250 rig"),
        Expect(rb"mail FROM:<desk@home\.example>", b"250 Ok"),
        *ACCEPT[1:],
    )
    with ScriptedServer(*steps) as server, connect_session(server) as session:
        assert session.send_message(make_message(), SENDER, [ANN]) == {}
