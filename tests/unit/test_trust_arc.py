"""Forwarders that vouch for what they had found out of a sender (RFC 8617)."""

import re

import pytest
from mgp_core.trust import arc, signatures
from mgp_core.trust.judge import judge, judge_unasked
from mgp_core.trust.verdict import Level, Method, TrustSettings, Why

from tests.rig.arc_seals import sealed
from tests.rig.dkim_keys import key_record
from tests.unit.trust_case import LETTER, Names

PASSED = "dmarc=pass header.from=home.example"
LIST, OFFICE = "lists.example", "office.example"
PINNED = TrustSettings(arc_sealers=(LIST, OFFICE), asks_dns=True, asks_policy=True)
DNS = {
    "_dmarc.home.example": "v=DMARC1; p=reject",
    **{f"mail._domainkey.{name}": key_record() for name in (LIST, OFFICE, "evil.test")},
}


def verdict(raw, settings=PINNED, texts=DNS, silent=()):
    return judge(raw, settings, Names(texts, silent=silent).lookups())


def told(found):
    return next(check.why for check in found.checks if check.method is Method.ARC)


def test_pinned_list_vouches_for_the_sender_that_it_had_found_genuine():
    found = verdict(sealed(LETTER, LIST, PASSED))
    assert (found.level, found.domain) == (Level.VERIFIED, "home.example")
    [check] = [each for each in found.checks if each.method is Method.ARC]
    assert (check.why, check.domain, check.detail) == (Why.SEALED, LIST, "dmarc=pass")


def test_signature_that_the_list_had_checked_counts_as_one():
    found = verdict(sealed(LETTER, LIST, "dkim=pass header.d=home.example"))
    assert found.level is Level.VERIFIED


@pytest.mark.parametrize("pinned", [(), (OFFICE,)])
def test_seal_of_anybody_else_is_worth_nothing_and_costs_no_question(pinned):
    settings = TrustSettings(arc_sealers=pinned, asks_dns=True, asks_policy=True)
    names = Names(DNS)
    found = judge(sealed(LETTER, LIST, PASSED), settings, names.lookups())
    assert found.level is Level.FAILED
    assert not [name for name, _kind in names.asked if name.endswith(LIST)]


def test_list_that_had_found_nothing_vouches_for_nobody():
    for results in (
        "dmarc=fail header.from=home.example",
        "dmarc=pass header.from=evil.test",
        "dmarc=pass",
        "spf=pass smtp.mailfrom=evil.test",
        "auth=pass smtp.auth=amina@home.example",
    ):
        found = verdict(sealed(LETTER, LIST, results))
        assert (found.level, told(found)) == (Level.FAILED, Why.SEALED), results


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b"amina@", b"mayor@"),
        lambda raw: raw.replace(b"It has been dark", b"Send money"),
        lambda raw: raw.replace(b"dmarc=pass", b"dmarc=none"),
        lambda raw: re.sub(rb"(?s)ARC-Message-Signature:.*?\r\n(?=[^ \t])", b"", raw),
        lambda raw: raw.replace(b"i=1;", b"i=2;"),
    ],
)
def test_what_was_changed_afterwards_is_not_vouched_for(change):
    raw = sealed(LETTER, LIST, PASSED)
    assert change(raw) != raw
    assert not verdict(change(raw)).is_authentic


def test_signature_that_leaves_the_sender_out_is_no_voucher(monkeypatch):
    monkeypatch.setattr(arc, "_SIGNATURE", b"x-none")
    assert told(verdict(sealed(LETTER, LIST, PASSED))) is Why.BAD_SIGNATURE


def test_chain_of_pinned_forwarders_goes_back_to_the_first():
    raw = sealed(sealed(LETTER, LIST, PASSED), OFFICE, "dmarc=fail", before="pass")
    found = verdict(raw)
    assert found.level is Level.VERIFIED
    assert found.checks[-1].domain == LIST


def test_what_came_by_a_stranger_in_between_is_the_strangers_word():
    """Who seals later may have changed all that was sealed before."""
    raw = sealed(LETTER, LIST, PASSED)
    raw = sealed(raw, "evil.test", PASSED, before="pass")
    assert verdict(raw).level is Level.FAILED

    raw = sealed(raw, OFFICE, "dmarc=fail header.from=home.example", before="pass")
    found = verdict(raw)
    assert (found.level, told(found)) == (Level.FAILED, Why.SEALED)
    arc_check = next(each for each in found.checks if each.method is Method.ARC)
    assert arc_check.domain == OFFICE


def test_own_server_that_says_forged_is_heard_where_no_seal_speaks_against_it():
    own = b"Authentication-Results: mx.city.example; dmarc=fail (p=reject)\r\n"
    settings = TrustSettings(
        authserv_ids=("mx.city.example",), arc_sealers=(LIST,), asks_dns=True
    )
    assert judge_unasked(own + LETTER, settings).level is Level.FAILED
    assert verdict(own + sealed(LETTER, LIST, PASSED), settings).is_authentic
    broken = own + sealed(LETTER, LIST, PASSED).replace(b"dark", b"light")
    assert verdict(broken, settings).level is Level.FAILED


def test_silent_dns_is_asked_again():
    raw = sealed(LETTER, LIST, PASSED)
    found = verdict(raw, silent=[f"mail._domainkey.{LIST}"])
    assert (told(found), found.is_temporary) == (Why.NOT_NOW, True)
    assert not found.is_authentic


def test_weak_or_missing_key_seals_nothing(monkeypatch):
    raw = sealed(LETTER, LIST, PASSED)
    without = {name: text for name, text in DNS.items() if LIST not in name}
    assert told(verdict(raw, texts=without)) is Why.BAD_SIGNATURE
    monkeypatch.setattr(arc, "MIN_KEY", 2048)
    assert told(verdict(raw)) is Why.BAD_SIGNATURE


def test_many_seals_are_not_looked_at():
    raw = sealed(LETTER, LIST, PASSED)
    seal = re.search(rb"(?s)ARC-Seal:.*?\r\n(?=[^ \t])", raw)[0]
    many = b"".join(seal.replace(b"i=1;", b"i=%d;" % n) for n in range(2, 40))
    names = Names(DNS)
    assert judge(many + raw, PINNED, names.lookups()).level is Level.FAILED
    assert len(names.asked) < 10


@pytest.mark.parametrize(
    "seal",
    [b"", b";;;", b"i=1", b"i=9999999999; d=lists.example", b"i=1; d=\xff\xfe; b=*"],
)
def test_hostile_seal_does_not_raise(seal):
    assert not verdict(b"ARC-Seal: " + seal + b"\r\n" + LETTER).is_authentic


def test_missing_library_leaves_the_rest_as_it_is(monkeypatch):
    monkeypatch.setattr(arc, "dkim", None)
    monkeypatch.setattr(signatures, "dkim", None)
    assert verdict(sealed(LETTER, LIST, PASSED)).level is Level.FAILED
