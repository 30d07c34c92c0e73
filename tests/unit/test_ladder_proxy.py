"""The ladder through a proxy: what fails there, and what the direct way shows."""

import time
from contextlib import contextmanager

import pytest
from mgp_core.diagnosis.advice_keys import Advice
from mgp_core.diagnosis.ladder import Climb
from mgp_core.diagnosis.steps import Door, Protocol, Step, StepState, Target
from mgp_core.protocols.dial import LoginStep
from mgp_core.protocols.endpoint import Endpoint, Security
from mgp_core.protocols.proxy import Proxy, ProxyType

from tests.rig.certificates import CertificateAuthority
from tests.rig.dripping_server import DrippingServer
from tests.rig.mail_proxy import MailProxy
from tests.rig.processes import free_port
from tests.rig.scripted_server import (
    Close,
    Expect,
    ReadUntil,
    ScriptedServer,
    Send,
    StartTls,
)
from tests.rig.scripts_in_turn import ScriptsInTurn
from tests.unit.faulty_situations import server_context

PASSWORD, PROXY_PASSWORD = "pass-word-9", "proxy-word-8"
USER = "me@city.example"
# What only the proxy can resolve.
INSIDE = "mail.rig.invalid"
BANNER = Send(b"220 a1b2.rig.example ready, session 4711")
EHLO = Expect(b"ehlo .*", b"250-rig", b"250-SIZE 1000", b"250 AUTH PLAIN")
QUIT = Expect(b"quit", b"221 Bye")
WHOLE = (
    BANNER,
    EHLO,
    Expect(b"AUTH PLAIN .*", b"235 2.7.0 Ok"),
    Expect(b"mail FROM:.*", b"250 Ok"),
    Expect(b"rcpt TO:.*", b"250 Ok"),
    Expect(b"rset", b"250 Ok"),
)
# The server's other session, in which nobody logs in.
LOOK = (Send(b"220 c3d4.rig.example ready, session 4712"), EHLO, QUIT)


def target(proxy_port, port=25, host="127.0.0.1", security=Security.NONE, **values):
    kind = values.pop("kind", ProxyType.SOCKS5)
    login = values.pop("proxy_login", ("", ""))
    proxy = Proxy(kind, "127.0.0.1", proxy_port, *login)
    return Target(
        Protocol.SMTP,
        Endpoint(host, port, security, timeout=3, proxy=proxy),
        user=USER,
        secrets=(PASSWORD,),
        login=(LoginStep("login", (USER, PASSWORD)),),
        sender="desk@city.example",
        recipient="ann@home.example",
        **{"doors": (), **values},
    )


def climb(wanted, **limits):
    """Return the finished climb, and its results by step."""
    one = Climb(wanted, **limits)
    return one, {result.step: result for result in one.climb()}


@contextmanager
def two_ways(by_proxy, directly, kind=ProxyType.SOCKS5):
    """Serve one script through a proxy and another one without it; yield the target."""
    with ScriptedServer(*by_proxy) as inside, ScriptedServer(*directly) as outside:
        with MailProxy(kind.value, names={"127.0.0.1": inside.port}) as proxy:
            yield target(proxy.port, outside.port, kind=kind)


@pytest.mark.parametrize("kind", ProxyType)
def test_server_behind_a_proxy_passes_and_needs_no_direct_way(kind):
    with ScriptedServer(*WHOLE) as server:
        with MailProxy(kind.value, names={INSIDE: server.port}) as proxy:
            one, results = climb(target(proxy.port, host=INSIDE, kind=kind))

    assert one.has_passed, results
    assert list(results)[0] is Step.PROXY
    assert Step.RESOLVE not in results  # it is looked up by the proxy
    direct = results[Step.DIRECT]
    assert (direct.state, direct.details["answers"]) == (StepState.OK, False)


def test_server_that_is_the_same_on_both_ways_is_told_to_be():
    with two_ways(WHOLE, LOOK) as wanted:
        one, results = climb(wanted)

    assert one.has_passed
    assert results[Step.DIRECT].details == {
        "answers": True,
        "compared": True,
        "differences": [],
    }
    assert results[Step.DIRECT].state is StepState.OK


def test_middlebox_on_one_way_is_found_out_by_the_other():
    masked = (
        Send(b"220 *****************"),
        Expect(b"ehlo .*", b"250-rig", b"250 SIZE 1000"),
        QUIT,
    )
    with two_ways(WHOLE, masked) as wanted:
        one, results = climb(wanted)

    assert one.has_passed
    direct = results[Step.DIRECT]
    assert (direct.state, direct.advice) == (StepState.WARNING, Advice.WAYS_DIFFER)
    assert {one["what"] for one in direct.details["differences"]} == {
        "greeting",
        "offered",
    }


def test_certificate_of_who_reads_along_is_found_out(tmp_path, monkeypatch):
    ours, theirs = (CertificateAuthority(tmp_path / name) for name in ("a", "b"))
    monkeypatch.setenv("SSL_CERT_FILE", str(ours.trusted_bundle()))
    by_proxy = StartTls(server_context(theirs.issue("127.0.0.1")))
    directly = StartTls(server_context(ours.issue("127.0.0.1", "mail.city.example")))
    with (
        ScriptsInTurn((by_proxy,), (by_proxy, BANNER, QUIT), (Close(),)) as inside,
        ScriptedServer(directly, *LOOK) as outside,
        MailProxy("http", names={"127.0.0.1": inside.port}) as proxy,
    ):
        wanted = target(
            proxy.port, outside.port, security=Security.SSL, kind=ProxyType.HTTP
        )
        _one, results = climb(wanted, seconds=10)

    assert results[Step.TLS].advice is Advice.CERTIFICATE_UNTRUSTED
    direct = results[Step.DIRECT]
    assert direct.advice is Advice.WAYS_DIFFER
    [difference] = [
        d for d in direct.details["differences"] if d["what"] == "certificate"
    ]
    assert "mail.city.example" in difference["direct"]


def test_encryption_that_is_offered_on_one_way_only_is_told(tmp_path, monkeypatch):
    authority = CertificateAuthority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted_bundle()))
    tls = StartTls(server_context(authority.issue("127.0.0.1")))
    stripped = (BANNER, EHLO, Expect(b"STARTTLS", b"502 5.5.1 Unknown"))
    whole = (
        BANNER,
        Expect(b"ehlo .*", b"250-rig", b"250 STARTTLS"),
        Expect(b"STARTTLS", b"220 Go"),
        tls,
        EHLO,
        QUIT,
    )
    with (
        ScriptsInTurn(stripped, (Close(),)) as inside,
        ScriptedServer(*whole) as outside,
        MailProxy("socks5", names={"127.0.0.1": inside.port}) as proxy,
    ):
        wanted = target(proxy.port, outside.port, security=Security.STARTTLS)
        _one, results = climb(wanted, seconds=5)

    assert results[Step.TLS].advice is Advice.TLS_MISSING
    told = {d["what"]: d for d in results[Step.DIRECT].details["differences"]}
    assert told["encryption"]["proxy"] == ""
    assert told["encryption"]["direct"].startswith("TLS")


@pytest.mark.parametrize(
    ("options", "login", "advice"),
    [
        ({"login": ("odoo", PROXY_PASSWORD)}, ("", ""), Advice.PROXY_NEEDS_LOGIN),
        (
            {"login": ("odoo", PROXY_PASSWORD)},
            ("odoo", "wrong"),
            Advice.PROXY_LOGIN_REFUSED,
        ),
        ({"forbids": True}, ("", ""), Advice.PROXY_FORBIDS),
    ],
    ids=["needs a login", "wrong login", "forbids"],
)
@pytest.mark.parametrize("kind", ProxyType)
def test_proxy_that_refuses_is_explained_and_the_direct_way_shown(
    kind, options, login, advice
):
    with ScriptedServer(*LOOK) as server, MailProxy(kind.value, **options) as proxy:
        wanted = target(proxy.port, server.port, kind=kind, proxy_login=login)
        one, results = climb(wanted)

    assert (results[Step.PROXY].state, results[Step.PROXY].advice) == (
        StepState.FAILED,
        advice,
    )
    assert results[Step.LOGIN].state is StepState.SKIPPED
    direct = results[Step.DIRECT]
    assert (direct.state, direct.advice) == (StepState.WARNING, Advice.DIRECT_WORKS)
    assert not one.has_passed


def test_nobody_logs_in_on_the_direct_way():
    with ScriptedServer(*WHOLE) as inside, ScriptedServer(*LOOK) as outside:
        with MailProxy("socks5", names={"127.0.0.1": inside.port}) as proxy:
            climb(target(proxy.port, outside.port))

    assert [line.split()[0].lower() for line in outside.lines] == [b"ehlo", b"quit"]


def test_proxy_that_does_not_run_is_explained_without_trying_other_ports():
    wanted = target(free_port(), free_port(), doors=(Door(465, Security.SSL),))

    _one, results = climb(wanted)

    assert results[Step.PROXY].advice is Advice.PROXY_UNREACHABLE
    assert "doors" not in results[Step.PROXY].details
    assert results[Step.DIRECT].details["answers"] is False


def test_other_ports_are_tried_through_the_proxy():
    with MailProxy("http") as proxy:
        _one, results = climb(target(proxy.port, kind=ProxyType.HTTP, host=INSIDE))

    assert results[Step.PROXY].advice is Advice.PROXY_NO_WAY
    assert results[Step.PROXY].words == "502 Bad Gateway"
    assert {door["words"] for door in results[Step.PROXY].details["doors"]} == {
        "502 Bad Gateway"
    }
    assert len(proxy.asked) == 1 + len(results[Step.PROXY].details["doors"])


def test_proxy_that_drips_holds_nobody_up():
    with DrippingServer(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.05) as server:
        started = time.monotonic()
        wanted = target(server.port, free_port(), kind=ProxyType.HTTP)
        _one, results = climb(wanted, step_seconds=1, seconds=4)

    assert time.monotonic() - started < 8
    assert results[Step.PROXY].state is StepState.FAILED


def test_password_of_the_proxy_shows_nowhere_though_it_is_quoted():
    proxy = Proxy(ProxyType.HTTP, "127.0.0.1", 1, "odoo", PROXY_PASSWORD)
    quoted = f"407 {PROXY_PASSWORD} {proxy.basic_credentials}".encode()
    script = (ReadUntil(b"\r\n\r\n"), Send(b"HTTP/1.1 " + quoted, b""))
    with ScriptedServer(*script) as server:
        wanted = target(
            server.port,
            free_port(),
            kind=ProxyType.HTTP,
            proxy_login=("odoo", PROXY_PASSWORD),
        )
        one, results = climb(wanted)

    told = f"{one.transcript}{results}{wanted}"
    assert results[Step.PROXY].advice is Advice.PROXY_LOGIN_REFUSED
    assert PROXY_PASSWORD not in told
    assert proxy.basic_credentials not in told


def test_server_without_a_proxy_is_tested_as_before():
    without = Target(Protocol.SMTP, Endpoint("127.0.0.1", free_port(), Security.NONE))

    _one, results = climb(without, seconds=5)

    assert Step.DIRECT not in results
    assert Step.PROXY not in results
