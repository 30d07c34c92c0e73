"""Test & Confirm step by step: what it writes down, what it confirms, who sees it."""

import smtplib
from datetime import timedelta
from unittest.mock import patch

from gateway_case import FourMethodConnection, GatewayCase, closed_port, letter

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.mail.tests.common import mail_new_test_user
from odoo.addons.mail_gateway_plus.core.diagnosis.looking import Seen
from odoo.addons.mail_gateway_plus.core.diagnosis.sessions import SmtpDialogue
from odoo.addons.mail_gateway_plus.core.protocols.mailbox import MessageRef
from odoo.addons.mail_gateway_plus.diagnosis_run import DiagnosisRun

PASSWORD = "not-for-anybody"


class DiagnosisCase(GatewayCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.email = "admin@city.example"

    def setUp(self):
        super().setUp()
        # What waits for the commit is done when a test says so, and in its thread.
        patcher = patch.object(DiagnosisRun, "start", DiagnosisRun.run)
        patcher.start()
        self.addCleanup(patcher.stop)
        self.addCleanup(self.env.cr.postcommit.clear)

    def diagnose(self, server, meanwhile=lambda: None):
        """Test a server; return the finished diagnosis."""
        action = server.action_diagnose()
        meanwhile()
        return self.finished(action)

    def finished(self, action):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.cr.postcommit.run()
        self.env.invalidate_all()
        return self.env["mail.gateway.diagnosis"].browse(action["res_id"])

    def states(self, diagnosis):
        return {line["name"]: line["state"] for line in diagnosis.ladder["lines"]}


@tagged("post_install", "-at_install")
class TestOutgoingDiagnosis(DiagnosisCase):
    def test_server_whose_steps_all_pass_is_confirmed(self):
        _sink, port = self.sink()
        server = self.outgoing("Main", port, state="draft")

        diagnosis = self.diagnose(server)

        self.assertEqual((diagnosis.state, server.state), ("passed", "done"))
        self.assertEqual(self.states(diagnosis)["envelope"], "ok")
        self.assertIn("250", diagnosis.transcript)

    def test_nothing_is_sent_unasked(self):
        sink, port = self.sink()

        self.diagnose(self.outgoing("Main", port))

        self.assertEqual(sink.recipients, [])

    def test_failed_step_has_cause_and_remedy_and_confirms_nothing(self):
        server = self.outgoing("Main", closed_port(), state="draft")

        diagnosis = self.diagnose(server)

        self.assertEqual((diagnosis.state, server.state), ("failed", "draft"))
        [failed] = [x for x in diagnosis.ladder["lines"] if x["state"] == "failed"]
        self.assertEqual(failed["name"], "connect")
        self.assertIn("Nothing listens on that port", failed["cause"])
        self.assertIn("Check the port", failed["remedy"])

    def test_failed_test_leaves_a_confirmed_server_confirmed_and_says_so(self):
        server = self.outgoing("Main", closed_port(), state="done")

        diagnosis = self.diagnose(server)

        self.assertEqual(server.state, "done")
        self.assertIn("stays confirmed", diagnosis.ladder["headline"])

    def test_settings_that_changed_meanwhile_are_not_confirmed(self):
        _sink, port = self.sink()
        server = self.outgoing("Main", port, state="draft")

        diagnosis = self.diagnose(server, lambda: server.write({"smtp_host": "other"}))

        self.assertEqual((diagnosis.state, server.state), ("passed", "draft"))
        self.assertIn("changed its settings", diagnosis.ladder["headline"])

    def test_password_is_nowhere_in_what_is_kept_or_logged(self):
        _sink, port = self.sink(refused=["admin@city.example"])
        server = self.outgoing(
            "Main", port, smtp_user="me", smtp_pass=PASSWORD, state="draft"
        )

        with self.assertLogs(level="DEBUG") as logs:
            diagnosis = self.diagnose(server)

        kept = f"{diagnosis.read()}{diagnosis.ladder}{logs.output}"
        self.assertEqual(diagnosis.state, "failed")
        self.assertNotIn(PASSWORD, kept)

    def test_test_mail_goes_to_the_recipient_which_is_remembered(self):
        sink, port = self.sink()
        server = self.outgoing("Main", port)
        diagnosis = self.diagnose(server)
        diagnosis.recipient = "ann@home.example"

        diagnosis = self.finished(diagnosis.action_send_test_mail())

        self.assertEqual(sink.recipients, ["ann@home.example"])
        self.assertEqual(server.test_recipient, "ann@home.example")
        self.assertEqual(self.states(diagnosis)["test_mail"], "ok")

    def test_recipient_is_the_testers_address_unless_there_is_another(self):
        server = self.outgoing("Main", 25)
        self.assertEqual(server._diagnosis_target().recipient, "admin@city.example")

        server.test_recipient = "ann@home.example"

        self.assertEqual(server._diagnosis_target().recipient, "ann@home.example")

    def test_nobody_is_sent_a_mail_who_was_not_named(self):
        sink, port = self.sink()
        self.env.user.email = False
        server = self.outgoing("Main", port, from_filter="desk@city.example")
        diagnosis = self.diagnose(server)

        with self.assertRaisesRegex(UserError, "Enter whom"):
            diagnosis.action_send_test_mail()

        self.assertEqual(diagnosis.state, "passed")
        self.assertEqual(sink.recipients, [])

    def test_port_that_answered_is_taken_over_as_strictly_as_before(self):
        server = self.outgoing("Main", 25, smtp_encryption="ssl_strict")
        door = {"port": 587, "security": "starttls", "answers": True}

        server.write(server._door_values(door))

        self.assertEqual(server.smtp_port, 587)
        self.assertEqual(server.smtp_encryption, "starttls_strict")

    def test_command_lines_name_no_password(self):
        _sink, port = self.sink()
        server = self.outgoing("Main", port, smtp_user="me", smtp_pass=PASSWORD)

        diagnosis = self.diagnose(server)

        self.assertIn("--auth-user me", diagnosis.commands)
        self.assertNotIn(PASSWORD, diagnosis.commands)

    def test_provider_without_a_token_fails_the_login_in_its_words(self):
        _sink, port = self.sink()
        server = self.outgoing("Main", port, smtp_user="me@gmail.com")
        refusal = UserError("invalid_grant: the token was revoked")
        Server = self.registry["ir.mail_server"]

        with (
            patch.object(Server, "_login_steps", side_effect=refusal),
            patch(
                "odoo.addons.mail_gateway_plus.models.ir_mail_server_diagnosis"
                ".VERIFIED_AUTHENTICATIONS",
                {"login"},
            ),
        ):
            diagnosis = self.diagnose(server)

        [login] = [x for x in diagnosis.ladder["lines"] if x["name"] == "login"]
        self.assertIn("handed out no token", login["cause"])
        self.assertEqual(login["words"], "invalid_grant: the token was revoked")

    def test_login_of_an_addon_that_needs_the_connection_is_done_on_it(self):
        _sink, port = self.sink()
        server = self.outgoing("Main", port, smtp_user="me", smtp_pass=PASSWORD)
        met = []

        def log_in(_server, smtp, user, password):
            met.append((smtp.docmd("NOOP")[0], user))

        with patch.object(self.registry["ir.mail_server"], "_smtp_login__", log_in):
            [step] = server._diagnosis_target().login
            with (
                self.enter_registry_test_mode(),
                smtplib.SMTP("127.0.0.1", port) as smtp,
            ):
                step.arguments[0](smtp)

        self.assertEqual(met[-1], (250, "me"))

    def test_server_that_another_addon_connects_is_tested_as_a_whole(self):
        _sink, port = self.sink()
        server = self.outgoing("Main", port, state="draft")
        foreign = patch.object(
            self.registry["ir.mail_server"],
            "_is_connected_by_another_addon",
            return_value=True,
        )

        with foreign, self.really_sending():
            action = server.action_diagnose()

        self.assertEqual(action["tag"], "display_notification")

    def test_surprise_in_the_ladder_ends_the_test(self):
        _sink, port = self.sink()

        with patch.object(SmtpDialogue, "learn", side_effect=KeyError("surprise")):
            diagnosis = self.diagnose(self.outgoing("Main", port))

        self.assertEqual(diagnosis.state, "failed")


@tagged("post_install", "-at_install")
class TestDiagnosisKept(DiagnosisCase):
    def diagnosis(self, **values):
        return self.env["mail.gateway.diagnosis"].create(
            {
                "mail_server_id": self.outgoing("Main", 25).id,
                "protocol": "smtp",
                "address": "127.0.0.1:25",
                "planned_steps": ["resolve"],
                **values,
            }
        )

    def test_test_whose_worker_has_ended_says_so(self):
        long_ago = fields.Datetime.now() - timedelta(minutes=5)

        told = self.diagnosis(ends_at=long_ago).ladder

        self.assertFalse(told["is_running"])
        self.assertIn("interrupted", told["headline"])

    def test_failures_are_kept_longer(self):
        kept, gone = (
            self.env["mail.gateway.diagnosis"],
            self.env["mail.gateway.diagnosis"],
        )
        for state, days, is_kept in (
            ("passed", 6, True),
            ("passed", 8, False),
            ("failed", 29, True),
            ("failed", 31, False),
        ):
            row = self.diagnosis(state=state)
            created = fields.Datetime.now() - timedelta(days=days)
            self.env.cr.execute(
                "UPDATE mail_gateway_diagnosis SET create_date = %s WHERE id = %s",
                [created, row.id],
            )
            kept, gone = (kept + row, gone) if is_kept else (kept, gone + row)
        self.env.invalidate_all()

        self.env["mail.gateway.diagnosis"]._gc_diagnoses()

        self.assertEqual(((kept + gone).exists()), kept)

    def test_newest_test_is_reachable_from_the_server(self):
        first = self.diagnosis()
        second = first.copy()

        self.assertEqual(first.mail_server_id.last_diagnosis_id, second)

    def test_only_administrators_see_tests_and_make_them(self):
        diagnosis = self.diagnosis()
        for groups in ("base.group_user", "mail_gateway_plus.group_operator"):
            user = mail_new_test_user(self.env, f"u-{groups}", groups=groups)
            with self.subTest(groups):
                with self.assertRaises(AccessError):
                    diagnosis.with_user(user).read(["transcript"])
                with self.assertRaises(AccessError):
                    diagnosis.mail_server_id.with_user(user).action_diagnose()


@tagged("post_install", "-at_install")
class TestIncomingDiagnosis(DiagnosisCase):
    def rehearse(self, *raws, **values):
        server = self.mailbox(**values)
        seen = [
            Seen(MessageRef("INBOX", "1", str(number)), raw)
            for number, raw in enumerate(raws, start=1)
        ]
        return self.journal._as_gateway()._rehearse(server, seen)

    def test_closed_port_is_explained_and_confirms_nothing(self):
        server = self.mailbox(port=closed_port(), state="draft")

        diagnosis = self.diagnose(server)

        self.assertEqual((diagnosis.state, server.state), ("failed", "draft"))
        self.assertEqual(self.states(diagnosis)["connect"], "failed")

    def test_type_of_another_addon_is_tested_as_a_whole(self):
        server = self.mailbox(FourMethodConnection(), state="draft")

        action = server.action_diagnose()

        self.assertEqual(action["tag"], "display_notification")
        self.assertEqual(server.state, "done")

    def test_message_would_become_a_record_of_the_mailbox(self):
        [told] = self.rehearse(letter("Dark street"))

        self.assertEqual(told["subject"], "Dark street")
        self.assertEqual((told["model"], told["record"]), ("Grievance Ticket", ""))

    def test_answer_would_join_its_record(self):
        ticket = self.env["grievance.ticket"].create({"subject": "Dark street"})
        posted = ticket.message_post(body="We look into it", message_type="email")

        [told] = self.rehearse(letter("Re: Dark", In_Reply_To=posted.message_id))

        self.assertEqual(told["record"], ticket.display_name)

    def test_message_for_nobody_says_why(self):
        [told] = self.rehearse(letter(), object_id=False)

        self.assertIn("Nothing says what it should become", told["reason"])

    def test_message_known_to_the_journal_says_so(self):
        server = self.mailbox(FourMethodConnection(letter()))
        self.fetch(server)
        row = self.rows(server)
        ref = MessageRef(row.folder, row.uidvalidity, row.uid)

        [told] = self.journal._as_gateway()._rehearse(server, [Seen(ref, letter())])

        self.assertIn("journal already", told["reason"])

    def test_rehearsal_leaves_nothing_behind(self):
        raws = (letter(), letter("Next", "<2@home.example>"), b"\xff no mail")
        self.rehearse(*raws)
        models = ("grievance.ticket", "mail.message", "mail.mail", "res.partner")
        counts = [self.env[model].search_count([]) for model in models]
        server = self.env["fetchmail.server"].search([], limit=1)
        seen = [Seen(MessageRef("INBOX", "1", "1"), raw) for raw in raws]

        self.journal._as_gateway()._rehearse(server, seen)

        self.assertEqual([self.env[m].search_count([]) for m in models], counts)
        self.assertFalse(self.journal.search_count([]))
