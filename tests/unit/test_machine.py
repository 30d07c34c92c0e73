"""Mail of persons is told from mail of machines, and one machine from the other."""

from email import message_from_bytes
from email.policy import SMTP

import pytest
from mgp_core.parsing.facts import read_facts
from mgp_core.parsing.machine import OWN_MARK, Kind, read_machine

from tests.unit import delivery_reports as sample


def machine_of(raw, own_mark=""):
    facts = read_facts(message_from_bytes(raw, policy=SMTP), len(raw))
    return read_machine(facts, own_mark)


def letter(subject="Dark street", sender="amina@home.example", **headers):
    lines = [f"From: {sender}", f"Subject: {subject}"]
    lines += [f"{n.replace('_', '-')}: {value}" for n, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\nIt is dark.\r\n").encode()


@pytest.mark.parametrize(
    "raw",
    [
        letter(),
        letter(Auto_Submitted="no"),
        letter(Precedence="first-class"),
        letter(X_Auto_Response_Suppress="DR, RN, NRN"),
        letter(Return_Path="<amina@home.example>"),
        letter(Feedback_ID="1:2:3:provider"),
        letter("Out of office hours the gate is locked"),
        letter("Re: Abwesenheit der Feuerwehr"),
        letter("Undeliverable parcel"),
        letter("Mail delivery failed", sender="bo@home.example"),
        letter(X_Autoreply="no"),
    ],
)
def test_persons_are_persons(raw):
    machine = machine_of(raw)
    assert machine.is_person, machine
    assert not machine.evidence


@pytest.mark.parametrize(
    ("raw", "evidence"),
    [
        (letter(Auto_Submitted="auto-replied (vacation)"), "Auto-Submitted"),
        (letter(Auto_Submitted="auto-replied; owner-email=x@y"), "Auto-Submitted"),
        (letter(X_Autoreply="yes"), "X-Autoreply: yes"),
        (letter(X_Autorespond=""), "X-Autorespond"),
        (letter(Precedence="auto_reply"), "Precedence: auto_reply"),
        (letter("Automatic reply: x", Precedence="bulk"), "Precedence: bulk"),
        (letter("Out of office", In_Reply_To="<1@x>"), "Subject: Out of office"),
        (letter("Re: hello", Return_Path="<>", References="<1@x>"), "Return-Path: <>"),
        (sample.OUT_OF_OFFICE, "Auto-Submitted: auto-generated"),
    ],
)
def test_automatic_answers(raw, evidence):
    machine = machine_of(raw)
    assert machine.kind is Kind.AUTO_ANSWER
    assert machine.is_answer
    assert machine.evidence.startswith(evidence)


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Your grievance",
        "Re: Out of Office",
        "Automatische Antwort: Ihre Beschwerde",
        "Abwesenheitsnotiz",
        "Réponse automatique : votre plainte",
        "Respuesta automática: su queja",
        "Resposta automática: a sua queixa",
        "Risposta automatica: reclamo",
        "Automatisch antwoord: klacht",
        "Odpowiedź automatyczna: skarga",
        "Автоматический ответ: жалоба",
        "Otomatik yanıt: şikayet",
        "رد تلقائي: شكوى",
        "自动回复: 投诉",
        "自動返信: 苦情",
        "Jibu la kiotomatiki: malalamiko",
        "Autosvar: klagomål",
        "Automatikus válasz: panasz",
    ],
)
def test_absences_in_many_languages_count_with_other_evidence(subject):
    with_evidence = letter(subject, X_Auto_Response_Suppress="All")
    assert machine_of(with_evidence).kind is Kind.AUTO_ANSWER
    assert machine_of(letter(subject)).is_person


@pytest.mark.parametrize(
    "raw",
    [
        letter(Auto_Submitted="auto-generated"),
        letter(Auto_Submitted="auto-notified"),
        letter(Precedence="Junk"),
        letter(X_Auto_Response_Suppress="DR, OOF, AutoReply"),
        letter(Return_Path="<>"),
        letter(sender="no-reply@shop.example"),
        letter(sender="Postmaster@home.example"),
        letter(sender="bounces+42@shop.example"),
        letter(sender="owner-list@home.example"),
        letter(sender=""),
    ],
)
def test_programs_that_answer_nobody(raw):
    machine = machine_of(raw)
    assert machine.kind is Kind.AUTO_MESSAGE
    assert machine.evidence


@pytest.mark.parametrize(
    "raw",
    [
        letter(List_Id="<news.home.example>"),
        letter(List_Unsubscribe="<mailto:x@home.example>"),
        letter(Precedence="list"),
        letter(Precedence="bulk", List_Id="<news.home.example>"),
    ],
)
def test_mailing_lists(raw):
    assert machine_of(raw).kind is Kind.MAILING_LIST


def test_an_absence_that_a_list_sends_on_is_an_absence():
    raw = letter("Out of office", List_Id="<x.example>", Auto_Submitted="auto-replied")
    assert machine_of(raw).kind is Kind.AUTO_ANSWER


@pytest.mark.parametrize(
    "raw",
    [
        letter("Please confirm your message", Auto_Submitted="auto-replied"),
        letter("Re: hello", X_TMDA_Confirm="1"),
    ],
)
def test_who_wants_to_be_proven_human(raw):
    machine = machine_of(raw)
    assert machine.kind is Kind.CHALLENGE
    assert machine.is_answer


def test_own_mail_is_known_and_that_of_another_database_is_not():
    raw = letter(**{OWN_MARK.replace("-", "_"): "aa11"}, Auto_Submitted="auto-replied")
    assert machine_of(raw, "aa11").kind is Kind.OWN_MAIL
    assert machine_of(raw, "bb22").kind is Kind.AUTO_ANSWER
    assert machine_of(letter(), "").is_person


def test_mark_of_an_enclosed_mail_does_not_count():
    raw = sample.POSTFIX.replace(
        b"From: City", OWN_MARK.encode() + b": aa11\r\nFrom: City"
    )
    assert machine_of(raw, "aa11").kind is Kind.FAILED
