"""Reading Authentication-Results, and whom to believe about them (RFC 8601)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mgp_core.trust.claim import read_claim, seen_results
from mgp_core.trust.judge import judge_unasked
from mgp_core.trust.results import read_results
from mgp_core.trust.verdict import TrustSettings

PINNED = TrustSettings(authserv_ids=("mx.city.example",))


def claim_of(*fields, settings=PINNED):
    raw = "\r\n".join([*fields, "", "text"]).encode()
    return read_claim(raw, settings)


def methods(claim):
    return [(result.method, result.value) for result in claim.results]


def test_gmails_field():
    authserv_id, results = read_results(
        "mx.google.com; dkim=pass header.i=@home.example header.s=mail header.b=Xy; "
        "spf=pass (google.com: domain of a@home.example designates 192.0.2.1 as "
        "permitted sender) smtp.mailfrom=a@home.example; "
        "dmarc=fail (p=NONE sp=NONE dis=NONE) header.from=home.example"
    )
    assert authserv_id == "mx.google.com"
    dkim, spf, dmarc = results
    assert (dkim.value, dkim.properties["header.i"]) == ("pass", "@home.example")
    assert spf.properties == {"smtp.mailfrom": "a@home.example"}
    assert (dmarc.value, dmarc.policy) == ("fail", "none")


def test_microsofts_field_has_no_id():
    authserv_id, results = read_results(
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=home.example; dkim=none "
        "(message not signed) header.d=none;dmarc=pass action=none "
        "header.from=home.example;compauth=pass reason=100"
    )
    assert authserv_id == ""
    assert [r.method for r in results] == ["spf", "dkim", "dmarc", "compauth"]
    assert results[2].properties["header.from"] == "home.example"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mx.city.example 1; none", []),
        ("mx.city.example; spf=fail (a; dkim=pass (b) header.d=c) x.y=z", ["spf"]),
        ('mx.city.example; spf=fail reason="a; dmarc=pass"', ["spf"]),
        (r"mx.city.example; spf=fail (\); dmarc=pass", ["spf"]),
        ("mx.city.example; dkim/1 = pass header . d = c.example", ["dkim"]),
        ("", []),
        (";;;=;", []),
        ("mx.city.example; " + "spf=pass;" * 10_000, ["spf"] * 50),
    ],
)
def test_what_is_in_a_comment_or_in_quotes_is_no_result(text, expected):
    assert [result.method for result in read_results(text)[1]] == expected


def test_result_of_the_pinned_server_is_believed():
    claim = claim_of(
        "Authentication-Results: MX.City.Example; dmarc=pass header.from=home.example",
        "Received: from out.home.example ([192.0.2.1]) by mx.city.example; now",
        "From: amina@home.example",
    )
    assert methods(claim) == [("dmarc", "pass")]


def test_result_of_another_server_is_not_believed():
    claim = claim_of(
        "Received: from out.home.example ([192.0.2.1]) by mx.city.example; now",
        "Authentication-Results: mx.evil.example; dmarc=pass header.from=home.example",
        "From: amina@home.example",
    )
    assert methods(claim) == []


def test_nobody_is_believed_where_nobody_is_pinned():
    claim = claim_of(
        "Authentication-Results: ; dmarc=pass",
        "Authentication-Results: mx.city.example; dmarc=pass",
        settings=TrustSettings(),
    )
    assert methods(claim) == []


def test_forged_field_below_the_senders_first_line_is_not_believed():
    """The classic trap: the sender writes the pinned name on its own message."""
    claim = claim_of(
        "Received: from out.evil.example ([192.0.2.6]) by mx.city.example; now",
        "Received: from nobody by out.evil.example; before",
        "Authentication-Results: mx.city.example; dmarc=pass header.from=city.example",
        "From: mayor@city.example",
        settings=TrustSettings(("mx.city.example",), own_hops=1),
    )
    assert methods(claim) == []


def test_forged_field_right_below_the_real_one_is_not_believed():
    claim = claim_of(
        "Received: from out.evil.example ([192.0.2.6]) by mx.city.example; now",
        "Authentication-Results: mx.city.example; spf=fail smtp.mailfrom=evil.example;",
        " dmarc=fail header.from=city.example",
        "Authentication-Results: mx.city.example; dmarc=pass header.from=city.example",
        "From: mayor@city.example",
    )
    assert methods(claim) == [("spf", "fail"), ("dmarc", "fail")]


def test_block_ends_at_the_senders_own_fields():
    claim = claim_of(
        "Authentication-Results: mx.city.example; spf=fail smtp.mailfrom=evil.example",
        "Subject: hello",
        "Authentication-Results: mx.city.example; dkim=pass header.d=city.example",
        "From: mayor@city.example",
    )
    assert methods(claim) == [("spf", "fail")]


def test_several_filters_of_one_server_are_one_block():
    claim = claim_of(
        "Received: from a ([192.0.2.1]) by mx.city.example; now",
        "Authentication-Results: mx.city.example; dmarc=pass header.from=home.example",
        "DKIM-Filter: OpenDKIM Filter v2.11.0 mx.city.example",
        "Authentication-Results: mx.city.example; dkim=pass header.d=home.example",
        "Received-SPF: Pass",
        "Authentication-Results: mx.city.example; spf=pass smtp.mailfrom=home.example",
        "From: amina@home.example",
    )
    assert [method for method, _ in methods(claim)] == ["dmarc", "dkim", "spf"]


def test_field_without_an_id_is_the_host_s_above_it():
    fields = [
        "Received: from x (2001:db8::1) by AB1.prod.outlook.example with HTTPS; now",
        "Authentication-Results: dmarc=pass action=none header.from=home.example",
        "From: amina@home.example",
    ]
    pinned = TrustSettings(authserv_ids=("*.prod.outlook.example",))
    assert methods(claim_of(*fields, settings=pinned)) == [("dmarc", "pass")]
    assert methods(claim_of(*fields)) == []


def test_message_that_came_another_way_is_not_believed():
    settings = TrustSettings(("mx.city.example",), 1, ("mx.city.example",))
    claim = claim_of(
        "Received: from a ([192.0.2.1]) by backup.city.example; now",
        "Authentication-Results: mx.city.example; dmarc=pass header.from=home.example",
        "From: amina@home.example",
        settings=settings,
    )
    assert methods(claim) == []
    assert claim.border is None


def test_border_is_the_last_of_our_own_lines():
    claim = claim_of(
        "Return-Path: <Amina@Home.Example>",
        "Received: from mx.city.example ([10.0.0.1]) by store.city.example; now",
        "Received: from out.home.example (out.home.example [192.0.2.1])",
        "\tby mx.city.example (Postfix) with ESMTPS id 1; now",
        "Received: from [10.1.1.1] ([198.51.100.9]) by mx.city.example; forged",
        "From: amina@home.example",
        settings=TrustSettings(own_hops=2),
    )
    assert claim.border.by == "mx.city.example"
    assert list(map(str, claim.border.addresses)) == ["192.0.2.1"]
    assert claim.return_path == "amina@home.example"


def test_return_path_below_our_own_lines_is_the_senders_word():
    claim = claim_of(
        "Received: from a ([192.0.2.1]) by mx.city.example; now",
        "Return-Path: <mayor@city.example>",
        "From: mayor@city.example",
        settings=TrustSettings(own_hops=1),
    )
    assert claim.return_path is None


@pytest.mark.parametrize(
    "sender",
    [
        ["From: mayor@city.example, evil@evil.example"],
        ["From: mayor@city.example", "From: evil@evil.example"],
        ["From: evil@evil.example", "X: 1", "FROM: mayor@city.example"],
    ],
)
def test_several_senders_are_none(sender):
    claim = claim_of(*sender)
    assert len(claim.senders) == 2
    assert claim.sender == ""


@pytest.mark.parametrize(
    "sender",
    ["", "From:", "From: undisclosed", "From: <>", "From: a@[192.0.2.1]", "From: a@b"],
)
def test_no_domain_to_speak_for_the_sender(sender):
    assert claim_of(sender or "X: 1").domain == ""


def test_message_that_passed_fewer_servers_than_it_should():
    settings = TrustSettings(("mx.city.example",), own_hops=3)
    claim = claim_of(
        "Return-Path: <a@home.example>",
        "Received: from a ([192.0.2.1]) by mx.city.example; now",
        "From: amina@home.example",
        settings=settings,
    )
    assert claim.border is None


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                b"Received: from a ([192.0.2.1]) by mx.city.example; now",
                b"Received:",
                b"Authentication-Results: mx.city.example; dkim=pass header.d=b.test",
                b"Authentication-Results:",
                b"Return-Path: <>",
                b"DKIM-Signature: v=1; d=b.test",
                b"From: amina@home.example",
                b"",
            ]
        ),
        st.binary(max_size=60),
    ),
    max_size=12,
)


@given(LINES, st.integers(0, 4), st.booleans())
def test_no_message_makes_it_raise(lines, hops, asks):
    raw = b"\r\n".join(lines)
    settings = TrustSettings(("mx.city.example",), hops, ("*",), asks, asks)
    judge_unasked(raw, settings)
    results, seals = seen_results(raw)
    assert len(results) + len(seals) < 2000


@given(st.text(max_size=200))
def test_no_field_makes_it_raise(text):
    read_results(text)


def test_thousands_of_fields_are_not_read():
    claim = claim_of(*(["X: 1"] * 5000), "From: amina@home.example")
    assert claim.senders == ()
