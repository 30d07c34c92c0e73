from odoo import models

from ..core.policy.dispatch import Dispatch


class MailMail(models.Model):
    _inherit = "mail.mail"

    def send(self, *args, **kwargs):
        """Send with a note in the context of which mails a session is opened for."""
        mails = self.with_context(mail_gateway_dispatch=Dispatch())
        return super(MailMail, mails).send(*args, **kwargs)

    def _split_by_mail_configuration(self):
        """Keep mails whose server was chosen by hand apart from all others.

        Odoo puts both in one batch when their server is the same; but only for the
        others may another server stand in.
        """
        dispatch = self.env.context.get("mail_gateway_dispatch")
        if dispatch is None:
            yield from super()._split_by_mail_configuration()
            return
        for *configuration, mail_ids in super()._split_by_mail_configuration():
            mails = self.browse(mail_ids)
            forced = mails.filtered("mail_server_id")
            for batch, is_forced in ((forced, True), (mails - forced, False)):
                if batch:
                    dispatch.start_batch(batch.ids, is_forced)
                    yield (*configuration, batch.ids)

    def _prepare_outgoing_list(self, *args, **kwargs):
        if dispatch := self.env.context.get("mail_gateway_dispatch"):
            dispatch.current_mail_id = self.id
        return super()._prepare_outgoing_list(*args, **kwargs)
