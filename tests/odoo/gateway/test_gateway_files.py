"""Which attachments come to a record, which are held back, and how they are served."""

import io
import zipfile
from email import message_from_bytes
from email.policy import SMTP
from unittest.mock import patch

from gateway_case import GatewayCase, letter

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.mail_gateway_plus.hooks import post_init_hook

from tests.rig.processes import free_port
from tests.rig.scripted_clamd import ScriptedClamd

EXE = b"MZ\x90\x00 not a picture"
PNG = b"\x89PNG\r\n\x1a\n a picture"
VIRUS = b"X5O!P%@AP"


def letter_with(*files, number=1, **headers):
    """Return a letter with files: pairs of a name and a content."""
    message = message_from_bytes(
        letter(f"Letter {number}", f"<{number}@home.example>", **headers), policy=SMTP
    )
    for name, content in files:
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=name
        )
    return message.as_bytes()


class FilesCase(GatewayCase):
    def files_of(self, row):
        attachments = row._visible_record().message_ids.attachment_ids
        return sorted(attachments.mapped("name"))

    def notes_of(self, row):
        return " ".join(row._visible_record().message_ids.mapped("body"))

    def setting(self, name, value):
        self.env["ir.config_parameter"].set_param(f"mail_gateway_plus.{name}", value)


@tagged("post_install", "-at_install")
class TestHeldFiles(FilesCase):
    def test_program_is_held_back_and_the_message_is_not(self):
        raw = letter_with(("holiday.jpg", EXE), ("lamp.png", PNG))
        row = self.receive(self.mailbox(), raw)

        self.assertEqual(row.state, "done")
        self.assertEqual(self.files_of(row), ["lamp.png"])
        file = row.held_file_ids
        self.assertEqual((file.name, file.state), ("holiday.jpg", "held"))
        self.assertEqual(file.size, len(EXE))
        self.assertIn("holiday.jpg", self.notes_of(row))
        self.assertIn("it is a program", self.notes_of(row))
        self.assertEqual(self.env["mail.gateway.raw"]._read(row.id), raw)

    def test_harmless_message_says_nothing(self):
        row = self.receive(self.mailbox(), letter_with(("lamp.png", PNG)))

        self.assertFalse(row.held_file_ids)
        self.assertNotIn("Files held back", self.notes_of(row))

    def test_types_are_the_administrators_choice(self):
        self.setting("blocked_extensions", "png")
        raw = letter_with(("run.js", b"alert(1)"), ("lamp.png", PNG))
        row = self.receive(self.mailbox(), raw)

        self.assertEqual(self.files_of(row), ["run.js"])
        self.assertEqual(row.held_file_ids.name, "lamp.png")

    def test_macros_are_noted_or_held_back(self):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("[Content_Types].xml", "")
            archive.writestr("word/vbaProject.bin", "x")
        raw = letter_with(("plan.docm", buffer.getvalue()))
        row = self.receive(self.mailbox(), raw)
        self.assertEqual(self.files_of(row), ["plan.docm"])
        self.assertIn("Take care", self.notes_of(row))
        self.assertIn("macros", self.notes_of(row))

        self.setting("hold_macros", "True")
        raw = letter_with(("plan.docm", buffer.getvalue()), number=2)
        row = self.receive(self.mailbox(), raw)
        self.assertEqual(row.held_file_ids.name, "plan.docm")

    def test_original_does_not_bring_it_in_by_the_back_door(self):
        server = self.mailbox(original=True)
        raw = letter_with(("run.exe", EXE), ("lamp.png", PNG))
        held, whole = self.receive(server, raw, letter("Fine", "<2@home.example>"))

        self.assertEqual(self.files_of(held), ["lamp.png"])
        self.assertEqual(self.files_of(whole), ["original_email.eml"])

    def test_mailbox_may_let_everything_in(self):
        raw = letter_with(("run.exe", EXE))
        row = self.receive(self.mailbox(file_policy="accept"), raw)
        self.assertEqual(self.files_of(row), ["run.exe"])

    def test_mailbox_that_was_there_before_lets_everything_in(self):
        server = self.mailbox()
        post_init_hook(self.env)
        self.assertEqual(server.file_policy, "accept")

    def test_quarantined_message_holds_its_file_once_it_is_let_go(self):
        row = self.receive(self.mailbox(object_id=False), letter_with(("run.exe", EXE)))
        self.assertEqual(row.state, "quarantined")
        self.assertFalse(row.held_file_ids)

        row._process_by_order(self.env["grievance.ticket"], "by test")

        self.assertEqual(row.held_file_ids.name, "run.exe")

    def test_hostile_name_and_text_content(self):
        raw = letter_with(("../<b>\u202egpj.exe", b"text only"))
        row = self.receive(self.mailbox(), raw)

        self.assertEqual(row.state, "done")
        self.assertTrue(row.held_file_ids)
        self.assertNotIn("<b>\u202e", self.notes_of(row))


@tagged("post_install", "-at_install")
class TestReleasing(FilesCase):
    def setUp(self):
        super().setUp()
        raw = letter_with(("run.exe", EXE), ("other.exe", EXE + b"2"))
        self.row = self.receive(self.mailbox(), raw)
        self.file = self.row.held_file_ids.filtered(lambda f: f.name == "run.exe")
        self.operator = new_test_user(
            self.env, "held-operator", groups="mail_gateway_plus.group_operator"
        )

    def test_operator_releases_one_file_and_is_named(self):
        self.file.with_user(self.operator).action_release()

        self.assertEqual(self.files_of(self.row), ["run.exe"])
        self.assertEqual(self.file.state, "released")
        self.assertEqual(self.file.released_by, self.operator)
        self.assertIn(self.operator.name, self.notes_of(self.row))
        attachment = self.row._visible_record().message_ids.attachment_ids
        self.assertEqual(attachment.raw, EXE)
        other = self.row.held_file_ids - self.file
        self.assertEqual(other.state, "held")

    def test_only_operators_may(self):
        user = new_test_user(self.env, "held-nobody")
        with self.assertRaises(AccessError):
            self.file.with_user(user).action_release()

    def test_once_only(self):
        file = self.file.with_user(self.operator)
        file.action_release()
        with self.assertRaises(UserError):
            file.action_release()

    def test_not_when_the_content_is_gone(self):
        self.env["mail.gateway.raw"]._forget(self.row.ids)
        self.row.has_raw = False
        with self.assertRaisesRegex(UserError, "no longer kept"):
            self.file.with_user(self.operator).action_release()

    def test_not_when_the_record_is_gone(self):
        self.row._visible_record().unlink()
        with self.assertRaisesRegex(UserError, "no record"):
            self.file.with_user(self.operator).action_release()


@tagged("post_install", "-at_install")
class TestVirusScanner(FilesCase):
    def scanner(self, **signatures):
        scanner = ScriptedClamd(**signatures).start()
        self.addCleanup(scanner.stop)
        self.setting("clamd_address", scanner.address)
        return scanner

    def test_clean_message_is_processed(self):
        scanner = self.scanner(Eicar=VIRUS)
        raw = letter_with(("lamp.png", PNG))
        row = self.receive(self.mailbox(), raw)

        self.assertEqual((row.state, row.scan_state), ("done", "clean"))
        self.assertEqual(scanner.scanned, [raw])

    def test_infected_file_is_held_back_and_no_other(self):
        self.scanner()
        files = (("bad.png", PNG + VIRUS), ("lamp.png", PNG))
        with patch.object(ScriptedClamd, "find", _find_decoded(VIRUS)):
            row = self.receive(self.mailbox(), letter_with(*files))

        self.assertEqual((row.state, row.scan_state), ("done", "infected"))
        self.assertEqual(self.files_of(row), ["lamp.png"])
        self.assertIn("Eicar", row.held_file_ids.reason)

    def test_infected_text_parks_the_message(self):
        self.scanner(Phish=b"dark for weeks")
        row = self.receive(self.mailbox(), letter(body="It is dark for weeks.\n"))

        self.assertEqual(row.state, "quarantined")
        self.assertIn("Phish", row.reason)

    def test_missing_scanner_lets_mail_wait(self):
        self.setting("clamd_address", f"127.0.0.1:{free_port()}")
        row = self.receive(self.mailbox(), letter())
        self.assertEqual(row.state, "retry")
        self.assertIn("scanner does not answer", row.reason)

        self.scanner()
        row.retry_at = fields.Datetime.now()
        self.process()

        self.assertEqual((row.state, row.scan_state), ("done", "clean"))
        self.assertFalse(row.reason)

    def test_missing_scanner_may_be_done_without(self):
        self.setting("clamd_address", f"127.0.0.1:{free_port()}")
        self.setting("clamd_absent", "accept")
        row = self.receive(self.mailbox(), letter_with(("lamp.png", PNG)))

        self.assertEqual((row.state, row.scan_state), ("done", "unscanned"))
        self.assertEqual(self.files_of(row), ["lamp.png"])
        self.assertIn("could not look at it", self.notes_of(row))

    def test_mailbox_that_lets_everything_in_asks_no_scanner(self):
        scanner = self.scanner()
        row = self.receive(self.mailbox(file_policy="accept"), letter())

        self.assertEqual(row.state, "done")
        self.assertEqual(scanner.scanned, [])


def _find_decoded(signature):
    """Return a scanner's way to find a signature also in the base64 of a mail."""

    def find(self, content):
        texts = [content]
        if b"Message-ID" in content:
            message = message_from_bytes(content, policy=SMTP)
            texts = [part.get_payload(decode=True) or b"" for part in message.walk()]
        found = any(signature in text for text in texts)
        return "stream: Eicar FOUND" if found else "stream: OK"

    return find


@tagged("post_install", "-at_install")
class TestServing(HttpCase, FilesCase):
    """What a stranger sent is not run by the browser of who opens it."""

    def test_pages_and_drawings_are_served_as_text(self):
        script = b"<script>alert(1)</script>"
        svg = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">'
        raw = letter_with(
            ("page.html", b"<!DOCTYPE html><html>" + script),
            ("drawing.svg", svg + script + b"</svg>"),
        )
        row = self.receive(self.mailbox(), raw)
        attachments = row._visible_record().message_ids.attachment_ids
        self.assertEqual(len(attachments), 2)
        self.authenticate("admin", "admin")

        for attachment in attachments:
            for url in ("/web/content/%s", "/web/image/%s"):
                answer = self.url_open(url % attachment.id)
                kind = answer.headers["Content-Type"]
                self.assertNotIn("html", kind)
                self.assertNotIn("svg", kind)
                self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")

    def test_so_are_those_that_come_later(self):
        page = b"<!DOCTYPE html><html><script>alert(1)</script>"
        self.setting("blocked_extensions", "html")
        row = self.receive(self.mailbox(), letter_with(("page.html", page)))
        admin = self.env.ref("base.user_admin")
        admin.group_ids += self.env.ref("mail_gateway_plus.group_operator")
        row.held_file_ids.with_user(admin).action_release()

        attachment = row._visible_record().message_ids.attachment_ids
        self.assertEqual(attachment.mimetype, "text/plain")
