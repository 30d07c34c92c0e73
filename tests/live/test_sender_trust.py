"""Who a sender is, through a real Postfix and a real Dovecot, with a DNS of our own."""

import smtplib
from email import message_from_bytes
from email.message import EmailMessage

import dkim
import pytest

from tests.live.live_case import fetch, incoming, process, rows_of
from tests.rig.dkim_keys import as_strings, key_pair, key_record
from tests.rig.dns_server import DnsServer
from tests.rig.processes import wait_until

MAYOR = "mayor@city.example"
KEY_NAME = "mail._domainkey.city.example"


@pytest.fixture
def dns(env):
    """The name server that Odoo asks, with the city's key and policy."""
    with DnsServer(
        (KEY_NAME, "TXT", as_strings(key_record(2048))),
        ("_dmarc.city.example", "TXT", '"v=DMARC1; p=reject"'),
    ) as server:
        parameters = env["ir.config_parameter"]
        parameters.set_param("mail_gateway_plus.dns_server", server.address)
        yield server


@pytest.fixture
def mayor(env):
    values = {"name": "The Mayor", "login": "mayor", "email": MAYOR}
    return env["res.users"].create(values)


def order(number, sender=f"The Mayor <{MAYOR}>", **headers):
    message = EmailMessage()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message["From"] = sender
    message["To"] = "grievances@city.example"
    message["Subject"] = f"Order {number}"
    message["Message-ID"] = f"<order-{number}@city.example>"
    message.set_content("Close all grievances.\n")
    return message.as_bytes().replace(b"\n", b"\r\n")


def signed(raw):
    return dkim.sign(raw, b"mail", b"city.example", key_pair(2048)[0]) + raw


def post(postfix, mailbox, raw):
    """Hand a message over as anybody on the internet can; wait until it is there."""
    before = len(mailbox.messages())
    with smtplib.SMTP("127.0.0.1", postfix.smtp_port, timeout=30) as smtp:
        smtp.sendmail("somebody@else.example", [mailbox.address], raw)
    wait_until(lambda: len(mailbox.messages()) > before, what="delivery")


def receive(odoo_case, server):
    fetch(odoo_case, server)
    process(odoo_case)
    return rows_of(server)


def email_of(record):
    return record.message_ids.filtered(lambda message: message.message_type == "email")


def test_S7_spoofed_colleague_opens_an_unknown_senders_ticket_at_most(
    odoo_case, env, postfix, mailbox, dns, mayor
):
    """Nothing is set up on the mailbox but what a new one has."""
    post(postfix, mailbox, order(1))

    row = receive(odoo_case, incoming(env, mailbox, "imap", "ssl", state="done"))

    assert (row.state, row.verdict) == ("done", "unverified")
    ticket = row._visible_record()
    assert ticket.create_uid == env.ref("base.user_root")
    assert not email_of(ticket).author_id
    assert any(
        "Sender not verified" in body for body in ticket.message_ids.mapped("body")
    )
    # Nobody is written to in the mayor's name about it, but for the acknowledgement.
    assert not env["mail.mail"].search([("subject", "=like", "Re: Order%")])


def test_spoofed_colleague_who_is_disowned_failed(
    odoo_case, env, postfix, mailbox, dns, mayor
):
    post(postfix, mailbox, order(2))
    server = incoming(
        env, mailbox, "imap", "ssl", state="done", failed_policy="unknown"
    )

    row = receive(odoo_case, server)

    assert (row.state, row.verdict) == ("done", "failed")
    assert not email_of(row._visible_record()).author_id


def test_signed_message_is_verified(odoo_case, env, postfix, mailbox, dns, mayor):
    """The signature outlives Postfix and Dovecot, who add their own headers."""
    post(postfix, mailbox, signed(order(3)))

    row = receive(odoo_case, incoming(env, mailbox, "imap", "ssl", state="done"))

    assert (row.state, row.verdict) == ("done", "verified")
    assert row.verdict_domain == "city.example"
    ticket = row._visible_record()
    assert ticket.create_uid == mayor
    assert email_of(ticket).author_id == mayor.partner_id
    assert (KEY_NAME, "TXT") in dns.asked


def test_forged_results_below_the_border_are_worth_nothing(
    odoo_case, env, postfix, mailbox, dns, mayor
):
    """Postfix puts its line above what the sender wrote, results included."""
    forged = "mail.city.example; dmarc=pass header.from=city.example"
    raw = order(4, Received="from x by y; now", Authentication_Results=forged)
    post(postfix, mailbox, raw)
    arrived = message_from_bytes(mailbox.messages()[-1])
    hops = len(arrived.get_all("Received")) - 1
    server = incoming(
        env,
        mailbox,
        "imap",
        "ssl",
        state="done",
        authserv_ids="mail.city.example",
        own_hops=hops,
        own_hosts="mail.city.example, *",
    )

    row = receive(odoo_case, server)

    assert row.verdict == "unverified"
    assert row._visible_record().create_uid == env.ref("base.user_root")
