"""A DMARC record, as it is written (RFC 9989 section 4.7)."""

import pytest
from mgp_core.deliverability.dmarc_record import Policy, is_dmarc, parse_dmarc


@pytest.mark.parametrize("text", ["v=DMARC1", "v=DMARC1; p=none", "v = DMARC1 ;p=none"])
def test_record_is_known_by_its_version(text):
    assert is_dmarc(text)


@pytest.mark.parametrize("text", ["v=dmarc1; p=none", "p=none; v=DMARC1", "v=DMARC12"])
def test_version_that_comes_late_or_is_spelled_otherwise_makes_it_none(text):
    assert not is_dmarc(text)


def test_what_it_says_is_read():
    record = parse_dmarc(
        "v=DMARC1; p=reject; sp=quarantine; np=Reject; adkim=s; aspf=s; psd=n;"
        " rua=mailto:a@city.example , mailto:b@city.example"
    )

    assert record.policy is Policy.REJECT
    assert record.subdomains is Policy.QUARANTINE
    assert record.missing_subdomains is Policy.REJECT
    assert record.is_dkim_strict
    assert record.is_spf_strict
    assert record.psd == "n"
    assert record.reports == ("mailto:a@city.example", "mailto:b@city.example")
    assert record.bad_tags == ()


def test_missing_policy_is_none():
    record = parse_dmarc("v=DMARC1; rua=mailto:a@city.example")

    assert record.policy is Policy.NONE
    assert not record.is_policy_named


def test_misspelled_value_has_its_default_and_is_named():
    record = parse_dmarc("v=DMARC1; p=rejekt; adkim=x; psd=maybe; t=1")

    assert record.policy is Policy.NONE
    assert not record.is_dkim_strict
    assert set(record.bad_tags) == {"p", "adkim", "psd", "t"}


def test_tags_of_the_former_standard_are_named():
    record = parse_dmarc("v=DMARC1; p=reject; pct=50; ri=3600; x=y")

    assert record.old_tags == ("pct", "ri")


@pytest.mark.parametrize(
    "tags, is_own, exists, policy",
    [
        ("p=reject; sp=none", True, True, Policy.REJECT),
        ("p=reject; sp=none", False, True, Policy.NONE),
        ("p=reject", False, True, Policy.REJECT),
        ("p=none; np=reject", False, False, Policy.REJECT),
        ("p=none; sp=quarantine", False, False, Policy.QUARANTINE),
        ("p=none; np=reject", False, True, Policy.NONE),
        ("p=reject; t=y", True, True, Policy.QUARANTINE),
        ("p=quarantine; t=y", True, True, Policy.NONE),
    ],
)
def test_policy_depends_on_whose_mail_it_is(tags, is_own, exists, policy):
    record = parse_dmarc(f"v=DMARC1; {tags}")

    assert record.policy_for(is_own, exists) is policy
