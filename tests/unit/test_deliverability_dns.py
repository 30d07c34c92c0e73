"""What SPF and DMARC come to, asked of a real name server."""

import ipaddress
import time
from contextlib import contextmanager

import pytest
from mgp_core.deliverability.dmarc_walk import (
    discover_dmarc,
    is_aligned,
    walked_names,
)
from mgp_core.deliverability.lookups import Lookups
from mgp_core.deliverability.spf_record import Result
from mgp_core.deliverability.spf_walk import SpfFault, survey_spf
from mgp_core.discovery.names import AnswerState, DnsNames

from tests.rig.dns_server import DnsServer

HERE = ipaddress.ip_address("192.0.2.1")
HERE6 = ipaddress.ip_address("2001:db8::1")


def txt(name, *texts):
    """Return the TXT records of a name, for the name server."""
    return [(name, "TXT", f'"{text}"') for text in texts]


@contextmanager
def dns(*records, **limits):
    """Yield the lookups of a name server that has these records."""
    with DnsServer(*records) as server:
        lookups = Lookups(DnsNames(server.address), **limits)
        lookups.server = server
        yield lookups


def survey(*records, addresses=()):
    with dns(*records) as lookups:
        return survey_spf(lookups, "city.example", addresses)


# ------------------------------------------------------------------------------- SPF


def test_lookups_of_included_records_count_as_well():
    found = survey(
        *txt("city.example", "v=spf1 a mx include:p.example -all"),
        *txt("p.example", "v=spf1 include:q.example ip4:192.0.2.0/24 ~all"),
        *txt("q.example", "v=spf1 exists:there.example -all"),
        ("city.example", "A", "192.0.2.9"),
        ("city.example", "MX", "10 mx.city.example."),
        ("there.example", "A", "127.0.0.2"),
    )

    assert found.lookups == 5
    assert found.voids == 0
    assert found.included == {"p.example", "q.example"}
    assert found.faults == []


def test_terms_beyond_the_limit_are_counted_to_an_end():
    names = [f"s{number}.example" for number in range(11)]
    includes = " ".join(f"include:{name}" for name in names)

    found = survey(
        *txt("city.example", f"v=spf1 {includes} -all"),
        *[one for name in names for one in txt(name, f"v=spf1 {includes} -all")],
    )

    assert found.lookups == 40


def test_what_leads_back_to_itself_is_a_loop():
    found = survey(
        *txt("city.example", "v=spf1 include:p.example -all"),
        *txt("p.example", "v=spf1 redirect=city.example"),
    )

    assert found.about(SpfFault.LOOP) == ["city.example"]


def test_answers_that_are_empty_count_apart():
    found = survey(
        *txt(
            "city.example", "v=spf1 a:no.example mx:no.example include:no.example -all"
        )
    )

    assert found.voids == 3
    assert found.about(SpfFault.NO_RECORD) == ["no.example"]


def test_second_record_is_noticed():
    found = survey(*txt("city.example", "v=spf1 mx -all", "v=spf1 a -all", "hello"))

    assert found.about(SpfFault.MULTIPLE) == ["city.example"]
    assert len(found.texts) == 2
    assert found.record is None


def test_mx_term_of_too_many_hosts_is_noticed():
    found = survey(
        *txt("city.example", "v=spf1 mx -all"),
        *[("city.example", "MX", f"{n} mx{n}.city.example.") for n in range(11)],
    )

    assert found.about(SpfFault.MANY_MX) == ["city.example"]


@pytest.mark.parametrize(
    "term, result",
    [
        ("ip4:192.0.2.0/28", Result.PASS),
        ("ip4:192.0.3.0/24", Result.FAIL),
        ("a:host.example", Result.PASS),
        ("a:other.example/28", Result.PASS),
        ("a:other.example", Result.FAIL),
        ("mx", Result.PASS),
        ("include:p.example", Result.PASS),
        ("include:strict.example", Result.FAIL),
        ("?ip4:192.0.2.1", Result.NEUTRAL),
        ("exists:host.example", Result.PASS),
        ("ip6:2001:db8::/32", Result.FAIL),
    ],
)
def test_record_says_whether_an_address_may_send(term, result):
    found = survey(
        *txt("city.example", f"v=spf1 {term} -all"),
        *txt("p.example", "v=spf1 ip4:192.0.2.1 -all"),
        *txt("strict.example", "v=spf1 ip4:192.0.2.2 -all"),
        ("host.example", "A", "192.0.2.1"),
        ("other.example", "A", "192.0.2.14"),
        ("city.example", "MX", "10 host.example."),
        addresses=[HERE],
    )

    assert found.results == {HERE: result}


def test_both_kinds_of_address_are_looked_at():
    found = survey(
        *txt("city.example", "v=spf1 a ~all"),
        ("city.example", "AAAA", "2001:db8::1"),
        addresses=[HERE, HERE6],
    )

    assert found.results == {HERE: Result.SOFTFAIL, HERE6: Result.PASS}


def test_redirect_takes_the_place_of_a_record_without_an_end():
    found = survey(
        *txt("city.example", "v=spf1 redirect=p.example"),
        *txt("p.example", "v=spf1 ip4:192.0.2.1 -all"),
        addresses=[HERE],
    )

    assert found.results == {HERE: Result.PASS}
    assert found.lookups == 1


# ----------------------------------------------------------------------------- DMARC


def test_walk_skips_from_a_long_name_to_its_last_seven_labels():
    names = walked_names("a.b.c.d.e.f.g.h.i.j.example")

    assert names[0] == "a.b.c.d.e.f.g.h.i.j.example"
    assert names[1] == "e.f.g.h.i.j.example"
    assert names[-1] == "example"
    assert len(names) == 8


def test_record_of_the_domain_itself_holds():
    with dns(*txt("_dmarc.city.example", "v=DMARC1; p=reject")) as lookups:
        found = discover_dmarc(lookups, "city.example")

    assert found.policy_domain == found.organization == "city.example"
    assert not found.is_inherited


def test_record_of_the_organization_holds_for_what_is_below():
    with dns(*txt("_dmarc.city.example", "v=DMARC1; p=reject")) as lookups:
        found = discover_dmarc(lookups, "post.office.city.example")

    assert found.policy_domain == found.organization == "city.example"
    assert found.is_inherited


def test_organization_begins_below_a_public_suffix_that_says_so():
    with dns(
        *txt("_dmarc.gov.example", "v=DMARC1; p=reject; psd=y"),
    ) as lookups:
        found = discover_dmarc(lookups, "post.city.gov.example")

    assert found.organization == "city.gov.example"
    assert found.policy_domain == "gov.example"


def test_organization_ends_where_a_record_says_so():
    with dns(
        *txt("_dmarc.office.city.example", "v=DMARC1; p=none; psd=n"),
        *txt("_dmarc.city.example", "v=DMARC1; p=reject"),
    ) as lookups:
        found = discover_dmarc(lookups, "post.office.city.example")

    assert found.organization == "office.city.example"


def test_of_several_records_of_one_name_none_counts():
    with dns(
        *txt("_dmarc.post.city.example", "v=DMARC1; p=none", "v=DMARC1; p=reject"),
        *txt("_dmarc.city.example", "v=DMARC1; p=reject", "unrelated"),
    ) as lookups:
        found = discover_dmarc(lookups, "post.city.example")

    assert found.doubled == ("post.city.example",)
    assert found.policy_domain == "city.example"


def test_domains_of_one_organization_are_aligned_unless_strictly():
    with dns(*txt("_dmarc.city.example", "v=DMARC1; p=reject")) as lookups:
        assert is_aligned(lookups, "city.example", "bounce.city.example", False)
        assert not is_aligned(lookups, "city.example", "bounce.city.example", True)
        assert not is_aligned(lookups, "city.example", "provider.example", False)


def test_without_an_answer_alignment_is_open():
    with dns(seconds=0) as lookups:
        assert is_aligned(lookups, "city.example", "bounce.city.example", False) is None


# -------------------------------------------------------------------------- bounds


def test_name_server_that_does_not_answer_costs_no_more_than_the_budget():
    with dns() as lookups:
        lookups.server.stop()
        started = time.monotonic()
        lookups = Lookups(DnsNames(lookups.server.address), seconds=1)

        found = survey_spf(lookups, "city.example")

    assert time.monotonic() - started < 3
    assert found.about(SpfFault.UNREACHABLE) == ["city.example"]


def test_no_more_questions_are_asked_than_the_budget_has():
    names = [f"s{number}.example" for number in range(9)]
    includes = " ".join(f"include:{name}" for name in names)
    with dns(
        *txt("city.example", f"v=spf1 {includes} -all"),
        *[one for name in names for one in txt(name, "v=spf1 -all")],
        questions=4,
    ) as lookups:
        found = survey_spf(lookups, "city.example")

        assert len(lookups.server.asked) == 4
    assert len(found.about(SpfFault.UNREACHABLE)) == 6


def test_text_in_several_strings_is_one():
    with dns(("city.example", "TXT", '"v=spf1 ip4:192.0" ".2.1 -all"')) as lookups:
        assert lookups.texts("city.example").records == ("v=spf1 ip4:192.0.2.1 -all",)


def test_missing_record_and_missing_name_are_told_apart():
    with dns(("city.example", "A", "192.0.2.1")) as lookups:
        assert lookups.texts("city.example").state is AnswerState.NO_RECORD
        assert lookups.texts("no.example").state is AnswerState.NO_NAME
