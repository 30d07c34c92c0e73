"""Senders are looked up in the DNS before their mail is processed."""

from unittest.mock import patch

import dkim
from gateway_case import letter
from sender_case import TrustCase

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.mail_gateway_plus.core.policy.deaths import DEATHS_UNTIL_PARKED
from odoo.addons.mail_gateway_plus.models import mail_gateway_inbound_trust

from tests.rig.arc_seals import sealed
from tests.rig.dkim_keys import as_strings, key_pair, key_record
from tests.rig.dns_server import DnsServer

CITY_KEY = ("mail._domainkey.city.example", "TXT", as_strings(key_record()))


@tagged("post_install", "-at_install")
class TestOwnChecks(TrustCase):
    """What the mailbox's server does not tell is asked of the DNS, beforehand."""

    def dns(self, *records):
        server = DnsServer(*records).start()
        self.addCleanup(server.stop)
        self.env["ir.config_parameter"].set_param(
            "mail_gateway_plus.dns_server", server.address
        )
        return server

    def signed(self, number=1, domain=b"city.example"):
        raw = self.from_mayor(number=number).replace(b"\n", b"\r\n")
        return dkim.sign(raw, b"mail", domain, key_pair(1024)[0]) + raw

    def checking(self, **values):
        return self.mailbox(**values)

    def test_own_signature_verifies(self):
        dns = self.dns(CITY_KEY)
        server = self.checking()
        row = self.journal_letters(server, self.signed())
        self.assertTrue(row.awaits_check)
        self.assertEqual(dns.asked, [])

        self.process()

        self.assertEqual((row.state, row.verdict), ("done", "verified"))
        self.assertFalse(row.awaits_check)
        self.assertEqual(row._visible_record().create_uid, self.mayor)
        self.assertIn("DKIM: passed for city.example", row.verdict_notes)

    def test_broken_signature_does_not(self):
        self.dns(CITY_KEY)
        raw = self.signed().replace(b"dark", b"fine")
        row = self.receive(self.checking(), raw)

        self.assertEqual((row.state, row.verdict), ("done", "unverified"))
        self.assertEqual(
            row._visible_record().create_uid, self.env.ref("base.user_root")
        )

    def test_nothing_is_asked_about_what_has_no_signature(self):
        dns = self.dns()
        row = self.receive(self.checking(), letter())

        self.assertEqual(row.state, "done")
        self.assertEqual(dns.asked, [])

    def test_domain_that_asks_for_refusal_is_heard_where_it_matters(self):
        self.dns(("_dmarc.home.example", "TXT", '"v=DMARC1; p=reject"'))
        row = self.receive(self.checking(failed_policy="unknown"), letter())

        self.assertEqual((row.state, row.verdict), ("done", "failed"))
        self.assertIn("home.example asks", row.verdict_notes)

    def test_silent_dns_has_the_message_wait_and_no_other(self):
        self.dns().stop()
        with self.quick_dns():
            server = self.checking()
            waiting, other = self.receive(server, self.signed(), letter())

        self.assertEqual((waiting.state, other.state), ("pending", "done"))
        self.assertTrue(waiting.awaits_check)
        self.assertGreater(waiting.retry_at, fields.Datetime.now())

    def test_dns_that_stays_silent_leaves_the_sender_unverified(self):
        self.dns().stop()
        with self.quick_dns():
            row = self.receive(self.checking(), self.signed())
            for _try in range(3):
                row.retry_at = fields.Datetime.now()
                self.process()

        self.assertEqual((row.state, row.verdict), ("done", "unverified"))
        self.assertIn("did not answer", row.verdict_notes)

    def test_silent_dns_is_no_reason_to_refuse(self):
        self.dns().stop()
        with self.quick_dns():
            row = self.receive(self.checking(sender_policy="refuse"), self.signed())
            for _try in range(3):
                row.retry_at = fields.Datetime.now()
                self.process()

        self.assertEqual(row.state, "quarantined")

    def test_sender_can_be_looked_at_again(self):
        self.dns(CITY_KEY)
        server = self.checking(checks_senders=False, sender_policy="park")
        row = self.receive(server, self.signed())
        self.assertEqual((row.state, row.verdict), ("quarantined", "unverified"))

        server.checks_senders = True
        row.action_check_sender()
        row.action_retry()

        self.assertEqual((row.state, row.verdict), ("done", "verified"))

    def test_many_that_wait_for_the_dns_keep_nobody_behind_them_waiting(self):
        self.dns().stop()
        with (
            self.quick_dns(),
            patch.object(mail_gateway_inbound_trust, "CHECKED_AT_ONCE", 2),
        ):
            letters = [self.signed(number) for number in range(1, 6)]
            rows = self.receive(self.checking(), *letters)

        self.assertEqual(rows.mapped("check_tries"), [1] * 5)

    def test_message_that_killed_who_looked_at_it_is_looked_at_alone_then_no_more(self):
        dns = self.dns(CITY_KEY)
        server = self.checking()
        deadly, other = self.journal_letters(server, self.signed(1), self.signed(2))
        deadly.check_starts = 2
        self.assertEqual((deadly + other)._not_deadly_to_check(), deadly)

        deadly.check_starts = DEATHS_UNTIL_PARKED
        self.process()

        self.assertEqual((deadly.state, deadly.verdict), ("done", "unverified"))
        self.assertIn("was killed", deadly.verdict_notes)
        self.assertEqual((other.state, other.verdict), ("done", "verified"))
        self.assertTrue(dns.asked)

    def quick_dns(self):
        return patch("odoo.addons.mail_gateway_plus.core.trust.asking.SECONDS", 0.2)

    def test_names_of_results_are_suggested(self):
        server = self.checking()
        raw = letter(Authentication_Results="mx.provider.example; spf=none")
        received = b"Received: from a by mx.provider.example; now\n"
        self.receive(server, received + raw)

        server.action_look_at_results()

        [seen] = server.seen_voucher_ids
        told = (seen.name, seen.kind, seen.hops, seen.count, seen.is_trusted)
        self.assertEqual(told, ("mx.provider.example", "results", 1, 1, False))

    def test_name_that_was_seen_is_believed_at_the_press_of_a_button(self):
        server = self.checking(authserv_ids="mx.city.example")
        self.receive(server, letter(Authentication_Results="mx.provider.example; none"))
        server.action_look_at_results()

        server.seen_voucher_ids.action_trust()
        server.seen_voucher_ids.action_trust()

        self.assertEqual(server.authserv_ids, "mx.city.example, mx.provider.example")
        self.assertTrue(server.seen_voucher_ids.is_trusted)

        server.action_look_at_results()
        self.assertEqual(len(server.seen_voucher_ids), 1)

    def test_only_administrators_say_who_is_believed(self):
        server = self.checking()
        self.receive(server, letter(Authentication_Results="mx.provider.example; none"))
        server.action_look_at_results()
        operator = new_test_user(
            self.env, "olga", groups="mail_gateway_plus.group_operator"
        )

        with self.assertRaises(AccessError):
            server.seen_voucher_ids.with_user(operator).action_trust()

    def test_pinned_forwarder_vouches_for_whom_it_forwards(self):
        """What a mailing list changes, it breaks; it has sealed what it had found."""
        self.dns(
            CITY_KEY,
            ("_dmarc.city.example", "TXT", '"v=DMARC1; p=reject"'),
            ("mail._domainkey.lists.example", "TXT", as_strings(key_record())),
        )
        raw = self.from_mayor().replace(b"\n", b"\r\n")
        forwarded = sealed(raw, "lists.example", "dmarc=pass header.from=city.example")
        server = self.checking(failed_policy="park")
        self.assertEqual(self.receive(server, forwarded).verdict, "failed")

        server.action_look_at_results()
        server.seen_voucher_ids.filtered(lambda one: one.kind == "seal").action_trust()
        row = self.rows(server)
        row.action_check_sender()

        self.assertEqual(server.arc_sealers, "lists.example")
        self.assertEqual(
            (row.verdict, row.verdict_domain), ("verified", "city.example")
        )
        self.assertIn("ARC: lists.example", row.verdict_notes)
