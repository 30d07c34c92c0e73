"""Coming to a verdict: what speaks for the domain in From, and what it asks for."""

import pytest
from mgp_core.discovery.names import AnswerState
from mgp_core.trust.asking import QUESTIONS
from mgp_core.trust.judge import judge, judge_unasked
from mgp_core.trust.verdict import Level, Method, TrustSettings, Why

from tests.rig.dkim_keys import key_record
from tests.unit.trust_case import LETTER, Names, signed

PINNED = TrustSettings(authserv_ids=("mx.city.example",), asks_dns=True)
ASKING = TrustSettings(asks_dns=True, asks_policy=True)
AT_BORDER = TrustSettings(own_hops=1, asks_dns=True)
KEY = {"mail._domainkey.home.example": key_record()}
REJECT = {"_dmarc.home.example": "v=DMARC1; p=reject"}
VIA = (
    b"Return-Path: <bounce@home.example>\r\n"
    b"Received: from a (a [8.8.8.10]) by mx.city.example with ESMTP; now\r\n"
)


def said(text, sender=b"amina@home.example"):
    field = b"Authentication-Results: mx.city.example; " + text + b"\r\n"
    return field + LETTER.replace(b"amina@home.example", sender)


def verdict(raw, texts=None, settings=ASKING, silent=(), records=None, **options):
    names = Names(texts, records, silent)
    return judge(raw, settings, names.lookups(), **options)


# --------------------------------------------------------------- the server's own word


@pytest.mark.parametrize(
    ("text", "level", "domain"),
    [
        (b"dmarc=pass header.from=home.example", Level.VERIFIED, "home.example"),
        (b"dmarc=fail (p=REJECT) header.from=home.example", Level.FAILED, ""),
        (b"dmarc=fail action=none header.from=home.example", Level.UNVERIFIED, ""),
        (
            b"dmarc=fail (p=none dis=none) header.from=home.example",
            Level.UNVERIFIED,
            "",
        ),
        (b"dkim=pass header.d=home.example", Level.VERIFIED, "home.example"),
        (b"dkim=pass header.i=@home.example", Level.VERIFIED, "home.example"),
        (b"auth=pass smtp.auth=amina@home.example", Level.VERIFIED, "home.example"),
        (
            b"spf=pass smtp.mailfrom=home.example; dmarc=none header.from=home.example",
            Level.PLAUSIBLE,
            "home.example",
        ),
    ],
)
def test_pinned_server_is_believed_without_a_question(text, level, domain):
    found = judge_unasked(said(text), PINNED)
    assert (found.level, found.domain) == (level, domain)
    assert found.sender == "amina@home.example"
    assert found.checks


def test_what_is_proven_of_another_domain_does_not_speak_for_the_sender():
    raw = said(b"dkim=pass header.d=evil.test; spf=pass smtp.mailfrom=evil.test")
    settings = TrustSettings(authserv_ids=("mx.city.example",))
    assert judge_unasked(raw, settings).level is Level.UNVERIFIED


def test_result_about_another_sender_is_not_believed():
    raw = said(b"dmarc=pass header.from=evil.test")
    assert not judge(raw, PINNED, Names().lookups()).is_authentic


def test_server_alone_is_plausible_where_nobody_asks_the_dns():
    settings = TrustSettings(authserv_ids=("mx.city.example",))
    raw = said(b"spf=pass smtp.mailfrom=bounce@home.example")
    assert judge_unasked(raw, settings).level is Level.PLAUSIBLE


def test_signature_of_a_sister_domain_needs_the_dns():
    raw = said(b"dkim=pass header.d=post.home.example")
    assert judge_unasked(raw, PINNED) is None
    assert verdict(raw, settings=PINNED).level is Level.UNVERIFIED
    found = verdict(raw, REJECT, PINNED)
    assert (found.level, found.domain) == (Level.VERIFIED, "post.home.example")


# ------------------------------------------------------------------------ our own word


def test_nothing_is_asked_where_there_is_nothing_to_check():
    found = judge_unasked(LETTER, TrustSettings(asks_dns=True))
    assert found.level is Level.UNVERIFIED
    assert [check.why for check in found.checks] == [Why.NOTHING]


def test_nothing_is_checked_without_any_source():
    found = judge_unasked(signed(), TrustSettings())
    assert found.level is Level.UNVERIFIED
    assert [check.why for check in found.checks] == [Why.NOT_CHECKED]


def test_own_signature_verifies():
    found = verdict(signed(), {**KEY, **REJECT})
    assert (found.level, found.domain) == (Level.VERIFIED, "home.example")
    assert not found.is_temporary


def test_signature_verifies_without_a_policy():
    assert verdict(signed(), KEY).level is Level.VERIFIED


def test_forged_sender_of_a_strict_domain_failed():
    assert verdict(LETTER, REJECT).level is Level.FAILED
    assert verdict(signed(domain="evil.test"), REJECT).level is Level.FAILED


@pytest.mark.parametrize(
    "record",
    ["v=DMARC1; p=none", "v=DMARC1; p=quarantine; t=y", "v=DMARC1; p=wrong"],
)
def test_lenient_domain_fails_nobody(record):
    found = verdict(LETTER, {"_dmarc.home.example": record})
    assert found.level is Level.UNVERIFIED
    assert found.checks[-1].why is Why.POLICY_LENIENT


def test_silent_dns_is_not_known_now():
    """Never a false failure: the key, or the policy, may be there after all."""
    texts = {**KEY, **REJECT}
    for silent in KEY, REJECT:
        raw = signed() if silent is KEY else LETTER
        found = verdict(raw, texts, silent=silent)
        assert (found.level, found.is_temporary) == (Level.UNVERIFIED, True)


def test_own_signature_needs_no_policy():
    found = verdict(signed(), KEY, silent=REJECT)
    assert (found.level, found.is_temporary) == (Level.VERIFIED, False)


def test_address_that_the_domain_names_is_plausible():
    texts = {"home.example": "v=spf1 ip4:8.8.8.0/24 -all"}
    found = verdict(VIA + LETTER, texts, AT_BORDER)
    assert (found.level, found.domain) == (Level.PLAUSIBLE, "home.example")
    assert verdict(VIA + LETTER, {**texts, **REJECT}, AT_BORDER).level is Level.VERIFIED


def test_address_is_not_taken_from_a_line_of_the_sender():
    texts = {"home.example": "v=spf1 ip4:8.8.8.0/24 -all", **REJECT}
    forged = VIA.replace(b"8.8.8.10", b"9.9.9.9") + VIA + LETTER
    assert verdict(forged, texts, AT_BORDER).level is Level.FAILED


@pytest.mark.parametrize("said_by", [b"10.0.0.1", b"8.8.8.10] [8.8.4.4", b"nobody"])
def test_unclear_address_is_not_checked(said_by):
    raw = VIA.replace(b"8.8.8.10", said_by) + LETTER
    settings = TrustSettings(own_hops=1, asks_dns=True, asks_policy=True)
    found = verdict(raw, {"home.example": "v=spf1 +all"}, settings)
    assert Why.UNCLEAR_HOP in [c.why for c in found.checks if c.method is Method.SPF]
    assert not found.is_authentic


def test_excerpt_is_not_held_against_its_signature():
    found = verdict(signed(), KEY, is_whole=False)
    assert found.level is Level.UNVERIFIED
    assert Why.INCOMPLETE in [check.why for check in found.checks]


def test_several_senders_are_not_verified():
    raw = b"From: mayor@city.example\r\n" + signed()
    assert judge_unasked(raw, ASKING).level is Level.UNVERIFIED


# ---------------------------------------------------------------------------- policies


def test_signature_of_a_domain_above_speaks_for_those_below():
    raw = LETTER.replace(b"@home.example", b"@post.home.example")
    assert verdict(signed(raw), KEY).level is Level.VERIFIED


def test_strict_alignment_is_the_domains_wish():
    raw = LETTER.replace(b"@home.example", b"@post.home.example")
    strict = {"_dmarc.home.example": "v=DMARC1; p=reject; adkim=s"}
    assert verdict(signed(raw), {**KEY, **strict}).level is Level.FAILED


def test_sister_domains_of_a_public_suffix_do_not_speak_for_each_other():
    """RFC 9989 section 4.10: psd=y says that those below are strangers."""
    raw = LETTER.replace(b"@home.example", b"@a.host.test")
    texts = {
        "mail._domainkey.b.host.test": key_record(),
        "_dmarc.host.test": "v=DMARC1; p=reject; psd=y",
    }
    assert verdict(signed(raw, "b.host.test"), texts).level is Level.FAILED


# ------------------------------------------------------------------------------ bounds


def test_message_cannot_ask_without_end():
    names = Names()
    lookups = names.lookups()
    states = {lookups.texts(f"{number}.test").state for number in range(1000)}
    assert AnswerState.FAILED in states
    assert len(names.asked) == QUESTIONS


def test_hostile_message_costs_few_questions():
    raw = LETTER.replace(b"@home.example", b"@" + b"a." * 60 + b"home.example")
    for number in range(30):
        raw = signed(LETTER, domain=f"n{number}.home.example")[: -len(LETTER)] + raw
    names = Names()
    judge(raw, ASKING, names.lookups())
    assert len(names.asked) <= 13
