from odoo import models
from odoo.exceptions import UserError

from ..advice import FAULT_ADVICE
from ..core.diagnosis.faults import diagnose


class MailGatewayConfirmable(models.AbstractModel):
    """A server that counts only while its connection settings are proven.

    Expects a ``state`` of ``draft`` (Not confirmed) or ``done`` (Confirmed).
    """

    _name = "mail.gateway.confirmable"
    _description = "Mail Server with Test & Confirm"

    def _connection_fields(self):
        """Return the names of the fields whose change calls for a new test."""
        return set()

    def write(self, vals):
        unproven = self.browse()
        if "state" not in vals:
            unproven = self.filtered(lambda server: server._changes_connection(vals))
        result = super().write(vals)
        if unproven:
            unproven.write({"state": "draft"})
        return result

    def _changes_connection(self, vals):
        """Say whether writing ``vals`` makes a confirmed server another one."""
        self.ensure_one()
        return self.state == "done" and any(
            _plain(self[name]) != _plain(vals[name])
            for name in self._connection_fields() & vals.keys()
        )

    # A server that a person enters starts Not confirmed; one that code creates, as
    # other addons and data files do, is taken as it would be in stock Odoo. The web
    # client is known by the two methods that only it calls.

    def onchange(self, values, field_names, fields_spec):
        screen = self.with_context(mail_gateway_screen=True)
        return super(MailGatewayConfirmable, screen).onchange(
            values, field_names, fields_spec
        )

    def web_save(self, vals, specification, next_id=None):
        screen = self.with_context(mail_gateway_screen=True)
        return super(MailGatewayConfirmable, screen).web_save(
            vals, specification, next_id=next_id
        )

    def _entered_on_screen(self):
        """Say whether a person is entering the record in the web client."""
        return bool(self.env.context.get("mail_gateway_screen"))

    def _explain(self, error):
        """Return in the user's words what ``error`` means and what to do about it."""
        if isinstance(error, UserError):
            return str(error)
        fault = diagnose(error)
        advice = self.env._(FAULT_ADVICE[fault.kind])
        reported = self.env._("What was reported: %s", fault.detail)
        return f"{advice}\n\n{reported}"


def _plain(value):
    """Return a field's or a write's value so that the two can be compared."""
    if isinstance(value, bytes):
        value = value.decode()
    return value or False
