"""From an address to its servers: what is known, what is announced, what answers."""

from dataclasses import replace

import pytest
from mgp_core.discovery import names as names_module
from mgp_core.discovery.discover import InvalidAddress, Network, Note, discover
from mgp_core.discovery.https import Refused
from mgp_core.discovery.names import DnsNames, SystemNames
from mgp_core.discovery.offer import Reached, Source
from mgp_core.protocols.endpoint import Security
from mgp_core.setup.preset import Half, Preset, UserForm, Way
from mgp_core.setup.settings import Protocol

from tests.rig.dns_server import DnsServer

SSL, STARTTLS = Security.SSL, Security.STARTTLS
SMTP, IMAP, POP = Protocol.SMTP, Protocol.IMAP, Protocol.POP
ADDRESS = "amina@city.example"

HOSTING = Preset(
    code="hosting",
    halves=(
        Half(
            SMTP,
            "smtp.hosting.{region}",
            (Way(465, SSL), Way(587, STARTTLS)),
            UserForm.ADDRESS,
        ),
        Half(IMAP, "imap.hosting.{region}", (Way(993, SSL),), UserForm.LOCAL_PART),
    ),
    domains=("hosting.com", "hosting.eu"),
    mx_patterns=("hosting.com", "hosting.eu"),
    regions=("com", "eu"),
)

CONFIG = """<clientConfig><emailProvider id="x">
<incomingServer type="imap"><hostname>imap.city.example</hostname><port>993</port>
<socketType>{imap}</socketType><username>%EMAILLOCALPART%</username></incomingServer>
<outgoingServer type="smtp"><hostname>smtp.city.example</hostname><port>587</port>
<socketType>{smtp}</socketType><username>%EMAILADDRESS%</username></outgoingServer>
</emailProvider></clientConfig>"""


class Web:
    """Files by their address; ``asked`` holds what was looked for."""

    def __init__(self, **files):
        self.files, self.asked = files, []

    def fetch(self, url, limit):
        self.asked.append(url)
        for part, content in self.files.items():
            if part.replace("_", ".") in url:
                return content.encode()
        raise Refused("404")


class Servers:
    """Servers that answer: host and port; ``reached`` says what others do."""

    def __init__(self, *answering, reached=Reached.NO_ANSWER):
        self.answering, self.reached, self.tried = answering, reached, []

    def probe(self, offer):
        self.tried.append(offer)
        answers = f"{offer.host}:{offer.port}" in self.answering
        return replace(offer, reached=Reached.OK if answers else self.reached)


def look(address=ADDRESS, records=(), web=None, servers=None, presets=(HOSTING,)):
    with DnsServer(*records) as server:
        names = DnsNames(server.address)
        return discover(
            address, presets, Network(names, web or Web(), servers or Servers())
        )


def where(offer):
    return offer and (offer.host, offer.port, offer.security, offer.source, offer.user)


# ------------------------------------------------------------------- known providers


def test_known_domain_needs_no_network_but_trying():
    web = Web()
    with DnsServer() as server:
        found = discover(
            "amina@hosting.eu",
            [HOSTING],
            Network(DnsNames(server.address), web, Servers("smtp.hosting.eu:465")),
        )

    assert (server.asked, web.asked, found.preset) == ([], [], "hosting")
    assert where(found.best(SMTP)) == (
        "smtp.hosting.eu",
        465,
        SSL,
        Source.PRESET_DOMAIN,
        "amina@hosting.eu",
    )
    assert where(found.best(IMAP))[4] == "amina"


def test_provider_is_known_by_the_domains_mail_exchanger():
    found = look(
        records=[
            ("city.example", "MX", "20 mx.elsewhere.example."),
            ("city.example", "MX", "10 mx2.hosting.eu."),
        ],
        servers=Servers("smtp.hosting.eu:465", "imap.hosting.eu:993"),
    )

    assert found.preset == "hosting"
    assert where(found.best(IMAP))[:4] == (
        "imap.hosting.eu",
        993,
        SSL,
        Source.PRESET_MX,
    )
    assert not found.notes


def test_exchanger_that_is_only_spelled_alike_is_not_the_providers():
    found = look(records=[("city.example", "MX", "10 mx.evilhosting.com.")])

    assert not found.preset


def test_way_that_answers_is_taken_before_a_recommended_one_that_does_not():
    found = look("amina@hosting.com", servers=Servers("smtp.hosting.com:587"))

    best = found.best(SMTP)
    assert (best.port, best.security, best.reached) == (587, STARTTLS, Reached.OK)


def test_known_provider_that_cannot_be_reached_is_still_shown():
    found = look("amina@hosting.com")

    assert found.best(SMTP).reached is Reached.NO_ANSWER
    assert where(found.best(SMTP))[:2] == ("smtp.hosting.com", 465)


# --------------------------------------------------------------------- announcements


def test_services_of_the_domain_are_found_in_the_dns():
    found = look(
        records=[
            ("_submissions._tcp.city.example", "SRV", "20 1 465 b.city.example."),
            ("_submissions._tcp.city.example", "SRV", "10 1 465 a.city.example."),
            ("_imap._tcp.city.example", "SRV", "0 1 1143 a.city.example."),
            ("_pop3s._tcp.city.example", "SRV", "0 0 0 ."),
        ],
        servers=Servers("a.city.example:465", "a.city.example:1143"),
    )

    assert where(found.best(SMTP)) == ("a.city.example", 465, SSL, Source.SRV, "")
    assert where(found.best(IMAP, POP))[:3] == ("a.city.example", 1143, STARTTLS)
    assert not found.best(POP)


def test_configuration_file_of_the_domain_tells_the_user_name():
    found = look(
        web=Web(autoconfig_city_example=CONFIG.format(imap="SSL", smtp="STARTTLS")),
        servers=Servers("imap.city.example:993", "smtp.city.example:587"),
    )

    assert where(found.best(IMAP)) == (
        "imap.city.example",
        993,
        SSL,
        Source.AUTOCONFIG,
        "amina",
    )
    assert found.best(SMTP).user == ADDRESS


def test_second_place_of_the_configuration_file_is_looked_at():
    place = {"https://city.example/.well-known": CONFIG.format(imap="SSL", smtp="SSL")}

    assert look(web=Web(**place)).best(IMAP).source is Source.AUTOCONFIG


def test_configuration_file_of_whoever_receives_the_mail_is_looked_at():
    web = Web(autoconfig_host_example=CONFIG.format(imap="SSL", smtp="SSL"))

    found = look(records=[("city.example", "MX", "10 mx1.host.example.")], web=web)

    assert found.best(IMAP).source is Source.AUTOCONFIG


def test_hostile_configuration_file_is_as_good_as_none():
    web = Web(city_example='<!DOCTYPE a [<!ENTITY b "c">]><clientConfig>&b;')

    assert look(web=web).notes == (Note.NOTHING,)


def test_server_in_another_domain_is_told_of():
    found = look(
        records=[("_imaps._tcp.city.example", "SRV", "0 1 993 imap.evil.example.")],
        servers=Servers("imap.evil.example:993"),
    )

    assert Note.FOREIGN_HOST in found.notes


# ---------------------------------------------------------------------------- trying


def test_usual_names_are_tried_where_nothing_is_announced():
    found = look(servers=Servers("mail.city.example:465", "mail.city.example:993"))

    assert where(found.best(SMTP)) == ("mail.city.example", 465, SSL, Source.PROBE, "")
    assert where(found.best(IMAP))[:3] == ("mail.city.example", 993, SSL)


def test_encrypted_from_the_start_is_taken_before_starttls():
    servers = Servers("smtp.city.example:465", "smtp.city.example:587")

    assert look(servers=servers).best(SMTP).port == 465


def test_only_the_missing_half_is_tried():
    servers = Servers("imap.city.example:993")

    look(
        records=[("_imaps._tcp.city.example", "SRV", "0 1 993 imap.city.example.")],
        servers=servers,
    )

    guessed = {one.protocol for one in servers.tried if one.source is Source.PROBE}
    assert guessed == {SMTP}


def test_server_that_takes_passwords_in_clear_is_never_offered_nor_tried():
    servers = Servers()

    found = look(
        web=Web(city_example=CONFIG.format(imap="plain", smtp="plain")),
        servers=servers,
    )

    assert not found.offers
    assert set(found.notes) == {Note.NOTHING, Note.CLEAR_ONLY}
    assert all(one.security is not Security.NONE for one in servers.tried)


@pytest.mark.parametrize(
    "reached", [Reached.CERTIFICATE, Reached.NO_TLS, Reached.OTHER_PROTOCOL]
)
def test_server_that_cannot_be_trusted_is_left_out(reached):
    found = look(
        records=[("_imaps._tcp.city.example", "SRV", "0 1 993 imap.city.example.")],
        servers=Servers(reached=reached),
    )

    assert not found.offers
    assert (Note.CERTIFICATE in found.notes) == (reached is Reached.CERTIFICATE)


def test_server_in_a_closed_network_is_shown_and_told_of():
    found = look(
        records=[("_imaps._tcp.city.example", "SRV", "0 1 993 imap.city.example.")],
        servers=Servers(reached=Reached.PRIVATE),
    )

    assert found.best(IMAP).host == "imap.city.example"
    assert Note.PRIVATE_ADDRESS in found.notes


def test_domain_that_names_servers_without_end_is_not_followed_without_end():
    servers = Servers()
    records = [
        ("_imaps._tcp.city.example", "SRV", f"0 1 993 a{n}.city.example.")
        for n in range(30)
    ]

    look(records=records, servers=servers)

    assert len([one for one in servers.tried if one.source is Source.SRV]) <= 24


# ------------------------------------------------------------------------ the address


@pytest.mark.parametrize(
    "nonsense",
    ["", "amina", "@city.example", "amina@", "amina@city", "a b@city.example"]
    + ["amina@city.example/x", "amina@city.example:80", "amina@127.0.0.1#.example"],
)
def test_what_is_no_address_is_refused(nonsense):
    with pytest.raises(InvalidAddress):
        look(nonsense)


def test_domain_with_umlauts_is_looked_up_as_the_dns_has_it():
    web = Web()

    look("amina@Städte.example", web=web)

    assert any("autoconfig.xn--stdte-hra.example" in url for url in web.asked)


def test_missing_library_is_said(monkeypatch):
    monkeypatch.setattr(names_module, "dns", None)

    found = discover(ADDRESS, [], Network(SystemNames(), Web(), Servers()))

    assert Note.DNS_UNAVAILABLE in found.notes


def test_name_server_that_does_not_answer_is_not_waited_for():
    with DnsServer() as server:
        address = server.address

    assert DnsNames(address, timeout=0.3).mx("city.example") == []
