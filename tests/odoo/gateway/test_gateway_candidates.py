"""Which servers a mail may go through, and in which order."""

from collections import Counter
from datetime import timedelta

from freezegun import freeze_time
from gateway_case import GatewayCase

from odoo import fields
from odoo.tests import new_test_user, tagged

from odoo.addons.mail_gateway_plus.core.policy.verdict import Kind, Scope, Verdict

REFUSED = Verdict(Kind.PERMANENT, Scope.ACCOUNT, cause="login_refused")
FROM = "odoo@city.example"


@tagged("post_install", "-at_install")
class TestCandidates(GatewayCase):
    def server(self, name, sequence=10, **values):
        return self.outgoing(name, 25, sequence=sequence, **values)

    def names(self, found=None, **options):
        found = self.env["ir.mail_server"] if found is None else found
        return found._gateway_candidates(FROM, **options).mapped("name")

    def put_out_of_use(self, server):
        self.env["mail.gateway.breaker"]._note_fault(server, REFUSED)

    def test_lowest_priority_number_comes_first(self):
        self.server("B", 2)
        self.server("A", 1)
        self.server("C", 3)

        self.assertEqual(self.names(), ["A", "B", "C"])

    def test_only_confirmed_servers_that_may_send_for_the_sender_count(self):
        self.server("Not confirmed", state="draft")
        self.server("For others", from_filter="other.example")
        self.server("Archived", active=False)
        self.server("Ours", from_filter="city.example")

        self.assertEqual(self.names(), ["Ours"])

    def test_server_of_the_address_comes_before_one_of_the_domain_before_any(self):
        self.server("Any", 1)
        self.server("Domain", 2, from_filter="city.example")
        self.server("Address", 3, from_filter="other.example, Odoo@city.example")

        self.assertEqual(self.names(), ["Address", "Domain", "Any"])

    def test_servers_of_one_priority_share_the_mail_by_weight(self):
        self.server("Big", weight=3)
        self.server("Small", weight=1)
        self.server("Spare", weight=0)

        first = Counter(self.names()[0] for _mail in range(200))

        self.assertTrue(110 < first["Big"] < 185, first)
        self.assertEqual(first["Big"] + first["Small"], 200)

    def test_server_that_odoo_found_and_its_equals_come_first(self):
        self.server("Best", 1)
        found = self.server("Found", 2)
        self.server("Equal", 2)

        names = {tuple(self.names(found)) for _mail in range(50)}

        self.assertEqual(
            names, {("Found", "Equal", "Best"), ("Equal", "Found", "Best")}
        )

    def test_server_out_of_use_is_left_out(self):
        self.server("A", 1)
        self.put_out_of_use(self.server("B", 2))

        self.assertEqual(self.names(), ["A"])

    def test_server_that_is_just_back_stands_behind_the_others(self):
        best = self.server("Best", 1)
        self.server("Other", 2)
        now = fields.Datetime.now()
        self.put_out_of_use(best)
        with freeze_time(now + timedelta(minutes=2)):
            for _try in range(2):
                self.assertEqual(self.names()[0], "Best")
                self.env["mail.gateway.breaker"]._note_success(best)
            self.assertEqual(self.names(), ["Other", "Best"])
        with freeze_time(now + timedelta(minutes=10)):
            self.assertEqual(self.names(), ["Best", "Other"])

    def test_chosen_server_is_left_alone(self):
        chosen = self.server("Chosen", 2)
        self.server("Best", 1)
        self.put_out_of_use(chosen)

        self.assertEqual(self.names(chosen, is_forced=True), ["Chosen"])

    def test_server_of_somebodys_own_is_left_alone(self):
        user = new_test_user(self.env, "amina", "base.group_user")
        own = self.server("Own", owner_user_id=user.id, from_filter=FROM)
        self.server("Best", 1)

        self.assertEqual(self.names(own), ["Own"])
        self.assertEqual(self.names(), ["Best"])

    def test_server_whose_quota_is_spent_is_passed_over(self):
        self.spent("Spent", "next")
        self.server("Other", 2)

        self.assertEqual(self.names(), ["Other"])

    def test_mail_waits_for_a_server_whose_quota_is_spent_where_it_is_set_so(self):
        self.spent("Spent", "wait")
        self.server("Other", 2)

        self.assertEqual(self.names(), ["Spent", "Other"])

    def spent(self, name, when_spent):
        server = self.server(name, 1, when_spent=when_spent)
        self.env["mail.gateway.quota"].create(
            {"server_id": server.id, "max_messages": 1}
        )
        self.env["mail.gateway.quota"]._reserve(server, 1, 1)

    def test_administrator_sets_after_how_many_days_a_mail_is_given_up(self):
        servers = self.env["ir.mail_server"]
        self.assertEqual(servers._patience().give_up_after, timedelta(days=4))

        self.env["ir.config_parameter"].set_param("mail_gateway_plus.give_up_days", "1")
        self.assertEqual(servers._patience().give_up_after, timedelta(days=1))
