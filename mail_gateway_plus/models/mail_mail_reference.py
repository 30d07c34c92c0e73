from odoo import models

from ..core.policy.references import with_signed_reference

# System parameter: whether subjects name the record. Off unless set: they are read by
# people, who may not expect it.
SUBJECT_REFERENCES = "mail_gateway_plus.subject_references"


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _prepare_outgoing_list(self, *args, **kwargs):
        """Have subjects name their record, signed, where that is wished.

        An answer finds it by that even if it is written anew, from another address.
        What stands in the record's conversation is left as it was written.
        """
        emails = super()._prepare_outgoing_list(*args, **kwargs)
        if record := self._gateway_named_record():
            reference = record[record._mail_gateway_reference]
            signed = record._mail_gateway_signed_reference()
            for email in emails:
                subject = email.get("subject") or ""
                email["subject"] = with_signed_reference(subject, reference, signed)
        return emails

    def _gateway_named_record(self):
        """Return the record that the subject is to name, if there is one."""
        # sudo: whoever sends need not read parameters, nor the record
        env = self.env(su=True)
        wished = env["ir.config_parameter"].get_param(SUBJECT_REFERENCES, "False")
        if wished != "True" or not self.res_id or self.model not in env:
            return None
        field = getattr(env[self.model], "_mail_gateway_reference", None)
        record = field and env[self.model].browse(self.res_id).exists()
        return record if record and record[field] else None
