"""A full queue takes no mailing; a mail too large for a server is not sent there."""

from datetime import timedelta

from gateway_case import closed_port
from outgoing_case import OutgoingCase

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.mail_gateway_plus.core.diagnosis.steps import (
    Step,
    StepResult,
    StepState,
)

BULK = "3_bulk"


@tagged("post_install", "-at_install")
class TestQueueCap(OutgoingCase):
    def setUp(self):
        super().setUp()
        self.settings = self.env["res.config.settings"]
        self.settings.create({"mail_gateway_queue_cap": 3}).execute()

    def test_mailing_is_refused_when_the_queue_is_full(self):
        for _number in range(3):
            self.mail()

        with self.assertRaisesRegex(UserError, "is full: 3 mails wait, and 1 more"):
            self.mail(gateway_lane=BULK)

    def test_mailing_as_a_whole_has_to_fit(self):
        self.mail()
        values = {"gateway_lane": BULK, "email_to": "amina@home.example"}

        with self.assertRaises(UserError):
            self.mails.create([values] * 3)
        self.assertEqual(len(self.mails.create([values] * 2)), 2)

    def users(self, count):
        return self.env["res.users"].create(
            [{"name": f"U{n}", "login": f"u{n}@home.example"} for n in range(count)]
        )

    def template(self):
        return self.env["mail.template"].create(
            {
                "name": "News",
                "model_id": self.env["ir.model"]._get_id("res.users"),
                "subject": "News",
                "email_to": "{{ object.login }}",
            }
        )

    def test_what_odoo_makes_in_batches_is_a_mailing_to_its_last_mail(self):
        self.settings.create({"mail_gateway_queue_cap": 0}).execute()
        self.env["ir.config_parameter"].set_param("mail.batch_size", 5)
        users, template = self.users(12), self.template()

        mails = template.send_mail_batch(users.ids)
        composer = self.env["mail.compose.message"].create(
            {
                "composition_mode": "mass_mail",
                "model": "res.users",
                "res_ids": users.ids,
                "subject": "News",
                "body": "<p>News</p>",
                "force_send": False,
            }
        )
        mails |= composer._action_send_mail()[0]

        self.assertEqual(mails.mapped("gateway_lane"), [BULK] * 24)
        self.assertNotEqual(
            self.mails.browse(template.send_mail(users[0].id)).gateway_lane, BULK
        )

    def test_template_to_many_at_once_has_to_fit_as_a_mailing_does(self):
        users, template = self.users(12), self.template()

        with self.assertRaisesRegex(UserError, "12 more"):
            template.send_mail_batch(users.ids)
        template.send_mail(users[0].id)

    def test_mail_that_somebody_waits_for_is_never_refused(self):
        for _number in range(6):
            self.mail(gateway_lane="1_interactive")
            self.mail(gateway_lane="2_notification")

    def test_what_was_sent_does_not_count(self):
        for _number in range(5):
            self.mail(state="sent")

        self.assertTrue(self.mail(gateway_lane=BULK))

    def test_no_limit_is_the_default(self):
        self.settings.create({"mail_gateway_queue_cap": 0}).execute()
        for _number in range(5):
            self.mail(gateway_lane=BULK)


@tagged("post_install", "-at_install")
class TestSettings(OutgoingCase):
    def test_administrator_sets_what_becomes_of_uncertain_mail(self):
        settings = self.env["res.config.settings"]
        self.assertEqual(settings.create({}).mail_gateway_uncertain_bulk, "hold")

        settings.create({"mail_gateway_uncertain_bulk": "resend"}).execute()

        self.assertTrue(self.mail(gateway_lane=BULK)._gateway_resends_uncertain())
        self.assertFalse(self.mail()._gateway_resends_uncertain())

    def test_numbers_that_make_no_sense_are_refused(self):
        for values in (
            {"mail_gateway_give_up_days": 0},
            {"mail_gateway_queue_cap": -1},
        ):
            with self.assertRaises(ValidationError):
                self.env["res.config.settings"].create(values)


@tagged("post_install", "-at_install")
class TestSize(OutgoingCase):
    """``max_email_size`` is in MB, as Odoo's own test of a server finds it."""

    def large(self):
        return self.mail(body_html=f"<p>{'word ' * 60_000}</p>")  # 0.3 MB, twice

    def test_mail_too_large_for_a_server_goes_by_another_one(self):
        small, port = self.sink()
        large, other_port = self.sink()
        self.outgoing("Small", port, sequence=1, max_email_size=0.1)
        self.outgoing("Large", other_port, sequence=2, max_email_size=10)
        mail = self.large()

        self.run_queue()

        self.assertEqual(mail.state, "sent", mail.failure_reason)
        self.assertEqual((len(small.recipients), len(large.recipients)), (0, 1))

    def test_mail_too_large_for_all_is_given_up_with_the_numbers(self):
        sink, port = self.sink()
        self.outgoing("Small", port, max_email_size=0.1)
        mail = self.large()

        self.run_queue()

        self.assertEqual((mail.state, mail.gateway_cause), ("exception", "too_big"))
        self.assertTrue(mail.dead_letter_at)
        self.assertRegex(
            mail.failure_reason, r"message has \d{6} bytes, the server takes 104857"
        )
        self.assertFalse(sink.recipients)

    def test_too_large_mail_does_not_keep_others_from_the_server(self):
        sink, port = self.sink()
        server = self.outgoing("Small", port, max_email_size=0.1)
        self.large()
        mail = self.mail()

        self.run_queue()

        self.assertEqual(mail.state, "sent")
        self.assertEqual(len(sink.recipients), 1)
        self.assertEqual(server.breaker_state, "closed")


@tagged("post_install", "-at_install")
class TestKnownSize(OutgoingCase):
    """What a server said it takes at most spares the next large mail a connection."""

    def large(self, **values):
        attachment = self.env["ir.attachment"].create(
            {"name": "photo.jpg", "raw": b"\x00\x01" * 150_000, **values}
        )
        return self.mail(attachment_ids=attachment.ids)

    def known(self, name="Small", size=100_000, **values):
        """Return a server that is known to take so much, and that is not there."""
        server = self.outgoing(name, closed_port(), **values)
        self.tell(server, size)
        return server

    def tell(self, server, size=100_000, hours_ago=0):
        said_at = fields.Datetime.now() - timedelta(hours=hours_ago)
        server.write({"announced_size": size, "announced_at": said_at})

    def test_large_mail_goes_by_another_server_without_a_connection(self):
        sink, port = self.sink()
        small = self.known(sequence=1)
        large = self.outgoing("Large", port, sequence=2)
        mail = self.large()

        self.run_queue()

        self.assertEqual(mail.state, "sent", mail.failure_reason)
        self.assertEqual(len(sink.recipients), 1)
        first, second = self.attempts_of(mail)
        self.assertEqual((first.server_id, first.code), (small, 552))
        self.assertEqual((second.server_id, second.outcome), (large, "accepted"))
        self.assertEqual(small.breaker_state, "closed")
        self.assertIn("Large because of Small", mail.gateway_detour)

    def test_mail_too_large_for_all_is_given_up_with_the_numbers(self):
        self.known()
        mail = self.large()

        self.run_queue()

        self.assertEqual((mail.state, mail.gateway_cause), ("exception", "too_big"))
        self.assertTrue(mail.dead_letter_at)
        self.assertRegex(
            mail.failure_reason, "has 4.{5} bytes, the server takes 100000"
        )

    def test_server_is_asked_again_after_a_day(self):
        sink, port = self.sink()
        server = self.outgoing("Was small", port)
        self.tell(server, hours_ago=25)
        mail = self.large()

        self.run_queue()

        self.assertEqual(mail.state, "sent", mail.failure_reason)
        self.assertEqual(len(sink.recipients), 1)

    def test_others_are_sent_and_the_large_one_is_not(self):
        sink, port = self.sink()
        server = self.outgoing("Main", port)
        self.tell(server)
        lost, mail = self.large(), self.mail()

        self.run_queue()

        self.assertEqual((lost.state, mail.state), ("exception", "sent"))
        self.assertEqual(len(sink.recipients), 1)

    def test_mail_whose_attachments_become_links_is_not_too_large(self):
        sink, port = self.sink()
        server = self.outgoing("Main", port, max_email_size=0.1)
        self.tell(server)
        ticket = self.env["grievance.ticket"].create({"subject": "Dark street"})
        mail = self.large(res_model=ticket._name, res_id=ticket.id)

        self.run_queue()

        self.assertEqual(mail.state, "sent", mail.failure_reason)
        self.assertEqual(len(sink.recipients), 1)

    def test_server_says_it_in_each_session(self):
        _sink, port = self.sink()
        server = self.known("Main", 1)
        server.smtp_port = port
        server.state = "done"
        self.mail()

        self.run_queue()

        self.assertEqual(server.announced_size, 33_554_432)  # aiosmtpd's

    def test_test_of_the_server_finds_it(self):
        server = self.known(size=0)
        tested = StepResult(Step.ENVELOPE, StepState.OK, details={"max_size": 5000})

        server._confirm_tested([tested])

        self.assertEqual(server.announced_size, 5000)

    def test_server_of_another_host_has_said_nothing_yet(self):
        server = self.known()

        server.smtp_host = "relay.example"

        self.assertEqual(server.announced_size, 0)
