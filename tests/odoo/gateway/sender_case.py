"""What the tests of trust share: a mailbox that believes its server, and a mayor."""

from gateway_case import GatewayCase, letter

BORDER = "mx.city.example"
PASSED = f"{BORDER}; dmarc=pass header.from=city.example"


class TrustCase(GatewayCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mayor = cls.env["res.users"].create(
            {"name": "Mayor", "login": "mayor", "email": "mayor@city.example"}
        )
        cls.model_id = cls.env["ir.model"]._get_id("grievance.ticket")

    def trusting(self, **values):
        """Return a mailbox whose server is believed, and nobody else asked."""
        return self.mailbox(
            **{"authserv_ids": BORDER, "checks_senders": False, **values}
        )

    def from_mayor(self, results="", number=1, **headers):
        if results:
            headers["Authentication_Results"] = results
        return letter(
            f"Order {number}",
            f"<{number}@city.example>",
            sender="The Mayor <mayor@city.example>",
            **headers,
        )

    def alias(self, contact="everyone", **values):
        domain = self.env["mail.alias.domain"].search([("name", "=", "city.example")])
        domain = domain or domain.create({"name": "city.example"})
        return self.env["mail.alias"].create(
            {
                "alias_name": "grievances",
                "alias_domain_id": domain.id,
                "alias_model_id": self.model_id,
                "alias_contact": contact,
                **values,
            }
        )

    def bounces(self):
        return self.env["mail.mail"].search([("subject", "=like", "Re: Order%")])
