"""Evaluating SPF records within RFC 7208's limits."""

import ipaddress

import pytest
from mgp_core.trust.asking import NoAnswerNow
from mgp_core.trust.spf import BrokenRecord, evaluate_spf

from tests.unit.trust_case import Names

IN = ipaddress.ip_address("192.0.2.10")
OUT = ipaddress.ip_address("198.51.100.1")
SIX = ipaddress.ip_address("2001:db8::10")


def spf(texts, address=IN, records=None, sender="amina@home.example", silent=()):
    if isinstance(texts, str):
        texts = {"home.example": texts}
    names = Names(texts, records, silent)
    try:
        return evaluate_spf(address, sender, names.lookups()).value, names
    except BrokenRecord:
        return "permerror", names


def result(*arguments, **options):
    return spf(*arguments, **options)[0]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", "pass"),
        ("v=spf1 ip4:198.51.100.0/24 -all", "fail"),
        ("v=spf1 ip4:198.51.100.0/24 ~all", "softfail"),
        ("v=spf1 ?all", "neutral"),
        ("v=spf1 ip4:198.51.100.0/24", "neutral"),
        ("V=SPF1 +IP4:192.0.2.10", "pass"),
        ("v=spf1 unknown:x -all", "permerror"),
        ("v=spf1 ip4:999.0.2.0/24 -all", "permerror"),
        ("v=spf1 ip4:192.0.2.0/99 -all", "permerror"),
        ("v=spf1 ip6:2001:db8::/32 -all", "fail"),
        ("v=spf1 exp=explain.home.example -all", "fail"),
        ("v=spf10 +all", "none"),
        ("text", "none"),
        ([], "none"),
        (["v=spf1 +all", "v=spf1 -all"], "permerror"),
    ],
)
def test_record(record, expected):
    assert result({"home.example": record}) == expected


def test_ip6():
    assert result("v=spf1 ip6:2001:db8::/32 -all", SIX) == "pass"
    assert result("v=spf1 ip4:192.0.2.0/24 -all", SIX) == "fail"


def test_hosts():
    records = {
        ("home.example", "A"): ["192.0.2.9"],
        ("home.example", "MX"): ["mx.home.example"],
        ("mx.home.example", "A"): ["192.0.2.10"],
    }
    assert result("v=spf1 a -all", records=records) == "fail"
    assert result("v=spf1 a/24 -all", records=records) == "pass"
    assert result("v=spf1 mx -all", records=records) == "pass"
    assert result("v=spf1 a:mx.home.example//64 -all", records=records) == "pass"


def test_include_counts_only_what_passes():
    texts = {
        "home.example": "v=spf1 include:a.test include:b.test -all",
        "a.test": "v=spf1 -all",
        "b.test": "v=spf1 ip4:192.0.2.0/24 -all",
    }
    assert result(texts) == "pass"
    assert result(texts, OUT) == "fail"
    assert result("v=spf1 include:nowhere.test -all") == "permerror"


def test_redirect_is_for_what_nothing_matched():
    texts = {
        "home.example": "v=spf1 redirect=b.test",
        "b.test": "v=spf1 ip4:192.0.2.10",
    }
    assert result(texts) == "pass"
    assert result("v=spf1 redirect=nowhere.test") == "permerror"


def test_macros():
    texts = {"home.example": "v=spf1 exists:%{ir}.%{l1r-}.%{d2}.list.test -all"}
    name = "10.2.0.192.amina.home.example.list.test"
    records = {(name, "A"): ["127.0.0.2"]}
    assert result(texts, records=records) == "pass"
    assert result({"home.example": "v=spf1 exists:%{x}.test -all"}) == "permerror"


def test_loop_ends_at_ten_lookups():
    found, names = spf("v=spf1 include:home.example -all")
    assert found == "permerror"
    assert len(names.asked) <= 11


def test_wide_record_ends_at_ten_lookups():
    hosts = " ".join(f"a:h{n}.test" for n in range(50))
    records = {(f"h{n}.test", "A"): ["198.51.100.7"] for n in range(50)}
    found, names = spf(f"v=spf1 {hosts} -all", records=records)
    assert found == "permerror"
    assert len(names.asked) <= 21


def test_empty_answers_end_it():
    found, names = spf("v=spf1 a:1.test a:2.test a:3.test a:4.test +all")
    assert found == "permerror"
    # A host is asked for both kinds of address.
    assert len(names.asked) == 7


def test_eleven_mail_hosts_are_too_many():
    records = {("home.example", "MX"): [f"mx{n}.test" for n in range(11)]}
    assert result("v=spf1 mx -all", records=records) == "permerror"


def test_silent_dns_is_no_failure():
    with pytest.raises(NoAnswerNow):
        spf("v=spf1 a -all", silent=["home.example"])


@pytest.mark.parametrize("sender", ["", "amina", "a@b@[192.0.2.1]", "a@-x-"])
def test_sender_without_a_domain(sender):
    assert result("v=spf1 -all", sender=sender) == "none"
