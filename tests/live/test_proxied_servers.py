"""Real servers behind a proxy: every security, both directions, side by side."""

import time

import pytest

from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.mail_gateway_plus.core.diagnosis.advice_keys import Advice
from odoo.addons.mail_gateway_plus.core.diagnosis.ladder import Climb
from odoo.addons.mail_gateway_plus.core.diagnosis.steps import (
    Protocol,
    Step,
    StepState,
    Target,
)
from odoo.addons.mail_gateway_plus.core.protocols.dial import LoginStep
from odoo.addons.mail_gateway_plus.core.protocols.endpoint import Endpoint, Security
from odoo.addons.mail_gateway_plus.core.protocols.proxy import Proxy, ProxyType

from tests.live.live_case import committing, fetch, incoming, letter, rows_of
from tests.rig.dripping_server import DrippingServer
from tests.rig.mail_proxy import MailProxy
from tests.rig.processes import wait_until
from tests.rig.starttls_stripper import StarttlsStripper

SENDER = "odoo@city.example"
RECIPIENT = "amina@home.example"
LOGIN = ("odoo", "proxy-word-8")
STARTTLS, SSL = Security.STARTTLS, Security.SSL


@pytest.fixture
def relay(postfix, dovecot):
    for address in (SENDER, RECIPIENT):
        dovecot.add_user(address, "secret")
        dovecot.empty(address)
    return postfix


@pytest.fixture
def really_sending(env, monkeypatch):
    """Let Odoo send, to the rig's servers only."""
    env["ir.mail_server"].search([]).action_archive()
    monkeypatch.setattr(IrMail_Server, "_disable_send", lambda *arguments: False)


def through(proxy):
    """Return the fields of a server that is reached through a proxy of the rig."""
    return {
        "proxy_type": proxy._kind,
        "proxy_host": proxy.host,
        "proxy_port": proxy.port,
        "proxy_user": LOGIN[0],
        "proxy_password": LOGIN[1],
    }


def climb(target, **limits):
    one = Climb(target, **limits)
    return one, {result.step: result for result in one.climb()}


@pytest.mark.parametrize("proxy_kind", ["socks5", "http"])
@pytest.mark.parametrize("security", ["none", "starttls", "ssl"])
@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_mailbox_is_read_through_a_proxy(
    odoo_case, env, mailbox, kind, security, proxy_kind
):
    mailbox.deliver(letter("Through the proxy"))
    with MailProxy(proxy_kind, login=LOGIN) as proxy:
        server = incoming(env, mailbox, kind, security, state="done", **through(proxy))

        assert fetch(odoo_case, server) is None

        assert len(proxy.asked) == proxy.connections == 1
    assert rows_of(server).mapped("subject") == ["Through the proxy"]


@pytest.mark.parametrize("proxy_kind", ["socks5", "http"])
@pytest.mark.parametrize("encryption", ["starttls_strict", "ssl_strict"])
def test_mail_is_sent_through_a_proxy(
    env, relay, dovecot, really_sending, encryption, proxy_kind
):
    port = relay.smtps_port if encryption == "ssl_strict" else relay.submission_port
    with MailProxy(proxy_kind, login=LOGIN) as proxy:
        env["ir.mail_server"].create(
            {
                "name": "Relay behind a proxy",
                "smtp_host": "localhost",
                "smtp_port": port,
                "smtp_encryption": encryption,
                "smtp_user": SENDER,
                "smtp_pass": "secret",
                **through(proxy),
            }
        )
        mail = env["mail.mail"].create(
            {
                "email_from": SENDER,
                "email_to": RECIPIENT,
                "subject": "Through the proxy",
                "body_html": "<p>We look into it.</p>",
                "auto_delete": False,
            }
        )
        mail.send()

        assert mail.state == "sent", mail.failure_reason
        assert proxy.asked == [("localhost", port)]
    wait_until(lambda: dovecot.messages(RECIPIENT), what="the mail")


def test_proxy_that_drips_holds_no_other_mailbox_up(odoo_case, env, mailbox):
    mailbox.deliver(letter("From the healthy one"))
    with DrippingServer(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.05) as dripping:
        values = {
            "proxy_type": "http",
            "proxy_host": "127.0.0.1",
            "proxy_port": dripping.port,
            "timeout_seconds": 2,
            "state": "done",
        }
        stuck = incoming(env, mailbox, "imap", "none", name="stuck", **values)
        healthy = incoming(env, mailbox, "imap", "ssl", state="done")
        started = time.monotonic()
        with committing(odoo_case, stuck | healthy) as servers:
            servers._fetch_mail()

        assert time.monotonic() - started < 20
    assert rows_of(healthy).mapped("subject") == ["From the healthy one"]
    assert "proxy" in stuck.error_message


def test_folder_is_opened_and_the_same_found_on_both_ways(mailbox):
    mailbox.deliver(letter("One"))
    port = mailbox.server.port_of("imap", tls=True)
    with MailProxy("socks5", login=LOGIN) as proxy:
        way = Proxy(ProxyType.SOCKS5, proxy.host, proxy.port, *LOGIN)
        one, results = climb(
            Target(
                Protocol.IMAP,
                Endpoint("localhost", port, SSL, timeout=5, proxy=way),
                user=mailbox.address,
                login=(LoginStep("login", (mailbox.address, mailbox.password)),),
                newest=10,
            )
        )

    assert one.has_passed, results
    assert results[Step.DIRECT].state is StepState.OK
    assert results[Step.DIRECT].details["differences"] == []


@pytest.mark.parametrize("is_behind_proxy", [True, False])
def test_middlebox_on_one_of_the_ways_is_found_out(relay, is_behind_proxy):
    with StarttlsStripper(relay.submission_port, masks=True) as middlebox:
        clean, stripped = relay.submission_port, middlebox.port
        by_proxy, directly = (stripped, clean) if is_behind_proxy else (clean, stripped)
        with MailProxy("http", names={"localhost": by_proxy}) as proxy:
            way = Proxy(ProxyType.HTTP, proxy.host, proxy.port)
            endpoint = Endpoint("localhost", directly, STARTTLS, timeout=5, proxy=way)
            target = Target(
                Protocol.SMTP, endpoint, sender=SENDER, recipient=SENDER, doors=()
            )
            _one, results = climb(target, seconds=20)

    direct = results[Step.DIRECT]
    assert (direct.state, direct.advice) == (StepState.WARNING, Advice.WAYS_DIFFER)
    told = {row["what"]: row for row in direct.details["differences"]}
    encrypted, open_to_all = ("direct", "proxy")[:: 1 if is_behind_proxy else -1]
    assert told["encryption"][encrypted].startswith("TLS")
    assert told["encryption"][open_to_all] == ""
    failed = Advice.TLS_STRIPPED if is_behind_proxy else None
    assert results[Step.TLS].advice is failed


def test_mailbox_in_use_says_that_the_proxy_is_at_fault(odoo_case, env, mailbox):
    with MailProxy("socks5", login=("odoo", "another")) as proxy:
        server = incoming(env, mailbox, "imap", "ssl", state="done", **through(proxy))

        assert fetch(odoo_case, server)

    assert "The proxy does not accept" in server.error_message
    assert LOGIN[1] not in server.error_message
