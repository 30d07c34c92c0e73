"""What is found about a domain, and the record that mends it: a real name server."""

import ipaddress
from dataclasses import replace

import pytest
from mgp_core.deliverability.egress import (
    addresses_in,
    as_network,
    is_news,
    networks_in,
)
from mgp_core.deliverability.examine import examine
from mgp_core.deliverability.findings import Cause, Check, Grade, Sender, worst
from mgp_core.deliverability.lookups import Lookups
from mgp_core.discovery.names import DnsNames, SystemNames

from tests.rig.dns_server import DnsServer
from tests.unit.test_dkim_key import rsa_key

HERE = ipaddress.ip_address("9.9.9.10")
CITY = Sender("city.example")
GOOD_KEY = rsa_key(2048)


def txt(name, *texts):
    """Return the TXT records of a name, in strings that fit."""
    return [
        (
            name,
            "TXT",
            " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200)),
        )
        for text in texts
    ]


GOOD = {
    "mx": [
        ("city.example", "MX", "10 mx.city.example."),
        ("mx.city.example", "A", "9.9.9.10"),
    ],
    "spf": txt("city.example", "v=spf1 mx include:_spf.p.example -all"),
    "include": txt("_spf.p.example", "v=spf1 ip4:9.9.8.0/24 -all"),
    "dkim": txt("s1._domainkey.city.example", f"v=DKIM1; p={GOOD_KEY}"),
    "dmarc": txt(
        "_dmarc.city.example", "v=DMARC1; p=reject; rua=mailto:a@city.example"
    ),
    "ptr": [("10.9.9.9.in-addr.arpa", "PTR", "mx.city.example.")],
}
GOOD_SENDER = replace(
    CITY,
    spf_include="_spf.p.example",
    selectors=("s1",),
    signing_domains=("city.example",),
    addresses=(HERE,),
    host="mx.city.example",
)


def look(sender=GOOD_SENDER, **changes):
    """Examine a sender whose records are good but for the changes."""
    records = [one for group in {**GOOD, **changes}.values() for one in group]
    with DnsServer(*records) as server:
        return examine(Lookups(DnsNames(server.address)), sender)


def about(check, findings):
    return [finding for finding in findings if finding.check is check]


def causes(check, findings):
    return [finding.cause for finding in about(check, findings)]


def test_domain_with_good_records_is_fine_all_over():
    findings = look()

    assert {finding.grade for finding in findings} == {Grade.OK}
    assert [f.check for f in findings] == [
        Check.MX,
        Check.SPF,
        Check.DKIM,
        Check.DMARC,
        Check.ALIGNMENT,
        Check.EGRESS,
    ]
    assert worst(findings) is Grade.OK


def test_without_an_answer_nothing_is_said_to_be_missing():
    findings = examine(Lookups(SystemNames()), GOOD_SENDER)

    grades = {f.grade for f in findings if f.check is not Check.ALIGNMENT}
    assert grades == {Grade.SKIPPED}
    assert worst(findings) is Grade.SKIPPED


# --------------------------------------------------------------------------------- MX


@pytest.mark.parametrize(
    "records, cause",
    [
        ([("city.example", "A", "9.9.9.10")], Cause.MX_NONE),
        ([("city.example", "MX", "0 .")], Cause.MX_NULL),
        ([("city.example", "MX", "10 gone.city.example.")], Cause.MX_NO_ADDRESS),
    ],
)
def test_domain_that_takes_no_mail_is_told(records, cause):
    (finding,) = about(Check.MX, look(mx=records))

    assert (finding.grade, finding.cause) == (Grade.FAILED, cause)


# -------------------------------------------------------------------------------- SPF


def spf(*texts, sender=GOOD_SENDER, **changes):
    findings = look(sender, spf=txt("city.example", *texts), **changes)
    return about(Check.SPF, findings)


def published(findings):
    return findings[0].publish and findings[0].publish.value


def test_missing_spf_record_is_written_for_the_provider():
    findings = spf()

    assert [f.cause for f in findings] == [Cause.SPF_NONE]
    assert published(findings) == "v=spf1 include:_spf.p.example ~all"


def test_missing_spf_record_is_written_for_an_own_server():
    findings = spf(sender=replace(CITY, addresses=(HERE,)))

    assert published(findings) == "v=spf1 ip4:9.9.9.10 ~all"


def test_second_spf_record_is_merged_into_the_first():
    findings = spf("v=spf1 mx -all", "v=spf1 include:_spf.p.example mx ~all")

    assert [f.cause for f in findings] == [Cause.SPF_MULTIPLE]
    assert published(findings) == "v=spf1 include:_spf.p.example mx ~all"


def test_provider_is_put_before_the_end_of_the_record():
    findings = spf(
        "v=spf1 a:x.example -all", mx=[], sender=replace(GOOD_SENDER, addresses=())
    )

    assert findings[0].cause is Cause.SPF_NO_PROVIDER
    assert published(findings) == "v=spf1 a:x.example include:_spf.p.example -all"


def test_provider_included_by_another_record_is_not_missed():
    findings = spf(
        "v=spf1 mx include:all.city.example -all",
        include=[
            *GOOD["include"],
            *txt("all.city.example", "v=spf1 include:_spf.p.example -all"),
        ],
    )

    assert [f.cause for f in findings] == [Cause.SPF_OK]


def test_address_that_the_record_does_not_name_is_put_into_it():
    findings = spf("v=spf1 ip4:9.9.8.1 -all", sender=replace(CITY, addresses=(HERE,)))

    assert [f.cause for f in findings] == [Cause.SPF_NO_ADDRESS]
    assert published(findings) == "v=spf1 ip4:9.9.8.1 ip4:9.9.9.10 -all"


@pytest.mark.parametrize(
    "text, cause, grade, mended",
    [
        ("v=spf1 mx +all", Cause.SPF_PASS_ALL, Grade.FAILED, "v=spf1 mx ~all"),
        ("v=spf1 mx all", Cause.SPF_PASS_ALL, Grade.FAILED, "v=spf1 mx ~all"),
        ("v=spf1 mx ?all", Cause.SPF_NEUTRAL_ALL, Grade.WARNING, "v=spf1 mx ~all"),
        ("v=spf1 mx", Cause.SPF_NEUTRAL_ALL, Grade.WARNING, "v=spf1 mx ~all"),
        ("v=spf1 mx ptr -all", Cause.SPF_PTR, Grade.WARNING, None),
        ("v=spf1 mx ip4:1.2.3 -all", Cause.SPF_SYNTAX, Grade.FAILED, None),
        (
            "v=spf1 mx include:no.example -all",
            Cause.SPF_BROKEN_INCLUDE,
            Grade.FAILED,
            None,
        ),
        ("v=spf1 mx include:city.example -all", Cause.SPF_LOOP, Grade.FAILED, None),
        (
            "v=spf1 mx a:n1.example a:n2.example a:n3.example -all",
            Cause.SPF_MANY_VOIDS,
            Grade.FAILED,
            None,
        ),
        (
            "v=spf1 mx" + " a:mx.city.example" * 10 + " -all",
            Cause.SPF_MANY_LOOKUPS,
            Grade.FAILED,
            None,
        ),
    ],
)
def test_faulty_spf_record_is_told(text, cause, grade, mended):
    findings = spf(text, sender=replace(CITY, addresses=(HERE,)))

    assert [(f.cause, f.grade) for f in findings] == [(cause, grade)]
    assert published(findings) == mended


def test_lookups_are_told():
    (finding,) = spf("v=spf1 mx include:_spf.p.example -all")

    assert (finding.cause, finding.detail) == (Cause.SPF_OK, "2")


# ------------------------------------------------------------------------------- DKIM


def key(text):
    return txt("s1._domainkey.city.example", text)


@pytest.mark.parametrize(
    "text, grade, cause",
    [
        (f"v=DKIM1; p={rsa_key(1024)}", Grade.WARNING, Cause.DKIM_SHORT),
        (f"v=DKIM1; t=y; p={GOOD_KEY}", Grade.WARNING, Cause.DKIM_TESTING),
        ("v=DKIM1; p=", Grade.FAILED, Cause.DKIM_REVOKED),
        ("v=DKIM1; p=nonsense!", Grade.FAILED, Cause.DKIM_UNREADABLE),
        ("nothing of ours", Grade.FAILED, Cause.DKIM_NONE),
    ],
)
def test_key_that_is_not_good_is_told(text, grade, cause):
    (finding,) = about(Check.DKIM, look(dkim=key(text)))

    assert (finding.grade, finding.cause) == (grade, cause)


def test_missing_key_is_told_with_its_place():
    (finding,) = about(Check.DKIM, look(dkim=[]))

    assert finding.cause is Cause.DKIM_NONE
    assert finding.publish.name == "s1._domainkey.city.example"


def test_any_one_of_the_usual_selectors_will_do():
    sender = replace(GOOD_SENDER, selectors=(), usual_selectors=("k1", "s1", "k3"))

    assert causes(Check.DKIM, look(sender)) == [Cause.DKIM_OK]


def test_none_of_the_usual_selectors_is_told_once():
    sender = replace(GOOD_SENDER, selectors=(), usual_selectors=("k1", "k2"))

    assert causes(Check.DKIM, look(sender)) == [Cause.DKIM_NONE]


def test_without_a_selector_no_key_is_looked_for():
    (finding,) = about(Check.DKIM, look(replace(GOOD_SENDER, selectors=())))

    assert (finding.grade, finding.cause) == (Grade.SKIPPED, Cause.DKIM_NO_SELECTOR)


# ------------------------------------------------------------------------------ DMARC


def dmarc(*texts):
    return about(Check.DMARC, look(dmarc=txt("_dmarc.city.example", *texts)))


def test_missing_dmarc_record_is_written_so_that_nothing_is_refused():
    findings = dmarc()

    assert [f.cause for f in findings] == [Cause.DMARC_NONE]
    assert findings[0].publish.name == "_dmarc.city.example"
    assert published(findings) == "v=DMARC1; p=none; rua=mailto:postmaster@city.example"


@pytest.mark.parametrize(
    "text, grade, cause, mended",
    [
        ("v=DMARC1; p=none", Grade.WARNING, Cause.DMARC_WATCHING, None),
        ("v=DMARC1; p=rejekt", Grade.FAILED, Cause.DMARC_SYNTAX, None),
        (
            "v=DMARC1; rua=mailto:a@b.example",
            Grade.WARNING,
            Cause.DMARC_NO_POLICY,
            "v=DMARC1; p=none; rua=mailto:a@b.example",
        ),
        (
            "v=DMARC1; p=reject; pct=50",
            Grade.WARNING,
            Cause.DMARC_OLD_TAGS,
            "v=DMARC1; p=reject",
        ),
        (
            "v=DMARC1; p=reject; t=y",
            Grade.WARNING,
            Cause.DMARC_TESTING,
            "v=DMARC1; p=reject",
        ),
    ],
)
def test_weak_dmarc_record_is_told(text, grade, cause, mended):
    findings = dmarc(text)

    assert (findings[0].grade, findings[0].cause) == (grade, cause)
    assert published(findings) == mended


def test_second_dmarc_record_is_told():
    findings = dmarc("v=DMARC1; p=none", "v=DMARC1; p=reject")

    assert [f.cause for f in findings] == [Cause.DMARC_MULTIPLE]


# -------------------------------------------------------------- alignment and bounces

BOUNCES = [
    ("bounce.p.example", "MX", "10 mx.city.example."),
    *txt("bounce.p.example", "v=spf1 mx -all"),
]


@pytest.mark.parametrize(
    "bounce, signing, cause",
    [
        ("city.example", ("city.example",), Cause.ALIGNED),
        ("bounce.city.example", ("city.example",), Cause.ALIGNED),
        ("bounce.p.example", ("city.example",), Cause.ALIGNED_DKIM_ONLY),
        ("city.example", ("p.example",), Cause.ALIGNED_SPF_ONLY),
        ("bounce.p.example", ("p.example",), Cause.NOT_ALIGNED),
    ],
)
def test_what_counts_for_the_from_is_told(bounce, signing, cause):
    sender = replace(GOOD_SENDER, bounce_domain=bounce, signing_domains=signing)

    assert causes(Check.ALIGNMENT, look(sender, bounces=BOUNCES)) == [cause]


@pytest.mark.parametrize(
    "selectors, cause",
    [((), Cause.ALIGNED_SPF), (("gone",), Cause.ALIGNED_SPF_ONLY)],
)
def test_signature_nobody_has_seen_is_not_taken_for_missing(selectors, cause):
    sender = replace(GOOD_SENDER, signing_domains=(), selectors=selectors)

    assert causes(Check.ALIGNMENT, look(sender)) == [cause]


def test_strict_alignment_tells_subdomains_apart():
    sender = replace(GOOD_SENDER, bounce_domain="bounce.city.example")
    strict = txt("_dmarc.city.example", "v=DMARC1; p=reject; aspf=s")

    assert causes(Check.ALIGNMENT, look(sender, dmarc=strict)) == [
        Cause.ALIGNED_DKIM_ONLY
    ]


@pytest.mark.parametrize(
    "records, cause",
    [
        (BOUNCES, Cause.BOUNCE_OK),
        (BOUNCES[:1], Cause.BOUNCE_NO_SPF),
        (BOUNCES[1:], Cause.BOUNCE_NO_MX),
        ([("bounce.p.example", "MX", "0 .")], Cause.BOUNCE_NO_MX),
    ],
)
def test_domain_of_the_bounce_address_is_looked_at(records, cause):
    sender = replace(GOOD_SENDER, bounce_domain="bounce.p.example")

    assert causes(Check.BOUNCE, look(sender, bounces=records)) == [cause]


# ----------------------------------------------------------------------------- egress


def test_address_without_a_name_is_told_with_the_record():
    (finding,) = about(Check.EGRESS, look(ptr=[]))

    assert (finding.grade, finding.cause) == (Grade.FAILED, Cause.EGRESS_NO_PTR)
    assert finding.subject == "9.9.9.10/32"
    assert finding.publish.name == "10.9.9.9.in-addr.arpa"
    assert finding.publish.value == "mx.city.example."


def test_name_that_does_not_lead_back_is_told_with_the_record():
    pointer = [("10.9.9.9.in-addr.arpa", "PTR", "host.isp.example.")]

    (finding,) = about(Check.EGRESS, look(ptr=pointer))

    assert finding.cause is Cause.EGRESS_NOT_CONFIRMED
    assert (finding.publish.name, finding.publish.value) == (
        "host.isp.example",
        "9.9.9.10",
    )


def test_address_of_an_own_network_has_no_public_name():
    private = replace(GOOD_SENDER, addresses=(ipaddress.ip_address("10.0.0.5"),))

    findings = look(private)

    assert causes(Check.EGRESS, findings) == [Cause.EGRESS_PRIVATE]
    assert causes(Check.SPF, findings) == [Cause.SPF_OK]


@pytest.mark.parametrize(
    "is_of_provider, cause",
    [(True, Cause.EGRESS_OF_PROVIDER), (False, Cause.EGRESS_UNKNOWN)],
)
def test_unknown_address_is_no_fault(is_of_provider, cause):
    sender = replace(GOOD_SENDER, addresses=(), is_of_provider=is_of_provider)

    (finding,) = about(Check.EGRESS, look(sender))

    assert (finding.grade, finding.cause) == (Grade.SKIPPED, cause)


@pytest.mark.parametrize(
    "text, found",
    [
        ("250-smtp.example at your service, [9.9.9.10]", ["9.9.9.10/32"]),
        (
            "9.9.9.10/32, registered 2026-01-05; 2001:db8::5/128",
            [
                "9.9.9.10/32",
                "2001:db8::5/128",
            ],
        ),
        ("Hello mail.example [IPv6:2001:db8::5]", ["2001:db8::5/128"]),
        ("9.9.9.0/24, 1.2.3, 999.1.1.1, at 12:30:00, version 1.2.3.4.5", []),
        ("9.9.9.10. And 9.9.9.10 again", ["9.9.9.10/32"]),
        ("", []),
    ],
)
def test_addresses_are_found_in_notes_and_greetings(text, found):
    assert [as_network(address) for address in addresses_in(text)] == found


def test_networks_are_found_too():
    found = networks_in("9.9.9.0/24 and 2001:db8::5, since 12:30; 9.9.9.9/24 is none")

    assert [str(network) for network in found] == ["9.9.9.0/24", "2001:db8::5/128"]


@pytest.mark.parametrize(
    "address, noted, usual, expected",
    [
        # What was never known is no news.
        ("9.9.9.10", "", [], False),
        ("9.9.9.10", "", ["9.9.9.10"], False),
        ("9.9.9.11", "", ["9.9.9.10"], True),
        # What is noted is none either.
        ("9.9.9.11", "9.9.9.11/32", ["9.9.9.10"], False),
        ("9.9.9.12", "9.9.9.11/32", ["9.9.9.10"], True),
        ("9.9.9.11", "all of 9.9.9.0/24", ["9.9.9.10"], False),
        # The public address says nothing of the one in the own network.
        ("10.0.0.5", "", ["9.9.9.10"], False),
        ("10.0.0.6", "", ["9.9.9.10", "10.0.0.5"], True),
        # A machine with both families uses now this one, now that.
        ("2a00:1450::5", "", ["9.9.9.10"], False),
        # The end of an IPv6 address changes every day (RFC 8981).
        ("2a00:1450::6", "", ["2a00:1450::5"], False),
        ("2a00:1450:0:1::6", "", ["2a00:1450::5"], True),
    ],
)
def test_address_is_news_where_nobody_reckons_with_it(address, noted, usual, expected):
    address = ipaddress.ip_address(address)
    usual = [ipaddress.ip_address(each) for each in usual]

    assert is_news(address, networks_in(noted), usual) is expected


# ----------------------------------------------------------------------------- volume


@pytest.mark.parametrize(
    ("is_of_people", "mails_a_day", "expected"),
    [
        (True, 1000, [Cause.VOLUME_SHARED]),
        (True, 999, []),
        (False, 100_000, []),
    ],
)
def test_much_mail_wants_a_domain_of_its_own(is_of_people, mails_a_day, expected):
    sender = replace(GOOD_SENDER, is_of_people=is_of_people, mails_a_day=mails_a_day)

    assert causes(Check.VOLUME, look(sender)) == expected
