from odoo import models

from ..core.trust.file_policy import File, bytes_of, examine_file
from ..core.trust.scanning import digest_of


class MailThreadFiles(models.AbstractModel):
    """Keeps from a record the attachments that the gateway does not let in."""

    _inherit = "mail.thread"

    def _message_parse_extract_payload(
        self, message, message_dict, save_original=False
    ):
        """Leave out what is held back; the journal has it still.

        So does the original, which then is not attached either.
        """
        payload = super()._message_parse_extract_payload(
            message, message_dict, save_original=save_original
        )
        trace = self._gateway_trace()
        if not trace or not trace.file_policy:
            return payload
        attachments = payload["attachments"]
        originals = attachments[:1] if save_original else []
        kept = [
            attachment
            for attachment in attachments[len(originals) :]
            if self._lets_in(trace, attachment)
        ]
        if not trace.held_files:
            kept = originals + kept
        return {**payload, "attachments": kept}

    def _lets_in(self, trace, attachment):
        """Say whether an attachment may come to the record; trace it if there is
        something to say."""
        name, content = attachment[0] or "", bytes_of(attachment[1])
        opinion = examine_file(name, content, trace.file_policy, trace.scan)
        if opinion.held or opinion.notes:
            findings = opinion.held or opinion.notes
            digest = digest_of(content) if opinion.held else ""
            file = File(name, len(content), digest, findings)
            (trace.held_files if opinion.held else trace.file_notes).append(file)
        return not opinion.held
