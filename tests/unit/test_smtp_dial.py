"""How to reach an SMTP server is collected first; a failure tells how far it came."""

import base64
import smtplib
import socket
import ssl
import time

import pytest
from mgp_core.diagnosis.faults import FaultKind, diagnose
from mgp_core.protocols.dial import LoginStep
from mgp_core.protocols.endpoint import Endpoint, Security
from mgp_core.protocols.smtp import Phase, Timeouts, phase_of
from mgp_core.protocols.smtp_dial import (
    LoginNeedsConnection,
    SmtpDial,
    SmtpLoginRecord,
)
from mgp_core.protocols.tls import client_context

from tests.rig.scripted_server import (
    Close,
    Expect,
    ScriptedServer,
    Send,
    StartTls,
)
from tests.unit.smtp_dialogue import (
    ANN,
    CONTENT,
    DATA,
    QUEUED,
    RCPT_ANN,
    SENDER,
    make_message,
)

SHORT = Timeouts().capped(0.3)
BANNER = Send(b"220 rig ready")
EHLO = Expect(rb"ehlo .*", b"250-rig", b"250 AUTH PLAIN XOAUTH2")
# What Google's mixin makes for the user jane and the token "hidden-word".
TOKEN = base64.b64encode(b"user=jane\1auth=Bearer hidden-word\1\1").decode()
AUTH = Expect(rb"AUTH XOAUTH2 " + TOKEN.encode(), b"235 2.7.0 Accepted")


def oauth_hook(connection):
    """Log in as google_gmail/models/ir_mail_server.py and microsoft_outlook's do."""
    connection.ehlo()
    connection.docmd("AUTH", f"XOAUTH2 {TOKEN}")


def password_hook(connection):
    connection.login("jane", "hidden-word")


def steps_of(hook):
    """Return the steps that a login hook is noted as."""
    record = SmtpLoginRecord()
    hook(record)
    return tuple(record.steps)


def dial(server, hook=None, security=Security.NONE, **options):
    endpoint = Endpoint(server.host, server.port, security, verify=False)
    steps = steps_of(hook) if hook else ()
    return SmtpDial(endpoint, steps, **{"timeouts": SHORT, **options})


def fail(*steps, hook=None, **options):
    """Connect to a server that plays ``steps``; return the error."""
    with ScriptedServer(*steps) as server:
        with pytest.raises((OSError, UnicodeError)) as caught:
            dial(server, hook, **options).connect()
    return caught.value


# ------------------------------------------------------------------------- reaching it


def test_session_is_greeted_logged_in_and_says_what_odoo_reads_from_it():
    plain = Expect(b"AUTH PLAIN .*", b"235 2.7.0 Ok")
    with ScriptedServer(BANNER, EHLO, plain, Expect(b"quit", b"221 Bye")) as server:
        wanted = dial(server, password_hook, from_filter="x.org", smtp_from="a@x.org")
        session = wanted.connect()

        assert (session.from_filter, session.smtp_from) == ("x.org", "a@x.org")
        assert session.usable

        session.close()


@pytest.mark.parametrize(
    ("steps", "phase", "kind"),
    [
        ((), Phase.GREET, FaultKind.TIMEOUT),
        ((Close(),), Phase.GREET, FaultKind.DROPPED),
        ((Send(b"554 5.7.1 Not you"),), Phase.GREET, FaultKind.REPLY),
        ((Send(b"421 4.3.2 Busy"),), Phase.GREET, FaultKind.REPLY),
        ((Send(b"* OK IMAP4rev1"),), Phase.GREET, FaultKind.REPLY),
        ((BANNER, Expect(b"ehlo .*")), Phase.GREET, FaultKind.TIMEOUT),
        ((BANNER, Expect(b"ehlo .*"), Close()), Phase.GREET, FaultKind.DROPPED),
        ((BANNER, EHLO, Expect(b"AUTH .*")), Phase.AUTH, FaultKind.TIMEOUT),
        ((BANNER, EHLO, Expect(b"AUTH .*"), Close()), Phase.AUTH, FaultKind.DROPPED),
        (
            (BANNER, EHLO, Expect(b"AUTH .*", b"535 5.7.8 No")),
            Phase.AUTH,
            FaultKind.LOGIN_REFUSED,
        ),
        (
            (BANNER, Expect(b"ehlo .*", b"250 rig")),
            Phase.AUTH,
            FaultKind.FEATURE_MISSING,
        ),
    ],
    ids=[
        "silent",
        "hangs up",
        "refuses",
        "busy",
        "another protocol",
        "EHLO unanswered",
        "hangs up at EHLO",
        "AUTH unanswered",
        "hangs up at AUTH",
        "AUTH refused",
        "no AUTH",
    ],
)
def test_failure_has_its_phase_and_its_cause(steps, phase, kind):
    error = fail(*steps, hook=password_hook)

    assert (phase_of(error), diagnose(error).kind) == (phase, kind)


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ((BANNER, EHLO), FaultKind.TLS_MISSING),
        (
            (
                BANNER,
                Expect(b"ehlo .*", b"250-rig", b"250 STARTTLS"),
                Expect(b"STARTTLS", b"454 4.7.0 Not now"),
            ),
            FaultKind.REPLY,
        ),
        (
            (
                BANNER,
                Expect(b"ehlo .*", b"250-rig", b"250 STARTTLS"),
                Expect(b"STARTTLS", b"220 Go"),
            ),
            FaultKind.TIMEOUT,
        ),
    ],
    ids=["not offered", "put off", "silent"],
)
def test_encryption_that_does_not_come_about_is_never_done_without(steps, kind):
    error = fail(*steps, hook=password_hook, security=Security.STARTTLS)

    assert (phase_of(error), diagnose(error).kind) == (Phase.TLS, kind)


def test_unknown_host_is_told_as_such():
    with pytest.raises(OSError) as caught:
        SmtpDial(Endpoint("nowhere.invalid", 25, Security.NONE)).connect()

    assert phase_of(caught.value) is Phase.RESOLVE


def test_host_that_takes_no_connection_is_given_up_in_time():
    with socket.socket() as listener, socket.socket() as first, socket.socket() as next:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for knocker in (first, next):  # fill the queue of those who wait
            knocker.setblocking(False)
            knocker.connect_ex(listener.getsockname())
        endpoint = Endpoint(*listener.getsockname(), Security.NONE)
        started = time.monotonic()

        with pytest.raises(TimeoutError) as caught:
            SmtpDial(endpoint, timeouts=SHORT).connect()

    assert time.monotonic() - started < 2
    assert phase_of(caught.value) is Phase.CONNECT


def test_every_address_of_a_host_is_tried(monkeypatch):
    with ScriptedServer(BANNER, EHLO) as server:
        known = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, server.port))
            for address in ("127.0.0.2", "127.0.0.1")
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: known)
        endpoint = Endpoint("relay.example", server.port, Security.NONE)

        session = SmtpDial(endpoint, timeouts=SHORT).connect()

        assert session.sock.getpeername()[0] == "127.0.0.1"

        session.sock.close()


# -------------------------------------------------------------------------- logging in


def test_oauth_hook_of_odoo_is_understood():
    with ScriptedServer(BANNER, EHLO, AUTH) as server:
        session = dial(server, oauth_hook).connect()

        assert session.usable

        session.sock.close()


def test_S6_challenge_is_answered_and_the_refusal_is_one_of_the_login():
    error = fail(
        BANNER,
        EHLO,
        Expect(rb"AUTH XOAUTH2 .*", b"334 eyJzdGF0dXMiOiI0MDAifQ=="),
        Expect(b"", b"535 5.7.8 Username and Password not accepted"),
        hook=oauth_hook,
    )

    assert isinstance(error, smtplib.SMTPAuthenticationError)
    assert (phase_of(error), error.smtp_code) == (Phase.AUTH, 535)
    assert diagnose(error).kind is FaultKind.LOGIN_REFUSED


@pytest.mark.parametrize("answer", [b"535 5.7.3 No", b"454 4.7.0 Later", b"334 "])
def test_S6_token_that_is_not_accepted_is_a_refused_login(answer):
    steps = [BANNER, EHLO, Expect(rb"AUTH XOAUTH2 .*", answer)]
    if answer.startswith(b"334"):
        steps.append(Expect(b"", b"334 "))

    assert isinstance(fail(*steps, hook=oauth_hook), smtplib.SMTPAuthenticationError)


def test_sasl_exchange_of_another_addon_is_played():
    def hook(connection):
        connection.auth("XOAUTH2", lambda _challenge=None: "user=jane\1token\1\1")

    encoded = base64.b64encode(b"user=jane\1token\1\1")
    auth = Expect(b"AUTH XOAUTH2 " + encoded, b"235 Ok")
    with ScriptedServer(BANNER, EHLO, auth) as server:
        session = dial(server, hook).connect()
        session.sock.close()


@pytest.mark.parametrize(
    "hook",
    [
        lambda connection: connection.docmd("AUTH", "LOGIN"),
        lambda connection: connection.docmd("NOOP"),
        lambda connection: connection.has_extn("auth"),
        lambda connection: getattr(connection, "esmtp_features", {}),
    ],
    ids=["dialogue", "another command", "a question", "an attribute"],
)
def test_hook_that_needs_answers_is_not_noted(hook):
    with pytest.raises(LoginNeedsConnection):
        steps_of(hook)


def test_hook_that_needs_answers_gets_the_connection():
    asked = []
    steps = (LoginStep("hook", (lambda smtp: asked.append(smtp.has_extn("auth")),)),)
    with ScriptedServer(BANNER, EHLO) as server:
        endpoint = Endpoint(server.host, server.port, Security.NONE)
        SmtpDial(endpoint, steps, timeouts=SHORT).connect().sock.close()

    assert asked == [True]


@pytest.mark.parametrize("hook", [oauth_hook, password_hook])
def test_secret_is_not_shown(hook):
    with ScriptedServer(BANNER) as server:
        shown = repr(dial(server, hook))
        socket.create_connection((server.host, server.port)).close()

    assert "hidden-word" not in shown
    assert TOKEN not in shown


def test_S5_secret_is_not_written_to_the_debug_log(monkeypatch):
    shown = []
    monkeypatch.setattr(smtplib.SMTP, "_print_debug", lambda _s, *w: shown.append(w))
    noop = Expect(b"noop", b"250 Ok")
    with ScriptedServer(BANNER, EHLO, AUTH, noop) as server:
        session = dial(server, oauth_hook, is_debugging=True).connect()
        session.noop()
        session.sock.close()

    assert "noop" in str(shown)
    assert TOKEN not in str(shown)


# ----------------------------------------------------------- a certificate of our own


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    from tests.rig.certificates import CertificateAuthority

    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


def certificate_of_ours(authority, verify, host="127.0.0.1"):
    ours = authority.issue("client.example")
    context = client_context(
        host, verify, ours.cert_path.read_bytes(), ours.key_path.read_bytes()
    )
    context.load_verify_locations(cafile=str(authority.pem_path))
    return context


def server_context(authority, name):
    theirs = authority.issue(name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(theirs.cert_path, theirs.key_path)
    context.load_verify_locations(cafile=authority.pem_path)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_server_that_asks_for_a_certificate_is_shown_ours(authority):
    tls = StartTls(server_context(authority, "127.0.0.1"))
    mail = Expect(b"mail FROM:.*", b"250 2.1.0 Ok")
    steps = (mail, RCPT_ANN, DATA, CONTENT, QUEUED)
    with ScriptedServer(tls, BANNER, EHLO, *steps) as server:
        context = certificate_of_ours(authority, verify=True)
        session = dial(server, security=Security.SSL, context=context).connect()

        delivery = session.offer(make_message(), SENDER, [ANN])
        session.finish(delivery)

        assert delivery.accepted
        assert session.tls_version == "TLSv1.3"

        session.sock.close()


def test_certificate_for_another_name_is_refused_with_ours_too(authority):
    error = fail(
        StartTls(server_context(authority, "other.example")),
        security=Security.SSL,
        context=certificate_of_ours(authority, verify=True),
    )

    assert phase_of(error) is Phase.TLS
    assert diagnose(error).kind is FaultKind.CERTIFICATE_HOST
