"""Checking DKIM signatures ourselves (RFC 6376)."""

import re
import time

import pytest
from mgp_core.trust import signatures
from mgp_core.trust.signatures import check_signatures
from mgp_core.trust.verdict import Why

from tests.rig.dkim_keys import key_record
from tests.unit.trust_case import LETTER, Names, signed

KEY_NAME = "mail._domainkey.home.example"
DNS = {KEY_NAME: key_record()}


def check(raw, texts=DNS, domain="home.example", now=None, silent=()):
    values = re.findall(rb"^DKIM-Signature: (.*(?:\n[ \t].*)*)", raw, re.MULTILINE)
    values = [re.sub(r"\s+", " ", value.decode()) for value in values]
    names = Names(texts, silent=silent)
    checks = check_signatures(raw, values, domain, names.lookups(), now)
    return checks, names


def whys(raw, **options):
    return [one.why for one in check(raw, **options)[0]]


def test_good_signature_passes():
    (found,), _names = check(signed())
    assert (found.why, found.domain, found.detail) == (
        Why.PASSED,
        "home.example",
        "mail",
    )


def test_changed_body_or_sender_does_not_pass():
    raw = signed()
    assert whys(raw.replace(b"dark", b"light")) == [Why.BAD_SIGNATURE]
    assert whys(raw.replace(b"amina@", b"mayor@")) == [Why.BAD_SIGNATURE]


def test_second_from_does_not_pass():
    assert whys(b"From: mayor@home.example\r\n" + signed()) == [Why.BAD_SIGNATURE]


def test_unsigned_message():
    assert whys(LETTER) == [Why.NOTHING]


def test_signature_of_somebody_else_is_not_even_looked_up():
    checks, names = check(signed(domain="evil.test"))
    assert [one.why for one in checks] == [Why.OTHER_DOMAIN]
    assert names.asked == []


def test_partial_body_is_not_trusted():
    raw = signed(length=True)
    assert b"l=" in raw
    assert whys(raw) == [Why.PARTIAL_BODY]


def test_sender_has_to_be_signed():
    raw = signed()
    unsigned = re.sub(rb"h=[^;]*;", b"h=subject : to;", raw)
    assert whys(unsigned) == [Why.FROM_UNSIGNED]


def test_sha1_is_not_trusted():
    assert whys(signed(signature_algorithm=b"rsa-sha1")) == [Why.OLD_ALGORITHM]


def test_expired_signature_is_not_trusted():
    raw = signed().replace(b"q=dns/txt;", b"q=dns/txt; x=1000000;", 1)
    assert whys(raw) == [Why.EXPIRED]


def test_clocks_may_differ_but_not_by_much():
    assert whys(signed(), now=time.time() - 60) == [Why.PASSED]
    assert whys(signed(), now=time.time() - 3600) == [Why.FROM_THE_FUTURE]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("", Why.NO_KEY),
        ("v=spf1 -all", Why.NO_KEY),
        ("v=DKIM1; p=", Why.REVOKED),
        (key_record(flags="t=y; "), Why.TESTING),
        ("v=DKIM1; p=AAAA", Why.BAD_SIGNATURE),
        ("v=DKIM1; p=" + "A" * 3000, Why.HUGE_KEY),
        ("v=DKIM1; p=" + "A" * 60_000, Why.HUGE_KEY),
        ("p=1; p=2", Why.BROKEN),
        (key_record(512 * 4), Why.BAD_SIGNATURE),
    ],
)
def test_unfit_key_does_not_pass(record, why):
    assert whys(signed(), texts={KEY_NAME: [record] if record else []}) == [why]


def test_weak_key_does_not_pass(monkeypatch):
    monkeypatch.setattr(signatures, "MIN_KEY", 2048)
    assert whys(signed()) == [Why.WEAK_KEY]


def test_key_bound_to_its_domain_takes_no_identity_below():
    raw = signed(identity=b"amina@post.home.example")
    strict = {KEY_NAME: key_record(flags="t=s; ")}
    assert whys(raw) == [Why.PASSED]
    assert whys(raw, texts=strict) == [Why.BAD_SIGNATURE]


def test_silent_dns_is_no_failure():
    assert whys(signed(), silent=[KEY_NAME]) == [Why.NOT_NOW]


def test_a_hundred_signatures_cost_five_and_hide_none():
    raw = signed()
    for _copy in range(99):
        raw = signed(LETTER, domain="x.home.example")[: -len(LETTER)] + raw
    checks, names = check(raw)
    assert Why.PASSED in [one.why for one in checks]
    assert checks[-1].why is Why.TOO_MANY
    assert len(names.asked) <= 5


def test_huge_message_is_not_checked(monkeypatch):
    monkeypatch.setattr(signatures, "MAX_BYTES", 100)
    assert whys(signed()) == [Why.TOO_LARGE]


def test_missing_library_is_told(monkeypatch):
    monkeypatch.setattr(signatures, "dkim", None)
    assert whys(signed()) == [Why.NO_LIBRARY]


@pytest.mark.parametrize(
    "value",
    [
        b"v=1",
        b";;;",
        b"v=1; a=rsa-sha256; d=home.example; s=mail; h=from; bh=x; b=\xff",
        b"v=1; a=rsa-sha256; d=home.example; s=" + b"s" * 5000 + b"; h=from; b=AAAA",
        b"v=1; a=rsa-sha256; d=home.example; s=mail; h=from; bh=AAAA; b=AAAA; c=x/y",
    ],
)
def test_hostile_signature_does_not_raise(value):
    raw = b"DKIM-Signature: " + value + b"\r\n" + LETTER
    checks, _names = check_raw(raw, value)
    assert Why.PASSED not in [one.why for one in checks]


def check_raw(raw, value):
    names = Names(DNS)
    text = value.decode("utf-8", "surrogateescape")
    return check_signatures(raw, [text], "home.example", names.lookups()), names
