"""Complainants read what becomes of their grievance in the language they wrote in."""

import re
from pathlib import Path

from grievance_case import letter
from people_case import ADDON, PeopleCase
from polib import pofile

from odoo.modules.module import get_module_path
from odoo.tests import HttpCase, tagged
from odoo.tools import format_date
from odoo.tools.mail import html2plaintext

from odoo.addons.mail_gateway_plus_grievance.answers import Answer, read_answer

# By language: Odoo's, what somebody writes, what says that we received it, that we mean
# to decide by a day, that it was rejected.
LETTERS = {
    "fr": (
        "fr_FR",
        "Le point d'eau est fermé depuis une semaine et nous ne savons pas pourquoi.",
        "Nous avons reçu",
        "notre décision d'ici le",
        "Rejetée",
    ),
    "es": (
        "es_ES",
        "El punto de agua está cerrado desde hace una semana y no sabemos por qué.",
        "Hemos recibido",
        "nuestra decisión antes del",
        "Desestimada",
    ),
    "pt": (
        "pt_PT",
        "O ponto de água está fechado há uma semana e não sabemos o motivo, mas "
        "também não há água na escola.",
        "Recebemos a sua",
        "a nossa decisão até",
        "Rejeitada",
    ),
    "ar": (
        "ar_001",
        "نقطة المياه مغلقة منذ أسبوع في القرية ولا أحد يعرف السبب، لقد كتبنا من قبل.",
        "تلقّينا",
        "بقرارنا في موعد أقصاه",
        "مرفوضة",
    ),
    "sw": (
        "sw",
        "Kisima cha maji kimefungwa tangu wiki moja na watu wa kijiji hawana maji ya "
        "kunywa, lakini bado hatujui kwa nini.",
        "Tumepokea",
        "uamuzi wetu ifikapo tarehe",
        "Yamekataliwa",
    ),
}
# What the letters of English begin a sentence with.
ENGLISH = re.compile(r"Hello|We |grievance|Please|answer|Somebody|Are you|Grievance")
ASKED = re.compile(r"[A-ZÁÃÇÉÓ]{5,}|«([^»]+)»")
NOT_FOR_PEOPLE = re.compile(r"https?://\S+|GRV/\S+")


def text_of(html):
    """Return what a person reads of a letter."""
    return NOT_FOR_PEOPLE.sub("", html2plaintext(html))


class LettersCase(PeopleCase):
    def speak(self, language):
        code = LETTERS[language][0]
        self.env["res.lang"]._activate_lang(code)
        self.env["ir.module.module"]._load_module_terms([ADDON], [code])

    def decided(self, ticket):
        """Have the complainant told a decision; return the mail."""
        ticket.write({"decision": "rejected", "decision_reasons": "<p>1 2 3</p>"})
        ticket.action_tell_decision()
        mails = self.env["mail.mail"].search([("res_id", "=", ticket.id)])
        return mails.filtered(lambda mail: "/grievance/feedback/" in mail.body_html)


@tagged("post_install", "-at_install")
class TestGrievanceLetters(LettersCase):
    def test_acknowledgement_is_in_the_language_of_the_letter(self):
        for language, (code, words, received, by, _no) in LETTERS.items():
            with self.subTest(language):
                self.speak(language)

                ticket = self.receive(letter(body=words))

                self.assertEqual((ticket.language, ticket.lang), (language, code))
                mail = self.acknowledgements(ticket)
                self.assertIn(received, mail.subject)
                self.assertIn(ticket.number, mail.subject)
                with self.mock_mail_gateway():
                    mail.send()
                text = text_of(self._mails[0]["body"])
                self.assertIn(by, text)
                self.assertIsNone(ENGLISH.search(text))

    def test_decision_is_told_in_the_language_of_the_letter(self):
        for language, (_code, words, _received, _by, rejected) in LETTERS.items():
            with self.subTest(language):
                self.speak(language)
                ticket = self.receive(letter(body=words))

                mail = self.decided(ticket)

                self.assertIn(rejected, mail.body_html)
                self.assertIn(ticket.number, mail.subject)
                self.assertIsNone(ENGLISH.search(text_of(mail.body_html)))

    def test_letters_ask_only_for_words_that_are_understood(self):
        """English is what a letter is in where there is none in one's language."""
        for language in (*LETTERS, ""):
            with self.subTest(language):
                if language:
                    self.speak(language)
                words = LETTERS[language][1] if language else "The pump is shut."
                ticket = self.receive(letter(body=words))

                text = text_of(self.decided(ticket).body_html)

                asked = [found[1] or found[0] for found in ASKED.finditer(text)]
                self.assertEqual(
                    [read_answer(word)[0] for word in asked],
                    [Answer.APPEAL, Answer.SATISFIED, Answer.UNSATISFIED],
                    asked,
                )

    def test_arabic_is_written_from_right_to_left(self):
        self.speak("ar")
        ticket = self.receive(letter(body=LETTERS["ar"][1]))

        for mail in (self.acknowledgements(ticket), self.decided(ticket)):
            self.assertIn('<div dir="rtl">', mail.body_html)

    def test_letters_are_translated_whole_with_all_they_fill_in(self):
        folder = Path(get_module_path(ADDON)) / "i18n"
        languages = {path.stem for path in folder.glob("*.po")}
        self.assertEqual(languages, set(LETTERS))
        for language in languages:
            terms = {e.msgid: e.msgstr for e in pofile(str(folder / f"{language}.po"))}
            for name in ("acknowledgement", "decision"):
                template = self.env.ref(f"{ADDON}.mail_template_{name}")
                source = str(template.with_context(lang="en_US").body_html)
                with self.subTest(language, letter=name):
                    self.assertIn(source, terms)
                    filled_in = re.findall(r't-[a-z-]+="[^"]*"', source)
                    self.assertEqual(
                        re.findall(r't-[a-z-]+="[^"]*"', terms[source]), filled_in
                    )

    def test_what_the_mail_says_counts_where_its_text_is_too_short(self):
        ticket = self.receive(b"Content-Language: es-PE\r\n" + letter(body="Ayuda"))

        self.assertEqual(ticket.language, "es")

    def test_contact_knows_best_and_the_company_stands_in(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["res.lang"]._activate_lang("es_ES")
        self.env["res.partner"].create(
            {
                "name": "Amina",
                "email": "amina@complainant.example.org",
                "lang": "es_ES",
            }
        )

        known = self.receive(letter(body=LETTERS["fr"][1]))
        unknown = self.receive(letter(From="x@example.org", body="Habari ya leo sana"))

        self.assertEqual(known.lang, "es_ES")
        self.assertEqual(unknown.lang, self.env.company.partner_id.lang)

    # ------------------------------------------------------------------------ sealed

    def test_complainant_of_a_sealed_ticket_is_told_number_and_day_and_nothing_else(
        self,
    ):
        """Neither tells what it is about; the words were in the letter already."""
        for language in (*LETTERS, ""):
            with self.subTest(language):
                if language:
                    self.speak(language)
                words = LETTERS[language][1] if language else "The pump is shut."
                plain = self.receive(letter(body=words))
                sealed = self.receive(
                    letter(Subject="The foreman", body=f"{words} harassment")
                )
                self.assertTrue(sealed.is_sealed)
                self.assertTrue(sealed.category_id)

                mail = self.acknowledgements(sealed)

                by = LETTERS[language][3] if language else "our decision by"
                self.assertIn(by, mail.body_html)
                self.assertTrue(sealed.acknowledged_at)
                told = f"{mail.subject} {mail.body_html}"
                category = sealed.category_id.with_context(lang=sealed.lang)
                for secret in (
                    "foreman",
                    "harassment",
                    category.name,
                    sealed.category_id.name,
                    sealed.team_id.name,
                ):
                    self.assertNotIn(secret, told)
                other = self.acknowledgements(plain)
                self.assertEqual(
                    self.skeleton(mail, sealed), self.skeleton(other, plain)
                )

    def skeleton(self, mail, ticket):
        """Return the text of a letter without what differs from ticket to ticket."""
        text = html2plaintext(f"{mail.subject} {mail.body_html}")
        day = format_date(self.env, ticket.resolve_by, lang_code=ticket.lang)
        for own in (
            ticket._mail_gateway_signed_reference(),
            ticket.number,
            day,
        ):
            self.assertIn(own, text)
            text = text.replace(own, "")
        return text


@tagged("post_install", "-at_install")
class TestFeedbackPage(LettersCase, HttpCase):
    def test_page_is_in_the_language_of_the_letter(self):
        for language, said, direction in (
            ("sw", "sw", "ltr"),
            ("ar", "ar-001", "rtl"),
        ):
            with self.subTest(language):
                self.speak(language)
                ticket = self.receive(letter(body=LETTERS[language][1]))
                [link] = set(
                    re.findall(
                        r"(/grievance/feedback/\d+/\w+)", self.decided(ticket).body_html
                    )
                )

                page = self.url_open(link)

                self.assertIn(f'lang="{said}"', page.text)
                self.assertIn(f'dir="{direction}"', page.text)
                self.assertIsNone(ENGLISH.search(text_of(page.text)))
