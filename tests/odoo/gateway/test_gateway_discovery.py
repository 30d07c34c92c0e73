"""From an address and a password to two servers that wait for Test & Confirm."""

import pytest

from odoo.exceptions import AccessError, UserError

from tests.rig.dns_server import DnsServer

ADDRESS = "amina@city.example"


@pytest.fixture
def dns(env, dovecot, postfix):
    """The DNS of city.example, which names the rig's own servers."""
    submissions = f"0 1 {postfix.smtps_port} localhost."
    with DnsServer(
        ("localhost", "A", "127.0.0.1"),
        ("_submissions._tcp.city.example", "SRV", submissions),
        ("_imaps._tcp.city.example", "SRV", f"0 1 {dovecot.imaps_port} localhost."),
    ) as server:
        parameters = env["ir.config_parameter"]
        parameters.set_param("mail_gateway_plus.dns_server", server.address)
        parameters.set_param("mail_gateway_plus.discovery_allow_private", "True")
        yield server


@pytest.fixture
def wizard(env):
    return env["mail.gateway.discover"].create({"address": ADDRESS})


def test_both_halves_are_found_and_reached(wizard, dns, dovecot, postfix):
    wizard.action_discover()

    assert (wizard.smtp_host, wizard.smtp_port) == ("localhost", postfix.smtps_port)
    assert (wizard.mailbox_host, wizard.mailbox_port) == (
        "localhost",
        dovecot.imaps_port,
    )
    assert wizard.smtp_security == wizard.mailbox_security == "ssl"
    assert "the domain's DNS" in wizard.smtp_source
    assert "certificate is valid" in wizard.mailbox_source
    assert "belongs to another domain" in wizard.notes


def test_servers_are_made_not_confirmed_and_work(env, wizard, dns, dovecot):
    dovecot.add_user(ADDRESS, "secret")
    wizard.action_discover()
    wizard.password = "secret"

    wizard.action_create_servers()

    outgoing, incoming = wizard.outgoing_server_id, wizard.incoming_server_id
    assert outgoing.state == incoming.state == "draft"
    assert outgoing.smtp_encryption == "ssl_strict"
    assert outgoing.from_filter == ADDRESS
    assert incoming.verify_certificate
    incoming.button_confirm_login()
    assert incoming.state == "done"


def test_password_is_kept_by_the_servers_only(wizard, dns):
    wizard.action_discover()
    wizard.password = "secret"

    wizard.action_create_servers()

    assert not wizard.password
    assert wizard.outgoing_server_id.smtp_pass == "secret"
    assert wizard.incoming_server_id.password == "secret"


def test_own_network_is_left_alone_unless_it_is_allowed(env, wizard, dns, dovecot):
    env["ir.config_parameter"].set_param(
        "mail_gateway_plus.discovery_allow_private", False
    )

    wizard.action_discover()

    assert "was not tried" in wizard.mailbox_source
    assert "discovery_allow_private" in wizard.notes


def test_only_the_half_that_is_wanted_is_made(wizard, dns):
    wizard.action_discover()
    wizard.has_outgoing = False

    wizard.action_create_servers()

    assert wizard.incoming_server_id
    assert not wizard.outgoing_server_id


def test_nothing_wanted_makes_nothing(wizard, dns):
    wizard.action_discover()
    wizard.write({"has_outgoing": False, "has_incoming": False})

    with pytest.raises(UserError, match="Choose whether"):
        wizard.action_create_servers()


def test_unknown_domain_is_told_and_a_provider_can_be_chosen(env, wizard, dns):
    wizard.address = "amina@nowhere.example"
    wizard.action_discover()
    assert "No server was found" in wizard.notes

    wizard.preset_id = env.ref("mail_gateway_plus.preset_ovh")
    wizard._onchange_preset()

    assert (wizard.smtp_host, wizard.smtp_user) == (
        "ssl0.ovh.net",
        "amina@nowhere.example",
    )
    assert wizard.mailbox_host == "ssl0.ovh.net"


def test_known_provider_brings_its_guide_and_region(env, dns):
    wizard = env["mail.gateway.discover"].create({"address": "amina@zoho.eu"})

    wizard.action_discover()
    wizard.action_create_servers()

    assert wizard.preset_id.code == "zoho"
    assert "region" in wizard.preset_guide
    assert wizard.outgoing_server_id.smtp_host == "smtp.zoho.eu"
    assert wizard.outgoing_server_id.preset_region_id.code == "eu"


def test_oauth_servers_are_made_without_a_password(env, dns):
    wizard = env["mail.gateway.discover"].create({"address": "amina@outlook.com"})
    wizard.action_discover()
    wizard.password = "not used"

    wizard.action_create_servers()

    assert wizard.outgoing_server_id.smtp_authentication == "outlook"
    assert wizard.outgoing_server_id.quota_ids.max_recipients == 5000
    assert wizard.incoming_server_id.server_type == "outlook"
    assert not wizard.outgoing_server_id.smtp_pass
    assert not wizard.incoming_server_id.password


def test_what_is_no_address_is_refused(env):
    wizard = env["mail.gateway.discover"].create({"address": "amina"})

    with pytest.raises(UserError, match="is not an email address"):
        wizard.action_discover()


def test_only_administrators_set_servers_up(env):
    clerk = env["res.users"].create({"name": "Clerk", "login": "clerk"})

    with pytest.raises(AccessError):
        env["mail.gateway.discover"].with_user(clerk).create({"address": ADDRESS})
