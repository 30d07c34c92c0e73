"""What goes wrong with one mail stays with it: no other is held up, none goes twice."""

from datetime import timedelta
from unittest.mock import patch

from gateway_case import closed_port
from outgoing_case import OutgoingCase

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.mail_gateway_plus.core.protocols.smtp import SmtpSession

AMINA, BO = "amina@home.example", "bo@home.example"


@tagged("post_install", "-at_install")
class TestOneMailAndTheOthers(OutgoingCase):
    def poisoned(self, wrong):
        """Have ``SmtpSession.offer`` raise for mail to one address."""
        offer = SmtpSession.offer

        def raising(session, message, sender, recipients):
            if wrong in recipients:
                raise ValueError("a message that cannot be written")
            return offer(session, message, sender, recipients)

        return patch.object(SmtpSession, "offer", raising)

    def test_message_that_cannot_be_written_holds_up_nobody(self):
        sink, port = self.sink()
        self.outgoing("Main", port, session_limit=1)
        bad, *good = (self.mail(email_to=f"p{n}@x.example") for n in range(4))

        with self.poisoned(bad.email_to):
            self.run_queue()

        self.assertEqual([mail.state for mail in good], ["sent"] * 3)
        self.assertEqual(bad.state, "exception")
        self.assertIn("cannot be written", bad.failure_reason)

    def test_mail_that_cannot_be_deleted_holds_up_nobody(self):
        sink, port = self.sink()
        self.outgoing("Main", port, session_limit=1)
        kept, other = self.mail(auto_delete=True), self.mail(email_to=BO)
        message_class = self.registry["mail.message"]
        unlink = message_class.unlink

        def refusing(messages):
            if kept.mail_message_id.id in messages.ids:
                raise ValueError("an addon keeps it")
            return unlink(messages)

        with patch.object(message_class, "unlink", refusing):
            self.run_queue()
            late = self.mail(email_to="late@home.example")
            self.run_queue()

        self.assertEqual(sorted(sink.recipients), [AMINA, BO, "late@home.example"])
        self.assertEqual((kept.state, other.state), ("sent", "sent"))
        self.assertEqual(late.state, "sent")

    def test_result_of_a_killed_worker_that_nobody_can_tell_holds_up_nobody(self):
        sink, port = self.sink()
        self.outgoing("Main", port)
        dead, other = self.mail(), self.mail(email_to=BO)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_mail SET gateway_claim = 42, gateway_phase = 'dot',"
            " gateway_claimed_until = now() + interval '1 hour' WHERE id = %s",
            [dead.id],
        )
        self.env.invalidate_all()
        mail_class = self.registry["mail.mail"]
        postprocess = mail_class._postprocess_sent_message

        def refusing(mails, *args, **kwargs):
            if dead.id in mails.ids:
                raise ValueError("an addon's fault")
            return postprocess(mails, *args, **kwargs)

        with patch.object(mail_class, "_postprocess_sent_message", refusing):
            self.run_queue()

        self.assertEqual((dead.state, other.state), ("uncertain", "sent"))

    def test_mail_deleted_while_its_server_is_down_takes_none_with_it(self):
        self.outgoing("Down", closed_port())
        deleted, other = self.mail(), self.mail(email_to=BO)
        mail_class = self.registry["mail.mail"]
        note = mail_class._gateway_note_unreachable

        def delete_first(mails, *args):
            mails.env.cr.execute("DELETE FROM mail_mail WHERE id = %s", [deleted.id])
            mails.env.invalidate_all()
            return note(mails, *args)

        with patch.object(mail_class, "_gateway_note_unreachable", delete_first):
            self.run_queue()

        self.assertEqual(other.state, "outgoing")
        self.assertEqual(other.gateway_tries, 1)

    def test_mail_deleted_before_its_server_is_chosen_takes_none_with_it(self):
        sink, port = self.sink()
        self.outgoing("Main", port)
        deleted, other = self.mail(), self.mail(email_to=BO)
        mail_class = self.registry["mail.mail"]
        servers_for = mail_class._gateway_servers_for

        def delete_first(mails, *args):
            mails.env.cr.execute("DELETE FROM mail_mail WHERE id = %s", [deleted.id])
            mails.env.invalidate_all()
            return servers_for(mails, *args)

        with patch.object(mail_class, "_gateway_servers_for", delete_first):
            self.run_queue()

        self.assertEqual(other.state, "sent")

    def test_mail_deleted_while_it_is_refused_takes_none_with_it(self):
        sink, port = self.sink(refused=[AMINA])
        self.outgoing("Main", port, session_limit=1)
        deleted, other = self.mail(), self.mail(email_to=BO)
        attempts_class = self.registry["mail.gateway.attempt"]
        record = attempts_class._record

        def delete_first(attempts, origin, *args):
            if origin["mail_id"] == deleted.id:
                attempts.env.cr.execute(
                    "DELETE FROM mail_mail WHERE id = %s", [deleted.id]
                )
                attempts.env.invalidate_all()
            return record(attempts, origin, *args)

        with patch.object(attempts_class, "_record", delete_first):
            self.run_queue()

        self.assertEqual(other.state, "sent")
        self.assertEqual(sink.recipients, [BO])


@tagged("post_install", "-at_install")
class TestNobodyTwice(OutgoingCase):
    def partners(self, *addresses):
        return self.env["res.partner"].create(
            [{"name": address, "email": address} for address in addresses]
        )

    def test_quota_spent_between_two_contacts(self):
        sink, port = self.sink()
        other_sink, other_port = self.sink()
        first = self.outgoing("First", port, sequence=1)
        self.outgoing("Second", other_port, sequence=2)
        self.env["mail.gateway.quota"].create(
            {"server_id": first.id, "window_unit": "day", "max_messages": 1}
        )
        mail = self.mail(email_to=False, recipient_ids=self.partners(AMINA, BO).ids)

        self.run_queue()

        self.assertEqual(sink.recipients, [AMINA])
        self.assertEqual(other_sink.recipients, [BO])
        self.assertEqual(mail.state, "sent")

    def test_address_with_an_international_domain(self):
        sink, port = self.sink(deferred=[BO])
        self.outgoing("Main", port)
        mail = self.mail(email_to=f"eva@müller.example, {BO}")
        self.run_queue()
        self.assertEqual(mail.state, "outgoing")
        self.assertEqual(sink.recipients, ["eva@xn--mller-kva.example"])

        sink.deferred.clear()
        self.make_due(mail)
        self.run_queue()

        self.assertEqual(sink.recipients, ["eva@xn--mller-kva.example", BO])

    def test_recipient_that_an_addon_adds(self):
        sink, port = self.sink(deferred=[BO])
        self.outgoing("Main", port)
        server_class = self.registry["ir.mail_server"]
        prepare = server_class._prepare_email_message__

        def with_archive(servers, message, session):
            sender, recipients, message = prepare(servers, message, session)
            return sender, [*recipients, "archive@city.example"], message

        mail = self.mail(email_to=f"{AMINA}, {BO}")
        with patch.object(server_class, "_prepare_email_message__", with_archive):
            self.run_queue()
            sink.deferred.clear()
            self.make_due(mail)
            self.run_queue()

        self.assertEqual(sink.recipients, [AMINA, "archive@city.example", BO])

    def test_attempts_are_kept_as_long_as_the_mail_is_open(self):
        sink, port = self.sink(deferred=[BO])
        self.outgoing("Main", port)
        mail = self.mail(email_to=f"{AMINA}, {BO}")
        self.run_queue()
        self.env.cr.execute(
            "UPDATE mail_gateway_attempt SET create_date = '2020-01-01'"
            " WHERE mail_id = %s",
            [mail.id],
        )

        self.attempts._gc_attempts()
        sink.deferred.clear()
        self.make_due(mail)
        self.run_queue()

        self.assertEqual(sink.recipients, [AMINA, BO])


@tagged("post_install", "-at_install")
class TestByPersons(OutgoingCase):
    def test_send_now_does_not_wait_for_the_scheduled_date(self):
        sink, port = self.sink()
        self.outgoing("Main", port)
        mail = self.mail(scheduled_date=fields.Datetime.now() + timedelta(days=1))

        with self.as_in_production():
            mail.send()
        self.run_queue()

        self.assertEqual(mail.state, "sent")

    def test_who_may_not_write_mails_may_not_hurry_them(self):
        user = self.env["res.users"].create(
            {
                "name": "User",
                "login": "hurried_user",
                "group_ids": [(4, self.env.ref("base.group_user").id)],
            }
        )
        mail = self.mail(gateway_lane="2_notification")

        with self.as_in_production(), self.assertRaises(AccessError):
            mail.with_user(user).send()

        self.assertEqual(mail.gateway_lane, "2_notification")

    def test_cancelled_mail_is_no_dead_letter(self):
        mail = self.mail()
        mail.write({"state": "exception", "dead_letter_at": "2026-01-01"})

        mail.cancel()

        self.assertFalse(mail.dead_letter_at)

    def test_mail_is_created_without_the_scheduler(self):
        self.env.ref("mail.ir_cron_mail_scheduler_action").unlink()
        self.env.cr.precommit.clear()

        with self.as_in_production():
            self.mail()

        self.env.cr.precommit.run()


@tagged("post_install", "-at_install")
class TestPatience(OutgoingCase):
    def test_mail_is_given_up_after_the_days_that_are_set(self):
        _sink, port = self.sink(deferred=[AMINA])
        self.outgoing("Main", port)
        self.env["ir.config_parameter"].set_param("mail_gateway_plus.give_up_days", "1")
        since = fields.Datetime.now() - timedelta(days=2)
        mail = self.mail(gateway_tries=9, gateway_since=since)

        self.run_queue()

        self.assertEqual(mail.state, "exception")

    def test_mail_waits_until_a_server_may_be_back(self):
        server = self.outgoing("Down", closed_port())
        breakers = self.env["mail.gateway.breaker"]
        breakers._force_open(server)
        back_at = fields.Datetime.now() + timedelta(minutes=10)
        breakers.search([("server_id", "=", server.id)]).open_until = back_at
        mail = self.mail()

        self.run_queue()

        self.assertEqual((mail.state, mail.gateway_tries), ("outgoing", 0))
        self.assertGreaterEqual(mail.scheduled_date, back_at)
        self.assertLess(mail.scheduled_date, back_at + timedelta(minutes=1))

    def test_own_quota_gives_no_mail_up(self):
        _sink, port = self.sink()
        server = self.outgoing("Main", port, when_spent="wait")
        quota = self.env["mail.gateway.quota"].create(
            {"server_id": server.id, "window_unit": "day", "max_messages": 1}
        )
        quota._reserve(server, 1, 1)
        mail = self.mail(gateway_tries=9, gateway_since="2026-01-01 00:00:00")

        self.run_queue()

        self.assertEqual((mail.state, mail.gateway_tries), ("outgoing", 9))
        self.assertEqual(mail.gateway_cause, "sending_quota")

    def test_own_quota_costs_no_session_for_each_mail(self):
        _sink, port = self.sink()
        server = self.outgoing("Main", port, when_spent="wait", session_limit=1)
        quota = self.env["mail.gateway.quota"].create(
            {"server_id": server.id, "window_unit": "day", "max_messages": 1}
        )
        quota._reserve(server, 1, 1)
        for number in range(10):
            self.mail(email_to=f"p{number}@home.example")
        dialled, dial = [], type(server)._dial

        def noting(server, route):
            dialled.append(server.id)
            return dial(server, route)

        with patch.object(type(server), "_dial", noting):
            self.run_queue()

        self.assertLessEqual(len(dialled), 1)


@tagged("post_install", "-at_install")
class TestPrivacy(OutgoingCase):
    def test_servers_words_are_kept_without_the_address(self):
        sink, port = self.sink()
        self.outgoing("Main", port)

        async def quoting(server, session, envelope, address, options):
            return f"550 5.1.1 <{address.upper()}>: user unknown"

        sink.handle_RCPT = quoting
        mail = self.mail()

        self.run_queue()

        attempt = self.attempts_of(mail)
        self.assertIn(AMINA.upper(), mail.failure_reason)
        for reply in (attempt.reply, attempt.recipient_ids.reply):
            self.assertNotIn("amina", reply.lower())
            self.assertIn("user unknown", reply)

    def test_recipients_of_other_companies_are_not_read(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        attempt = self.attempts.create(
            {"outcome": "failed", "phase": "rcpt", "company_id": company.id}
        )
        row = self.recipients.create(
            {"attempt_id": attempt.id, "outcome": "refused", "domain": "x.example"}
        )
        operator = self.env["res.users"].create(
            {
                "name": "Operator",
                "login": "operator_recipients",
                "group_ids": [(4, self.env.ref("mail_gateway_plus.group_operator").id)],
            }
        )

        self.assertNotIn(row, self.recipients.with_user(operator).search([]))
