"""Through a proxy: nothing is lost, nothing waits for ever, nothing shows."""

import socket
import threading
import time

import pytest
from mgp_core.diagnosis.faults import FaultKind, diagnose
from mgp_core.policy.replies import judge
from mgp_core.protocols.endpoint import Endpoint, Security
from mgp_core.protocols.imap import ImapMailbox
from mgp_core.protocols.line import Line, connected
from mgp_core.protocols.pop3 import Pop3Mailbox
from mgp_core.protocols.proxy import Proxy, ProxyFailed, ProxyFault, ProxyType
from mgp_core.protocols.smtp import Phase, Reply, phase_of
from mgp_core.protocols.smtp_dial import SmtpDial
from mgp_core.protocols.smtp_wire import Timeouts

from tests.rig.certificates import CertificateAuthority
from tests.rig.dripping_server import DrippingServer
from tests.rig.mail_proxy import MailProxy
from tests.rig.scripted_server import (
    Close,
    Expect,
    ReadBytes,
    ReadUntil,
    ScriptedServer,
    Send,
    SendRaw,
    StartTls,
)
from tests.unit.faulty_situations import server_context

SOCKS5, HTTP = ProxyType
LOGIN = ("odoo", "hidden-word")
# What only the proxy can resolve: nobody else knows a name of RFC 6761.
HOST = "mail.rig.invalid"
SMTP_SCRIPT = (
    Send(b"220 rig ready"),
    Expect(b"ehlo .*", b"250 rig"),
    Expect(b"quit", b"221 Bye"),
)
SOCKS_HELLO = (ReadBytes(3), SendRaw(b"\x05\x00"))
# Version, command, reserved, type and length of the name, the name, the port.
SOCKS_REQUEST = ReadBytes(5 + len(HOST) + 2)
CONNECT = ReadUntil(b"\r\n\r\n")


def way_to(port, kind=SOCKS5, login=("", "")):
    return Proxy(kind, "127.0.0.1", port, *login)


def endpoint(proxy, security=Security.NONE, host=HOST, timeout=3, port=25):
    return Endpoint(host, port, security, timeout=timeout, proxy=proxy)


def failed(script, kind=SOCKS5, login=("", ""), seconds=3):
    """Connect through a proxy that plays a script; return the failure."""
    with ScriptedServer(*script) as server:
        with pytest.raises(ProxyFailed) as caught:
            connected(endpoint(way_to(server.port, kind, login)), seconds)
    return caught.value


# ------------------------------------------------------------------------ getting there


@pytest.mark.parametrize("login", [None, LOGIN], ids=["open", "with a login"])
@pytest.mark.parametrize("kind", ProxyType)
def test_name_that_only_the_proxy_knows_is_reached(kind, login):
    with ScriptedServer(*SMTP_SCRIPT) as server:
        with MailProxy(kind.value, login=login, names={HOST: server.port}) as proxy:
            way = way_to(proxy.port, kind, login or ("", ""))
            SmtpDial(endpoint(way)).connect().close()

            assert proxy.asked == [(HOST, 25)]


@pytest.mark.parametrize("kind", ProxyType)
def test_greeting_that_comes_with_the_proxys_answer_is_not_lost(kind):
    with ScriptedServer(*SMTP_SCRIPT) as server:
        with MailProxy(kind.value, names={HOST: server.port}, coalesces=True) as proxy:
            SmtpDial(endpoint(way_to(proxy.port, kind))).connect().close()


def test_answer_that_comes_byte_by_byte_is_put_together():
    head = b"HTTP/1.0 200 OK\r\nVia: x\r\n\r\n"
    pieces = [SendRaw(bytes([byte])) for byte in head]
    with ScriptedServer(CONNECT, *pieces, *SMTP_SCRIPT) as server:
        SmtpDial(endpoint(way_to(server.port, HTTP))).connect().close()


@pytest.mark.parametrize("kind", ProxyType)
@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("städte.invalid", "xn--stdte-hra.invalid"),
    ],
)
def test_server_is_asked_for_as_it_was_entered(kind, host, asked):
    with MailProxy(kind.value, forbids=True) as proxy:
        with pytest.raises(ProxyFailed):
            connected(endpoint(way_to(proxy.port, kind), host=host), 3)

        assert proxy.asked == [(asked, 25)]


@pytest.mark.parametrize("host", ["mail\r\nX: y", "a b", "", "user@host", "x" * 300])
@pytest.mark.parametrize("kind", ProxyType)
def test_what_is_no_host_name_is_not_said_to_the_proxy(kind, host):
    with MailProxy(kind.value) as proxy:
        with pytest.raises(UnicodeError) as caught:
            connected(endpoint(way_to(proxy.port, kind), host=host), 3)

        assert proxy.asked == []
    assert diagnose(caught.value).kind is FaultKind.UNKNOWN_HOST


@pytest.mark.parametrize("kind", ProxyType)
@pytest.mark.parametrize("security", [Security.STARTTLS, Security.SSL])
@pytest.mark.parametrize("name", [HOST, "127.0.0.1"])
def test_certificate_is_checked_for_the_server_and_not_for_the_proxy(
    tmp_path, monkeypatch, kind, security, name
):
    authority = CertificateAuthority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted_bundle()))
    tls = StartTls(server_context(authority.issue(name)))
    greeting = (Send(b"220 rig"), Expect(b"ehlo .*", b"250-rig", b"250 STARTTLS"))
    if security is Security.SSL:
        script = (tls, *greeting)
    else:
        script = (*greeting, Expect(b"STARTTLS", b"220 Go"), tls)
    if name == HOST:
        script += (Expect(b"ehlo .*", b"250 rig"),) * (security is Security.STARTTLS)
        script += (Expect(b"quit", b"221 Bye"),)
    with ScriptedServer(*script) as server:
        with MailProxy(kind.value, names={HOST: server.port}) as proxy:
            dial = SmtpDial(endpoint(way_to(proxy.port, kind), security))
            if name == HOST:
                dial.connect().close()
                return
            with pytest.raises(OSError) as caught:
                dial.connect()
    assert diagnose(caught.value).kind is FaultKind.CERTIFICATE_HOST


@pytest.mark.parametrize(
    ("mailbox", "greeting"),
    [
        (
            ImapMailbox,
            (
                Send(b"* OK ready"),
                Expect(rb"\w+ CAPABILITY", b"* CAPABILITY IMAP4rev1", b"<tag> OK done"),
            ),
        ),
        (Pop3Mailbox, (Send(b"+OK ready"),)),
    ],
)
def test_mailboxes_are_reached_through_a_proxy(mailbox, greeting):
    with ScriptedServer(*greeting) as server:
        with MailProxy("http", names={HOST: server.port}, coalesces=True) as proxy:
            mailbox(endpoint(way_to(proxy.port, HTTP))).abandon()


# ---------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (1, ProxyFault.NO_WAY),
        (2, ProxyFault.FORBIDS),
        (3, ProxyFault.NO_WAY),
        (4, ProxyFault.NO_WAY),
        (5, ProxyFault.NO_WAY),
        (6, ProxyFault.NO_WAY),
        (7, ProxyFault.FORBIDS),
        (8, ProxyFault.NO_WAY),
        (99, ProxyFault.NO_WAY),
    ],
)
def test_reply_of_a_socks_proxy_says_why(reply, fault):
    answer = SendRaw(bytes([5, reply, 0, 1]))

    error = failed((*SOCKS_HELLO, SOCKS_REQUEST, answer))

    assert error.fault is fault
    assert error.detail


@pytest.mark.parametrize(
    ("status", "login", "fault", "words"),
    [
        (b"403 Forbidden", ("", ""), ProxyFault.FORBIDS, "403 Forbidden"),
        (b"405 No", ("", ""), ProxyFault.FORBIDS, "405 No"),
        (b"502 Bad Gateway", ("", ""), ProxyFault.NO_WAY, "502 Bad Gateway"),
        (b"503", ("", ""), ProxyFault.NO_WAY, "503"),
        (b"504 Gateway Timeout", ("", ""), ProxyFault.NO_WAY, "504 Gateway Timeout"),
        (b"407 Login", ("", ""), ProxyFault.NEEDS_LOGIN, "407 Login"),
        (b"407 Login", LOGIN, ProxyFault.LOGIN_REFUSED, "407 Login"),
        (
            b"407 Login\r\nProxy-Authenticate: NTLM\r\nproxy-authenticate: Negotiate x",
            ("", ""),
            ProxyFault.NEEDS_LOGIN,
            "407 Login (NTLM, Negotiate)",
        ),
        (b"302 Found", ("", ""), ProxyFault.FORBIDS, "302 Found"),
    ],
)
def test_status_of_an_http_proxy_says_why(status, login, fault, words):
    answer = SendRaw(b"HTTP/1.1 " + status + b"\r\nX: y\r\n\r\n<html>long</html>")

    error = failed((CONNECT, answer), HTTP, login)

    assert (error.fault, error.detail) == (fault, words)


@pytest.mark.parametrize(
    ("kind", "login", "script", "fault"),
    [
        (SOCKS5, LOGIN, (ReadBytes(4), SendRaw(b"\x05\x01")), ProxyFault.NOT_SPOKEN),
        (SOCKS5, LOGIN, (ReadBytes(4), SendRaw(b"\x05\xff")), ProxyFault.NEEDS_LOGIN),
        (SOCKS5, ("", ""), (SendRaw(b"220 smtp"),), ProxyFault.NOT_SPOKEN),
        (SOCKS5, ("", ""), (SendRaw(b"HTTP/1.1 400"),), ProxyFault.NOT_SPOKEN),
        (SOCKS5, ("", ""), (Close(),), ProxyFault.NOT_SPOKEN),
        (SOCKS5, ("", ""), (), ProxyFault.NOT_SPOKEN),
        (SOCKS5, ("", ""), SOCKS_HELLO, ProxyFault.NO_WAY),
        (SOCKS5, ("", ""), (*SOCKS_HELLO, SOCKS_REQUEST, Close()), ProxyFault.NO_WAY),
        (
            SOCKS5,
            ("", ""),
            (*SOCKS_HELLO, SOCKS_REQUEST, SendRaw(b"\x05\x00\x00\x09")),
            ProxyFault.NOT_SPOKEN,
        ),
        (
            SOCKS5,
            ("", ""),
            (*SOCKS_HELLO, SOCKS_REQUEST, SendRaw(b"\x04\x00\x00\x01")),
            ProxyFault.NOT_SPOKEN,
        ),
        (HTTP, ("", ""), (CONNECT, SendRaw(b"\x05\xff")), ProxyFault.NOT_SPOKEN),
        (HTTP, ("", ""), (CONNECT, Send(b"HTTP/1.1 OK", b"")), ProxyFault.NOT_SPOKEN),
        (HTTP, ("", ""), (CONNECT, Close()), ProxyFault.NOT_SPOKEN),
        (HTTP, ("", ""), (CONNECT,), ProxyFault.NO_WAY),
        (HTTP, ("", ""), (CONNECT, SendRaw(b"HTTP/1.1 200")), ProxyFault.NO_WAY),
    ],
)
def test_what_is_no_such_proxy_or_says_nothing_is_told_apart(
    kind, login, script, fault
):
    assert failed(script, kind, login, seconds=0.3).fault is fault


def test_headers_without_end_are_bounded():
    flood = SendRaw(b"HTTP/1.1 200 OK\r\n" + b"X: yyyyyyyy\r\n" * 20_000)

    error = failed((CONNECT, flood, Close()), HTTP)

    assert (error.fault, error.detail) == (
        ProxyFault.NOT_SPOKEN,
        "the answer has no end",
    )


def test_proxy_that_drips_is_given_up_in_time():
    with DrippingServer(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.05) as server:
        started = time.monotonic()
        with pytest.raises(ProxyFailed) as caught:
            connected(endpoint(way_to(server.port, HTTP)), 0.5)

    assert time.monotonic() - started < 3
    assert caught.value.fault is ProxyFault.NO_WAY


@pytest.mark.parametrize("kind", ProxyType)
def test_line_is_cut_while_the_proxy_is_waited_for(kind):
    with ScriptedServer() as server:
        line = Line()
        timer = threading.Timer(0.3, line.cut)
        timer.start()
        started = time.monotonic()
        with pytest.raises(ProxyFailed):
            line.connect(endpoint(way_to(server.port, kind), timeout=30))

    assert time.monotonic() - started < 5


def test_line_that_was_cut_asks_no_proxy_for_anything():
    with ScriptedServer() as server:
        line = Line()
        line.cut()
        with pytest.raises(ConnectionAbortedError):
            line.connect(endpoint(way_to(server.port)))

    assert server.received == b""


def test_phases_have_their_own_time_behind_a_proxy():
    with (
        ScriptedServer() as silent,
        MailProxy("http", names={HOST: silent.port}) as way,
    ):
        dial = SmtpDial(
            endpoint(way_to(way.port, HTTP)), timeouts=Timeouts(greeting=0.3)
        )
        started = time.monotonic()
        with pytest.raises(OSError) as caught:
            dial.connect()

    assert phase_of(caught.value) is Phase.GREET
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("user", ["jane:doe", "jäne", ""])
def test_login_may_be_any_text(user):
    login = (user or "x", "pässword: \r\n 9")
    with ScriptedServer(*SMTP_SCRIPT) as server:
        with MailProxy("socks5", login=login, names={HOST: server.port}) as proxy:
            SmtpDial(endpoint(way_to(proxy.port, login=login))).connect().close()


def test_login_too_long_for_socks_is_refused_before_it_is_said():
    error = failed((ReadBytes(4), SendRaw(b"\x05\x02")), login=("odoo", "x" * 256))

    assert error.fault is ProxyFault.LOGIN_REFUSED


# ---------------------------------------------------------------------------- secrecy


def test_password_shows_nowhere():
    proxy = way_to(1, HTTP, LOGIN)

    assert LOGIN[1] not in repr(endpoint(proxy))


def test_password_that_the_proxy_quotes_is_taken_out():
    proxy = way_to(1, HTTP, LOGIN)
    quoted = f"407 {LOGIN[1]} {proxy.basic_credentials}".encode()

    error = failed((CONNECT, Send(b"HTTP/1.1 " + quoted, b"")), HTTP, LOGIN)

    assert error.detail == "407 ••• •••"
    assert error.args == (error.detail,)


# ----------------------------------------------------------------- what it is for mail


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (ProxyFault.UNREACHABLE, "temporary"),
        (ProxyFault.NO_WAY, "temporary"),
        (ProxyFault.NEEDS_LOGIN, "permanent"),
        (ProxyFault.LOGIN_REFUSED, "permanent"),
        (ProxyFault.FORBIDS, "permanent"),
        (ProxyFault.NOT_SPOKEN, "permanent"),
    ],
)
def test_mail_waits_or_goes_another_way_when_the_proxy_fails(fault, expected):
    error = ProxyFailed(fault, "no")

    verdict = judge(phase_of(error), Reply(0, ""), error=error)

    assert (verdict.kind.value, verdict.cause) == (expected, "proxy")
    assert verdict.is_fault_of_server


def test_address_of_the_proxy_that_takes_nothing_is_told_in_words():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(ProxyFailed) as caught:
            connected(endpoint(way_to(closed.getsockname()[1])), 1)

    assert (caught.value.fault, caught.value.detail) == (
        ProxyFault.UNREACHABLE,
        "Connection refused",
    )
