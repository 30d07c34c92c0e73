"""What the addon adds to a model that everybody extends is told by its name."""

from odoo.tests import TransactionCase, tagged

# Methods of Odoo itself that ours extend or replace are found in its own classes.
OURS = "odoo.addons.mail_gateway_plus."
PREFIXES = ("_gateway_", "action_", "__")


@tagged("post_install", "-at_install")
class TestNames(TransactionCase):
    def test_no_method_of_ours_can_hide_that_of_another_addon(self):
        classes = type(self.env["mail.mail"]).mro()
        others = set()
        for each in classes:
            if not each.__module__.startswith(OURS):
                others.update(vars(each))

        bare = {
            name
            for each in classes
            if each.__module__.startswith(OURS)
            for name, value in vars(each).items()
            if callable(value) or isinstance(value, classmethod | staticmethod)
            if name not in others and not name.startswith(PREFIXES)
        }

        self.assertFalse(sorted(bare))
