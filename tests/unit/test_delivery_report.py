"""What a mail system, or a recipient's program, says about mail that was sent."""

import base64
from email import message_from_bytes
from email.policy import SMTP

import pytest
from mgp_core.parsing.delivery_report import read_receipt, read_status
from mgp_core.parsing.facts import read_facts
from mgp_core.parsing.machine import Kind, read_machine

from tests.unit import delivery_reports as sample

FAILED = [
    sample.POSTFIX,
    sample.EXCHANGE,
    sample.GMAIL,
    sample.INTERNATIONAL,
    sample.QMAIL,
    sample.EXIM,
    sample.OLD_EXCHANGE,
]


def facts_of(raw):
    return read_facts(message_from_bytes(raw, policy=SMTP), len(raw))


def machine_of(raw):
    return read_machine(facts_of(raw))


@pytest.mark.parametrize("raw", FAILED)
def test_each_mail_system_says_who_was_not_reached(raw):
    machine = machine_of(raw)

    assert machine.kind is Kind.FAILED
    (told,) = machine.report.recipients
    assert told.address == "amina@home.example"
    assert told.status.startswith("5.1.1")


@pytest.mark.parametrize("raw", FAILED[:6])
def test_the_original_is_named(raw):
    assert "<7.odoo@city.example>" in machine_of(raw).report.message_ids


def test_an_id_that_a_server_gave_anew_stands_beside_ours():
    ids = machine_of(sample.EXCHANGE).report.message_ids
    assert ids == ("<new@eurprd01.example>", "<7.odoo@city.example>")


def test_the_far_servers_words_are_kept():
    (told,) = machine_of(sample.POSTFIX).report.recipients
    assert told.code == 550
    assert "User unknown" in told.words
    assert not told.words.startswith("smtp")
    (told,) = machine_of(sample.QMAIL).report.recipients
    assert "550 5.1.1 User unknown" in told.words
    assert "Below this line" not in told.words


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (sample.POSTFIX_DELAYED, Kind.DELAYED),
        (sample.EXIM_DELAYED, Kind.DELAYED),
        (sample.POSTFIX_DELIVERED, Kind.DELIVERED),
        (sample.RELAYED, Kind.RELAYED),
        (sample.TWO_FATES, Kind.FAILED),
    ],
)
def test_what_did_not_fail_is_no_failure(raw, kind):
    assert machine_of(raw).kind is kind


def test_each_recipient_has_a_fate_of_its_own():
    told = {r.address: r for r in machine_of(sample.TWO_FATES).report.recipients}
    assert told["bo@home.example"].action == "delivered"
    assert told["amina@home.example"].action == "failed"
    assert told["amina@home.example"].status == "5.2.2"


def test_status_stands_in_for_a_missing_action():
    raw = sample.POSTFIX.replace(b"Action: failed\r\n", b"")
    assert machine_of(raw).kind is Kind.FAILED
    delayed = raw.replace(b"Status: 5.1.1", b"Status: 4.1.1")
    assert machine_of(delayed).kind is Kind.DELAYED


def test_our_address_comes_before_the_one_it_was_forwarded_to():
    raw = sample.POSTFIX.replace(
        b"Final-Recipient: rfc822; amina@", b"Final-Recipient: rfc822; a.d@"
    )
    (told,) = machine_of(raw).report.recipients
    assert told.addresses == ("amina@home.example", "a.d@home.example")


def test_an_encoded_status_is_read():
    block = sample.POSTFIX.partition(b"message/delivery-status\r\n\r\n")[2]
    block = block.partition(b"\r\n--=_b")[0]
    raw = sample.POSTFIX.replace(
        b"message/delivery-status\r\n\r\n" + block,
        b"message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(block),
    )
    (told,) = machine_of(raw).report.recipients
    assert (told.address, told.action) == ("amina@home.example", "failed")


def test_a_receipt_names_what_was_read():
    machine = machine_of(sample.READ_RECEIPT)
    assert machine.kind is Kind.READ_RECEIPT
    assert machine.report.message_ids == ("<7.odoo@city.example>",)
    assert machine.report.recipients[0].action == "displayed"


def test_abuse_reports_and_reports_on_the_domain():
    machine = machine_of(sample.ABUSE)
    assert machine.kind is Kind.ABUSE_REPORT
    assert machine.report.message_ids == ("<7.odoo@city.example>",)
    assert machine.report.recipients[0].address == "amina@home.example"
    forensic = sample.ABUSE.replace(b"Feedback-Type: abuse", b"Feedback-Type: dmarc")
    assert machine_of(forensic).kind is Kind.DMARC_REPORT
    assert machine_of(sample.DMARC).kind is Kind.DMARC_REPORT


def test_no_report_is_read_where_none_is():
    facts = facts_of(b"From: a@b.example\r\nSubject: Hello\r\n\r\nHello")
    assert read_status(facts) is None
    assert read_receipt(facts) is None


def test_a_report_that_nobody_understands_is_a_notice():
    raw = sample.POSTFIX.replace(b"Final-Recipient", b"X-Whoever")
    raw = raw.replace(b"Original-Recipient", b"X-Else").replace(b"Action", b"X-Did")
    raw = raw.replace(b"could not\r\nbe delivered", b"went\r\nsomewhere")
    raw = raw.replace(b"Undelivered Mail Returned to Sender", b"News")
    machine = machine_of(raw)
    assert machine.kind is Kind.SYSTEM_NOTICE
    assert machine.report.message_ids == ("<7.odoo@city.example>",)


@pytest.mark.parametrize("size", [1, 7, 300, 700, 1100])
def test_a_report_that_was_cut_off_raises_nothing(size):
    for raw in (*FAILED, sample.READ_RECEIPT, sample.ABUSE):
        machine_of(raw[:size])
        machine_of(raw[:-size])


def test_a_forwarded_bounce_is_what_a_person_wrote():
    raw = (
        b"From: Olga <olga@city.example>\r\nSubject: Fwd: what is this?\r\n"
        b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n"
        b"Content-Type: text/plain\r\n\r\nMail delivery failed, what now?\r\n"
        b"--o\r\nContent-Type: message/rfc822\r\n\r\n" + sample.POSTFIX + b"\r\n--o--"
    )
    assert machine_of(raw).kind is Kind.PERSON
