"""What a message names its record by, and how little of it anybody can make up."""

import pytest
from mgp_core.policy.loops import Excess, Limits
from mgp_core.policy.references import (
    plain_references,
    provider_names,
    read_tag,
    short_signature,
    signed_references,
    tracked_records,
    with_signed_reference,
    with_tag,
    without_tags,
)

SIGNATURE = short_signature("0123456789abcdef" * 4, 10)


def test_a_tag_is_read_as_it_was_written():
    address = with_tag("info@city.example", 412, 70_000, SIGNATURE)

    tag = read_tag(address.upper())

    assert tag.address == "info@city.example"
    assert (tag.model_id, tag.record_id, tag.signature) == (412, 70_000, SIGNATURE)
    assert len(address.partition("@")[0]) <= 64, "RFC 5321 section 4.5.3.1.1"


@pytest.mark.parametrize(
    "address",
    [
        "info@city.example",
        "info+news@city.example",
        "info+r1-2@city.example",
        "info+r1-2-short@city.example",
        f"info+rzzzzzzzzzz-1-{SIGNATURE}@city.example",
        "",
    ],
)
def test_other_details_are_no_tags(address):
    assert read_tag(address) is None


def test_signatures_differ_and_can_be_typed():
    other = short_signature("1123456789abcdef" + "0" * 48, 10)
    assert other != SIGNATURE
    assert SIGNATURE.isalnum() and SIGNATURE.islower()


def test_odoo_is_given_the_addresses_without_tags():
    tagged = with_tag("info@city.example", 4, 7, SIGNATURE)
    values = without_tags(
        {
            "to": f'"City, Office" <{tagged}>,bo@home.example',
            "recipients": tagged,
            "to_filtered": f'"City, Office" <{tagged}>,"Bo, B" <bo@home.example>',
            "cc": "info+news@city.example",
        }
    )
    assert values["to"] == '"City, Office" <info@city.example>,bo@home.example'
    assert values["recipients"] == "info@city.example"
    assert values["to_filtered"] == '"Bo, B" <bo@home.example>'
    assert values["cc"] == "info+news@city.example"


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        ("Re: [GRV/2026/00012] street", ["GRV/2026/00012"]),
        ("about S00017, please", ["S00017"]),
        ("GRV/2026/00012 and GRV/2026/00012", ["GRV/2026/00012"]),
        ("T-17: lamp", ["T-17"]),
        ("No. 4", []),
        ("Covid19 and B12", []),
        ("https://x.example/GRV/2026/00012", []),
        ("2026-11-02", []),
    ],
)
def test_numbers_that_a_subject_may_name(subject, found):
    assert plain_references(subject) == found


def test_signed_numbers():
    assert signed_references("Re: [GRV/2026/00012-k7f3xa]") == [
        ("GRV/2026/00012", "k7f3xa")
    ]
    assert signed_references("a follow-street") == []


def test_hostile_subjects_cost_nothing():
    for text in ("A/" * 500, "a1-" * 330, "GRV" * 333, "[" * 1000, "a/1" * 300 + "-"):
        plain_references(text)
        signed_references(text)


def test_message_ids_of_odoo_tell_a_record():
    ids = ("<1.2-openerp-12-crm.lead@host>", "<x@y>", "<3.4-openerp-7-res.partner@h>")
    assert tracked_records(ids) == [("res.partner", 7), ("crm.lead", 12)]


def test_providers_name_a_message_as_they_queued_it():
    ids = ("<0100018b-0000@email.amazonses.com>",)
    assert provider_names(ids) == ["0100018b-0000"]


def test_limits():
    limits = Limits(records=20, replies=40, answers=2)
    assert limits.excess(opened=19) is None
    assert limits.excess(opened=20) is Excess.SENDER
    assert limits.excess(on_record=40) is Excess.THREAD
    assert limits.may_answer(1)
    assert not limits.may_answer(2)


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("Your grievance", "Your grievance [GRV/1-abc234]"),
        ("", "[GRV/1-abc234]"),
        ("Received [GRV/1]", "Received [GRV/1-abc234]"),
        ("About GRV/1", "About GRV/1 [GRV/1-abc234]"),
        ("Re: Your grievance [GRV/1-abc234]", "Re: Your grievance [GRV/1-abc234]"),
        ("Like [GRV/1-abc2345]", "Like [GRV/1-abc2345] [GRV/1-abc234]"),
    ],
)
def test_subject_names_its_record_once(subject, told):
    found = with_signed_reference(subject, "GRV/1", "GRV/1-abc234")
    assert found == told
    assert ("GRV/1", "abc234") in signed_references(found)
