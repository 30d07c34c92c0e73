"""Situations on 127.0.0.1 in which a connection fails, each with what it is.

Each yields the exception that Python or a library raises in it: what they raise is
what changes between versions, and what nobody would think of.
"""

import errno
import poplib
import smtplib
import ssl
from contextlib import contextmanager

import pytest
from mgp_core.diagnosis.faults import FaultKind
from mgp_core.discovery.https import HttpsFetcher
from mgp_core.discovery.names import SystemNames
from mgp_core.oauth.registration import AppRegistration
from mgp_core.oauth.request import request_token
from mgp_core.policy.progress import Listing, Question
from mgp_core.protocols.dial import Dial
from mgp_core.protocols.endpoint import Endpoint, Security
from mgp_core.protocols.imap import ImapMailbox
from mgp_core.protocols.pop3 import Pop3Mailbox
from mgp_core.protocols.proxy import Proxy, ProxyType

from tests.rig.dripping_server import DrippingServer
from tests.rig.mail_proxy import MailProxy
from tests.rig.processes import free_port
from tests.rig.scripted_server import (
    Close,
    Expect,
    Reset,
    ScriptedServer,
    Send,
    StartTls,
)
from tests.rig.token_endpoint import CLIENT_ID, TENANT, TokenEndpoint

SHORT = 0.3  # for servers that stall
LONG = 3.0
SITUATIONS = []


def server_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert_path, certificate.key_path)
    return context


def situation(kind, words):
    """Register a function that provokes a failure; ``words`` occur in its detail."""

    def register(provoke):
        name = provoke.__name__.replace("_", " ")
        SITUATIONS.append(pytest.param(provoke, kind, words, id=name))
        return provoke

    return register


@contextmanager
def served(*steps):
    """Serve ``steps`` and yield what every client needs: host and port."""
    with ScriptedServer(*steps) as server:
        yield server.host, server.port


def imap(address, security=Security.NONE, timeout=LONG):
    return ImapMailbox(Endpoint(*address, security, timeout=timeout))


def pop(address, security=Security.NONE, timeout=LONG):
    return Pop3Mailbox(Endpoint(*address, security, timeout=timeout))


def smtp(address, timeout=LONG):
    return smtplib.SMTP(*address, "client.example", timeout=timeout)


def smtps(address, authority):
    context = authority.client_context()
    return smtplib.SMTP_SSL(
        *address, local_hostname="client.example", timeout=LONG, context=context
    )


IMAP_GREETING_WITHOUT_LOGIN = (
    Send(b"* OK ready"),
    Expect(
        rb"\w+ CAPABILITY", b"* CAPABILITY IMAP4rev1 LOGINDISABLED", b"<tag> OK done"
    ),
)
IMAP_GREETING = (
    Send(b"* OK ready"),
    Expect(rb"\w+ CAPABILITY", b"* CAPABILITY IMAP4rev1", b"<tag> OK done"),
)
SMTP_GREETING = (Send(b"220 rig"), Expect(b"ehlo .*", b"250-rig", b"250 AUTH PLAIN"))


@situation(FaultKind.UNKNOWN_HOST, "")
def name_that_cannot_exist(authority):
    # .invalid never resolves (RFC 6761); with no network at all the error is the same
    imap(("mail.rig.invalid", 143))


@situation(FaultKind.UNKNOWN_HOST, "label")
def label_too_long_for_a_name(authority):
    imap(("x" * 70 + ".example", 143))


@situation(FaultKind.REFUSED, "refused")
def port_where_nobody_listens(authority):
    imap(("127.0.0.1", free_port()))


@situation(FaultKind.TIMEOUT, "timed out")
def silent_imap_server(authority):
    with served() as address:
        imap(address, timeout=SHORT)


@situation(FaultKind.TIMEOUT, "timed out")
def silent_pop_server(authority):
    with served() as address:
        pop(address, timeout=SHORT)


@situation(FaultKind.TIMEOUT, "timed out")
def silent_smtp_server(authority):
    with served() as address:
        smtp(address, SHORT)


@situation(FaultKind.TIMEOUT, "timed out")
def silent_server_on_the_port_for_tls(authority):
    with served() as address:
        imap(address, Security.SSL, SHORT)


@situation(FaultKind.TIMEOUT, "timed out")
def smtp_server_that_stalls_after_the_greeting(authority):
    with served(*SMTP_GREETING, Expect(b"noop")) as address:
        client = smtp(address, SHORT)
        client.ehlo()
        client.noop()


@situation(FaultKind.TOO_SLOW, "OutOfTime")
def server_that_drips_its_greeting(authority):
    with DrippingServer(b"+OK ") as server:
        endpoint = Endpoint("127.0.0.1", server.port, Security.NONE, timeout=LONG)
        dial = Dial(Pop3Mailbox, endpoint, ())
        with dial.limited(SHORT):
            dial.connect()


@situation(FaultKind.DROPPED, "EOF")
def imap_server_that_hangs_up(authority):
    with served(Close()) as address:
        imap(address)


@situation(FaultKind.DROPPED, "EOF")
def pop_server_that_hangs_up(authority):
    with served(Close()) as address:
        pop(address)


@situation(FaultKind.DROPPED, "closed")
def smtp_server_that_hangs_up(authority):
    with served(Close()) as address:
        smtp(address)


@situation(FaultKind.DROPPED, "")
def server_that_resets(authority):
    with served(Send(b"* OK ready"), Expect(b".*"), Reset()) as address:
        imap(address).login.login("jane", "pw")


@situation(FaultKind.DROPPED, "EOF")
def imap_server_that_hangs_up_at_login(authority):
    with served(*IMAP_GREETING, Expect(b".*"), Close()) as address:
        imap(address).login.login("jane", "pw")


@situation(FaultKind.DROPPED, "EOF")
def pop_server_that_hangs_up_at_login(authority):
    with served(Send(b"+OK"), Expect(b"USER jane"), Close()) as address:
        pop(address).login.login("jane", "pw")


@situation(FaultKind.DROPPED, "")
def server_that_hangs_up_in_the_tls_handshake(authority):
    with served(Close()) as address:
        imap(address, Security.SSL)


@situation(FaultKind.TLS_MISMATCH, "")
def imap_server_without_tls_on_the_port_for_tls(authority):
    with served(Send(b"* OK ready, plainly")) as address:
        imap(address, Security.SSL)


@situation(FaultKind.TLS_MISMATCH, "")
def pop_server_without_tls_on_the_port_for_tls(authority):
    with served(Send(b"+OK ready, plainly")) as address:
        pop(address, Security.SSL)


@situation(FaultKind.TLS_MISMATCH, "")
def smtp_server_without_tls_on_the_port_for_tls(authority):
    with served(Send(b"220 ready, plainly")) as address:
        smtps(address, authority)


@situation(FaultKind.TLS_MISSING, "STARTTLS")
def imap_server_without_starttls(authority):
    with served(*IMAP_GREETING) as address:
        imap(address, Security.STARTTLS)


@situation(FaultKind.TLS_MISSING, "STLS")
def pop_server_without_stls(authority):
    with served(Send(b"+OK"), Expect(b"CAPA", b"+OK", b".")) as address:
        pop(address, Security.STARTTLS)


@situation(FaultKind.TLS_MISSING, "STARTTLS")
def smtp_server_without_starttls(authority):
    with served(*SMTP_GREETING) as address:
        smtp(address).starttls()


@situation(FaultKind.TLS_FAILED, "")
def server_with_other_versions_of_tls(authority):
    old = server_context(authority.issue("127.0.0.1"))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with served(StartTls(old)) as (host, port):
        new = authority.client_context()
        new.minimum_version = ssl.TLSVersion.TLSv1_3
        poplib.POP3_SSL(host, port, timeout=LONG, context=new)


@situation(FaultKind.CERTIFICATE_EXPIRED, "expired")
def certificate_that_expired(authority):
    context = server_context(authority.issue("127.0.0.1", expired=True))
    with served(StartTls(context)) as address:
        imap(address, Security.SSL)


@situation(FaultKind.CERTIFICATE_HOST, "IP address mismatch")
def certificate_of_another_address(authority):
    with served(StartTls(server_context(authority.issue("city.example")))) as address:
        pop(address, Security.SSL)


@situation(FaultKind.CERTIFICATE_HOST, "Hostname mismatch")
def certificate_of_another_name(authority):
    context = server_context(authority.issue("city.example"))
    with served(StartTls(context)) as (_host, port):
        imap(("localhost", port), Security.SSL)


@situation(FaultKind.CERTIFICATE_UNTRUSTED, "self-signed")
def certificate_that_signs_itself(authority):
    context = server_context(authority.self_signed("127.0.0.1"))
    with served(StartTls(context)) as address:
        imap(address, Security.SSL)


@situation(FaultKind.CERTIFICATE_UNTRUSTED, "")
def certificate_that_signs_itself_after_stls(authority):
    context = server_context(authority.self_signed("127.0.0.1"))
    capa = Expect(b"CAPA", b"+OK", b"STLS", b".")  # asked for by poplib once more
    steps = (capa, capa, Expect(b"STLS", b"+OK"), StartTls(context))
    with served(Send(b"+OK"), *steps) as address:
        pop(address, Security.STARTTLS)


@situation(FaultKind.LOGIN_REFUSED, "535 5.7.8 Bad password")
def smtp_login_refused(authority):
    refused = Expect(b"AUTH PLAIN .*", b"535 5.7.8 Bad password")
    with served(*SMTP_GREETING, refused) as address:
        smtp(address).login("jane", "pw")


@situation(FaultKind.LOGIN_REFUSED, "ascii")
def smtp_password_that_is_not_ascii(authority):
    with served(*SMTP_GREETING) as address:
        smtp(address).login("jane", "süß")


@situation(FaultKind.LOGIN_NEEDS_TLS, "LOGINDISABLED")
def imap_server_that_wants_encryption_before_the_login(authority):
    # Nothing is expected after the capabilities: the password must not be sent.
    with served(*IMAP_GREETING_WITHOUT_LOGIN) as address:
        imap(address).login.login("jane", "pw")


@situation(FaultKind.LOGIN_REFUSED, "[AUTHENTICATIONFAILED] Bad password")
def imap_login_refused(authority):
    refused = b"<tag> NO [AUTHENTICATIONFAILED] Bad password"
    with served(*IMAP_GREETING, Expect(rb"\w+ LOGIN .*", refused)) as address:
        imap(address).login.login("jane", "pw")


@situation(FaultKind.LOGIN_REFUSED, "-ERR [AUTH] Bad password")
def pop_login_refused(authority):
    steps = (
        Expect(b"USER jane", b"+OK"),
        Expect(b"PASS pw", b"-ERR [AUTH] Bad password"),
    )
    with served(Send(b"+OK"), *steps) as address:
        pop(address).login.login("jane", "pw")


@situation(FaultKind.FOLDER_UNAVAILABLE, "no such folder")
def imap_folder_missing(authority):
    select = Expect(rb"\w+ SELECT .*", b"<tag> NO no such folder")
    with served(Send(b"* PREAUTH"), IMAP_GREETING[1], select) as address:
        imap(address).open("Nowhere")


@situation(FaultKind.FEATURE_MISSING, "UIDL")
def pop_server_without_uidl(authority):
    with served(Send(b"+OK"), Expect(b"UIDL", b"-ERR what?")) as address:
        pop(address).find(Question(Listing.UNREAD))


@situation(FaultKind.FEATURE_MISSING, "AUTH")
def smtp_server_without_login(authority):
    greeting = (Send(b"220 rig"), Expect(b"ehlo .*", b"250 rig"))
    with served(*greeting) as address:
        smtp(address).login("jane", "pw")


@situation(FaultKind.REPLY, "554 5.3.2 Go away")
def smtp_server_that_greets_with_a_refusal(authority):
    with served(Send(b"554 5.3.2 Go away")) as address:
        smtp(address)


@situation(FaultKind.REPLY, "-ERR Go away")
def pop_server_that_greets_with_a_refusal(authority):
    with served(Send(b"-ERR Go away")) as address:
        pop(address)


@situation(FaultKind.REPLY, "Go away")
def imap_server_that_greets_with_bye(authority):
    with served(Send(b"* BYE Go away")) as address:
        imap(address)


@situation(FaultKind.REPLY, "550 5.1.1 Unknown")
def smtp_server_that_refuses_every_recipient(authority):
    steps = (
        Expect(b"mail .*", b"250 Ok"),
        Expect(b"rcpt .*", b"550 5.1.1 Unknown"),
        Expect(b"rset", b"250 Ok"),
    )
    with served(*SMTP_GREETING, *steps) as address:
        smtp(address).sendmail("a@home.example", ["b@city.example"], "")


@situation(FaultKind.UNREACHABLE, "unreachable")
def network_without_a_route(authority):
    # 127.0.0.1 always has one, and a test must not leave the machine.
    raise OSError(errno.ENETUNREACH, "Network is unreachable")


@situation(FaultKind.UNREACHABLE, "No route")
def host_without_a_route(authority):
    raise OSError(errno.EHOSTUNREACH, "No route to host")


@situation(FaultKind.OTHER, "surprise")
def something_unheard_of(authority):
    raise RuntimeError("surprise")


def imap_through(port, kind=ProxyType.SOCKS5, host="mail.inside"):
    proxy = Proxy(kind, "127.0.0.1", port)
    ImapMailbox(Endpoint(host, 143, Security.NONE, timeout=LONG, proxy=proxy))


@situation(FaultKind.PROXY_UNREACHABLE, "refused")
def proxy_that_does_not_run(authority):
    imap_through(free_port())


@situation(FaultKind.PROXY_NEEDS_LOGIN, "no acceptable authentication method")
def proxy_that_wants_a_login(authority):
    with MailProxy("socks5", login=("odoo", "secret")) as proxy:
        imap_through(proxy.port)


@situation(FaultKind.PROXY_LOGIN_REFUSED, "407")
def proxy_that_refuses_the_login(authority):
    with MailProxy("http", login=("odoo", "secret")) as proxy:
        way = Proxy(ProxyType.HTTP, proxy.host, proxy.port, "odoo", "wrong")
        ImapMailbox(Endpoint("mail.inside", 143, Security.NONE, timeout=3, proxy=way))


@situation(FaultKind.PROXY_FORBIDS, "ruleset")
def proxy_with_a_rule_against_it(authority):
    with MailProxy("socks5", forbids=True) as proxy:
        imap_through(proxy.port)


@situation(FaultKind.PROXY_NO_WAY, "502 Bad Gateway")
def proxy_that_does_not_reach_the_server(authority):
    with MailProxy("http") as proxy:
        imap_through(proxy.port, ProxyType.HTTP, "mail.rig.invalid")


@situation(FaultKind.PROXY_NOT_SPOKEN, "220 rig")
def mail_server_in_the_place_of_a_proxy(authority):
    with served(Send(b"220 rig ready"), Close()) as (_host, port):
        imap_through(port, ProxyType.HTTP)


def app_token(port, authority):
    """Ask for a token on a port, with a secret that is none."""
    app = AppRegistration(TENANT, CLIENT_ID, "wrong", login_host="localhost")
    context = authority.client_context()
    request_token(app, HttpsFetcher(SystemNames(), True, LONG, context, port))


@situation(FaultKind.TOKEN_REFUSED, "AADSTS7000215")
def app_with_a_wrong_secret(authority):
    certificate = authority.issue("localhost")
    with TokenEndpoint(certificate, "desk@city.example") as microsoft:
        app_token(microsoft.port, authority)


@situation(FaultKind.TOKEN_UNAVAILABLE, "Connection refused")
def login_service_that_is_down(authority):
    app_token(free_port(), authority)
