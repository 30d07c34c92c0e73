from markupsafe import Markup, escape

from odoo import models

from ..core.policy.decision import Obstacle
from .mail_message import MOVES_ONE


class MailGatewayInbound(models.Model):
    """Moving a message to another record by hand, when it came to the wrong one."""

    _inherit = "mail.gateway.inbound"

    def _move_by_order(self, target, order):
        """Move a message of a record, with its files, to another record.

        :param self: one row, as superuser; ``target`` as the user who ordered it
        :param order: who moves it, for the journal
        :returns: the :class:`Obstacle`, if there is one

        Nothing else of the record moves: answers to the message were written there.
        """
        source = self._visible_to(target.env)
        if not source:
            return Obstacle.NOT_ALLOWED
        if source == target:
            return Obstacle.SAME
        if source.sudo()._mail_gateway_is_sealed():
            return Obstacle.NOT_ALLOWED  # its message would be read elsewhere
        message = self._message_on_record()
        if not message:
            return Obstacle.GONE
        alone = message.with_context(**{MOVES_ONE: True})
        alone.write(self._moved_values(message, target))
        files = message.attachment_ids.filtered(
            lambda file: (file.res_model, file.res_id) == (source._name, source.id)
        )
        files.write({"res_model": target._name, "res_id": target.id})
        self._tell_move(source.sudo(), target.sudo(), order)
        notes = filter(None, [self.route_notes, order])
        self.write(
            {
                "res_model": target._name,
                "res_id": target.id,
                "route_notes": "\n".join(notes),
            }
        )
        return None

    def _visible_to(self, env):
        """Return the row's record, if the user may change it, else nothing."""
        if self.res_model not in env:
            return None
        record = env[self.res_model].browse(self.res_id).exists()
        return record if record and record.has_access("write") else None

    def _message_on_record(self):
        """Return the message as Odoo has it on the row's record."""
        return self.env["mail.message"].search(
            [
                ("message_id", "=", self.used_message_id or self.message_id),
                ("model", "=", self.res_model),
                ("res_id", "=", self.res_id),
            ],
            limit=1,
        )

    def _moved_values(self, message, target):
        """Return where a message is then; what it answered stays where it was."""
        parent = message.parent_id
        stays = (parent.model, parent.res_id) != (target._name, target.id)
        return {
            "model": target._name,
            "res_id": target.id,
            **({"parent_id": False} if stays else {}),
        }

    def _tell_move(self, source, target, order):
        """Say on both records what was moved where."""
        examination = self.env["mail.gateway.examination"]
        subject = self.subject or self.env._("(no subject)")
        for record, other, text in (
            (
                source,
                target,
                self.env._("The message “%(subject)s” is now on %(link)s."),
            ),
            (target, source, self.env._("The message “%(subject)s” was on %(link)s.")),
        ):
            told = Markup(escape(text)) % {
                "subject": subject,
                "link": other._get_html_link(),
            }
            examination._as_note(record).message_post(
                body=Markup("%s<br/>%s") % (told, order), subtype_xmlid="mail.mt_note"
            )
