"""Deliverability: which domains are looked at, what is kept, who is told."""

from unittest.mock import patch

from gateway_case import GatewayCase

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.mail.tests.common import mail_new_test_user
from odoo.addons.mail_gateway_plus.core.deliverability import volume
from odoo.addons.mail_gateway_plus.core.discovery.names import SystemNames
from odoo.addons.mail_gateway_plus.deliverability_run import DeliverabilityRun

from tests.rig.dns_server import DnsServer

RECORDS = (
    ("city.example", "MX", "10 mx.city.example."),
    ("mx.city.example", "A", "9.9.9.10"),
    ("city.example", "TXT", '"v=spf1 ip4:9.9.9.10 -all"'),
    ("_dmarc.city.example", "TXT", '"v=DMARC1; p=reject"'),
    ("10.9.9.9.in-addr.arpa", "PTR", "mx.city.example."),
)
WITHOUT_SPF = [record for record in RECORDS if "spf1" not in record[2]]


class DeliverabilityCase(GatewayCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["mail.alias.domain"].search([]).unlink()
        cls.reports = cls.env["mail.gateway.deliverability"]
        cls.parameters = cls.env["ir.config_parameter"]

    def setUp(self):
        super().setUp()
        # What waits for the commit is done when a test says so, and in its thread.
        patcher = patch.object(DeliverabilityRun, "start", DeliverabilityRun.run)
        patcher.start()
        self.addCleanup(patcher.stop)
        self.addCleanup(self.env.cr.postcommit.clear)

    def server(self, **values):
        return self.outgoing(
            "Main",
            25,
            **{"from_filter": "city.example", "egress_note": "9.9.9.10/32", **values},
        )

    def dns(self, *records):
        """Have the DNS say this from now on."""
        server = DnsServer(*records).start()
        self.addCleanup(server.stop)
        self.parameters.set_param("mail_gateway_plus.dns_server", server.address)

    def check(self, server):
        """Press the button, and wait for what it starts."""
        server.action_check_deliverability()
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.cr.postcommit.run()
        self.env.invalidate_all()
        return server.deliverability_ids

    def check_as_scheduled(self):
        with self.committing(self.reports) as reports:
            reports._check_due()

    def a_week_later(self, report):
        report.checked_at = fields.Datetime.subtract(fields.Datetime.now(), days=8)
        self.env.flush_all()

    def line(self, server, check):
        [report] = server.deliverability["reports"]
        return next(line for line in report["lines"] if line["name"] == check)


@tagged("post_install", "-at_install")
class TestDeliverabilityReports(DeliverabilityCase):
    def test_report_tells_what_is_fine(self):
        self.dns(*RECORDS)
        server = self.server()

        report = self.check(server)

        self.assertEqual((report.domain, report.state), ("city.example", "ok"))
        for check in ("mx", "spf", "dmarc", "egress"):
            self.assertEqual(self.line(server, check)["state"], "ok", check)
        self.assertEqual(self.line(server, "dkim")["state"], "skipped")
        self.assertIn("mx.city.example", self.line(server, "mx")["text"])

    def test_failed_check_tells_the_record_to_publish(self):
        self.dns(*WITHOUT_SPF)
        server = self.server()

        report = self.check(server)

        self.assertEqual(report.state, "failed")
        line = self.line(server, "spf")
        self.assertIn("no SPF record", line["text"])
        self.assertEqual(
            line["publish"],
            {
                "name": "city.example",
                "kind": "TXT",
                "value": "v=spf1 ip4:9.9.9.10 ~all",
            },
        )

    def test_much_mail_from_the_domain_of_people_is_advised_against(self):
        self.dns(*RECORDS)
        server = self.server()
        self.env.ref("base.user_admin").email = "mayor@city.example"
        with patch.object(volume, "MUCH_A_DAY", 2):
            for number in range(2):
                self.env["mail.gateway.attempt"].create(
                    {"server_id": server.id, "outcome": "accepted", "phase": "accepted"}
                )
                self.check(server)
                causes = [f["cause"] for f in server.deliverability_ids.findings]
                self.assertEqual("volume_shared" in causes, bool(number))

        text = self.line(server, "volume")["text"]
        self.assertIn("2 (notify.city.example)", text)

    def test_provider_says_what_the_record_includes(self):
        self.dns(*RECORDS)
        preset = self.env.ref("mail_gateway_plus.preset_google_workspace")
        server = self.server(preset_id=preset.id)

        self.check(server)

        value = self.line(server, "spf")["publish"]["value"]
        self.assertEqual(value, "v=spf1 ip4:9.9.9.10 include:_spf.google.com -all")
        self.assertEqual(self.line(server, "dkim")["cause"], "dkim_none")
        self.assertEqual(self.line(server, "egress")["cause"], "egress_of_provider")

    def test_second_check_renews_the_report(self):
        self.dns(*WITHOUT_SPF)
        server = self.server()
        first = self.check(server)

        self.dns(*RECORDS)
        second = self.check(server)

        self.assertEqual(first, second)
        self.assertEqual(second.state, "ok")

    def test_domain_that_is_no_longer_sent_for_loses_its_report(self):
        self.dns(*RECORDS)
        server = self.server()
        self.check(server)
        server.from_filter = "town.example"

        self.assertEqual(self.check(server).mapped("domain"), ["town.example"])

    def test_without_the_library_the_page_says_so(self):
        server = self.server()
        path = "odoo.addons.mail_gateway_plus.models."
        with (
            patch(f"{path}mail_gateway_network.is_dns_available", False),
            patch(f"{path}ir_mail_server_deliverability.is_dns_available", False),
        ):
            self.check(server)
            told = server.deliverability

        self.assertIn("dnspython is not installed", told["note"])
        self.assertEqual(told["reports"], [])

    def test_dns_that_does_not_answer_leaves_the_state_open(self):
        server = self.server()
        network = self.registry["mail.gateway.network"]
        silent = SystemNames()
        silent.has_records = True
        with patch.object(network, "_names", lambda self: silent):
            report = self.check(server)

        self.assertEqual(report.state, "skipped")

    def test_check_whose_worker_died_is_not_shown_as_running(self):
        server = self.server()
        senders = server._deliverability_senders()
        report = self.reports._begin(server, senders)
        self.assertTrue(server.deliverability["is_running"])

        report.ends_at = "2026-01-01 00:00:00"
        server.invalidate_recordset()

        self.assertFalse(server.deliverability["is_running"])
        self.assertEqual(server.deliverability["reports"][0]["label"], "Not Known")

    def test_only_administrators_see_and_start_it(self):
        server = self.server()
        operator = mail_new_test_user(
            self.env, "operator", groups="mail_gateway_plus.group_operator"
        )

        with self.assertRaises(AccessError):
            server.with_user(operator).action_check_deliverability()
        with self.assertRaises(AccessError):
            self.reports.with_user(operator).search([])


@tagged("post_install", "-at_install")
class TestDomainsOfAServer(DeliverabilityCase):
    def test_filter_and_default_sender_name_the_domains(self):
        server = self.server(
            from_filter="city.example, clerk@office.example, city.example",
            from_address="noreply@town.example",
        )

        self.assertEqual(
            server._sender_domains(), ["city.example", "office.example", "town.example"]
        )

    def test_server_for_all_sends_for_the_email_domains(self):
        self.env["mail.alias.domain"].create({"name": "city.example"})

        server = self.server(from_filter=False)

        self.assertEqual(server._sender_domains(), ["city.example"])

    def test_email_domain_that_the_filter_excludes_is_none(self):
        self.env["mail.alias.domain"].create({"name": "town.example"})

        self.assertEqual(self.server()._sender_domains(), ["city.example"])

    def test_without_anything_else_the_account_names_the_domain(self):
        server = self.server(from_filter=False, smtp_user="odoo@city.example")

        self.assertEqual(server._sender_domains(), ["city.example"])

    def test_domain_is_asked_for_as_the_dns_knows_it(self):
        server = self.server(from_filter="müller.example")

        self.assertEqual(server._sender_domains(), ["xn--mller-kva.example"])

    def test_bounces_go_to_the_email_domain_where_the_server_may_send_for_it(self):
        domain = self.env["mail.alias.domain"].create({"name": "bounces.example"})
        self.env.company.alias_domain_id = domain

        apart = self.server(from_filter="city.example, bounces.example")
        own = self.server()

        self.assertEqual(apart._bounce_domain("city.example"), "bounces.example")
        self.assertEqual(own._bounce_domain("city.example"), "city.example")

    def test_selectors_are_read_however_they_are_separated(self):
        server = self.server(dkim_selectors="s1, s2;s3  2026.mail -bad")

        sender = server._deliverability_senders()["city.example"]

        self.assertEqual(sender.selectors, ("s1", "s2", "s3", "2026.mail"))


@tagged("post_install", "-at_install")
class TestScheduledCheck(DeliverabilityCase):
    def setUp(self):
        super().setUp()
        self.dns(*RECORDS)
        self.main = self.server()
        self.check_as_scheduled()
        self.report = self.main.deliverability_ids

    def test_what_was_fine_and_fails_is_told_once(self):
        for _week in range(2):
            self.dns(*WITHOUT_SPF)
            self.a_week_later(self.report)
            self.check_as_scheduled()

        self.assertEqual(self.report.state, "failed")
        alerts = self.report.alert_ids
        self.assertEqual(len(alerts), len(self.report._administrators()))
        self.assertIn("no SPF record", alerts[0].note)
        self.assertIn("city.example", alerts[0].summary)

    def test_alert_is_withdrawn_when_all_is_well_again(self):
        self.dns(*WITHOUT_SPF)
        self.a_week_later(self.report)
        self.check_as_scheduled()
        self.assertTrue(self.report.alert_ids)

        self.dns(*RECORDS)
        self.a_week_later(self.report)
        self.check_as_scheduled()

        self.assertFalse(self.report.alert_ids)

    def test_what_was_never_fine_is_not_told(self):
        self.dns()
        self.main.from_filter = "town.example"
        self.check_as_scheduled()

        self.assertEqual(self.main.deliverability_ids.state, "failed")
        self.assertFalse(self.main.deliverability_ids.alert_ids)

    def test_missing_answer_is_no_change(self):
        self.parameters.set_param("mail_gateway_plus.dns_server", "127.0.0.1:1")
        self.a_week_later(self.report)
        self.check_as_scheduled()
        self.assertEqual(self.report.state, "skipped")
        self.assertFalse(self.report.alert_ids)

        self.dns(*WITHOUT_SPF)
        self.a_week_later(self.report)
        self.check_as_scheduled()

        self.assertTrue(self.report.alert_ids)

    def test_dns_that_did_not_answer_is_asked_again_the_next_day(self):
        now = fields.Datetime.now()
        self.report.write({"state": "skipped", "checked_at": now})
        self.assertFalse(
            self.reports._is_due(self.main, {"city.example": None}),
        )

        self.report.checked_at = fields.Datetime.subtract(now, days=1)

        self.assertTrue(self.reports._is_due(self.main, {"city.example": None}))

    def test_what_was_checked_this_week_is_not_asked_again(self):
        before = self.report.checked_at

        self.dns(*WITHOUT_SPF)
        self.check_as_scheduled()

        self.assertEqual(self.report.checked_at, before)

    def test_server_that_is_not_confirmed_is_not_checked(self):
        draft = self.server(state="draft", from_filter="town.example")

        self.check_as_scheduled()

        self.assertFalse(draft.deliverability_ids)
