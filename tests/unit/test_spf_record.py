"""An SPF record, as it is written (RFC 7208)."""

import ipaddress

import pytest
from mgp_core.deliverability.spf_record import Result, is_spf, parse_spf


@pytest.mark.parametrize("text", ["v=spf1", "v=spf1 -all", "V=SPF1 mx"])
def test_record_is_known_by_its_version(text):
    assert is_spf(text)


@pytest.mark.parametrize("text", ["", "v=spf10 -all", "v=spf2.0/pra -all", "x v=spf1"])
def test_other_texts_are_none(text):
    assert not is_spf(text)


def test_mechanisms_keep_their_order_and_qualifiers():
    record = parse_spf("v=spf1 a ?MX:Other.Example/24//64 ~include:p.example. -all")

    a, mx, include, everything = record.mechanisms
    assert (a.name, a.result, a.domain) == ("a", Result.PASS, "")
    assert (mx.name, mx.result, mx.domain) == ("mx", Result.NEUTRAL, "other.example")
    assert (mx.prefix4, mx.prefix6) == (24, 64)
    assert (include.domain, include.result) == ("p.example", Result.SOFTFAIL)
    assert everything.name == "all"
    assert record.ending is Result.FAIL
    assert record.bad_terms == ()


def test_networks_are_read_for_both_kinds_of_address():
    record = parse_spf("v=spf1 ip4:192.0.2.7 ip4:192.0.2.77/24 ip6:2001:db8::1/32")

    assert [mechanism.network for mechanism in record.mechanisms] == [
        ipaddress.ip_network("192.0.2.7/32"),
        ipaddress.ip_network("192.0.2.0/24"),
        ipaddress.ip_network("2001:db8::/32"),
    ]


@pytest.mark.parametrize(
    "term",
    [
        "include",
        "include:",
        "ip4:2001:db8::1",
        "ip4:300.0.0.1",
        "ip6:192.0.2.1",
        "a/33",
        "a//129",
        "all:x",
        "exists",
        "allow",
        "redirect=",
        "include:a..b",
        "include:" + "x" * 64 + ".example",
    ],
)
def test_term_that_makes_the_record_void_is_named(term):
    bad = parse_spf(f"v=spf1 mx {term} -all").bad_terms

    assert bad
    assert bad[0] in term


def test_unknown_modifier_is_passed_over():
    record = parse_spf("v=spf1 color=blue redirect=_spf.p.example")

    assert record.bad_terms == ()
    assert record.redirect == "_spf.p.example"


def test_second_redirect_makes_the_record_void():
    assert parse_spf("v=spf1 redirect=a.example redirect=b.example").bad_terms


def test_record_without_end_is_read_to_a_limit():
    record = parse_spf("v=spf1 " + "ip4:192.0.2.1 " * 5000)

    assert len(record.mechanisms) == 200
    assert record.bad_terms == ("ip4:192.0.2.1",)


def test_macro_is_noted_and_not_taken_for_a_name():
    (mechanism,) = parse_spf("v=spf1 exists:%{i}._spf.p.example").mechanisms

    assert mechanism.has_macro
