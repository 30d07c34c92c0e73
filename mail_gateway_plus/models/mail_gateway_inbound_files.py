from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import str2bool

from ..core.policy.outcome import State
from ..core.protocols.clamd import Clamd
from ..core.trust.file_policy import (
    BLOCKED_EXTENSIONS,
    FilePolicy,
    bytes_of,
    read_extensions,
)
from ..core.trust.scanning import Scan, digest_of
from ..file_texts import tell_findings

# System parameters: which files are held back, and where the virus scanner is.
EXTENSIONS = "mail_gateway_plus.blocked_extensions"
MACROS = "mail_gateway_plus.hold_macros"
ENCRYPTED = "mail_gateway_plus.hold_encrypted"
CLAMD = "mail_gateway_plus.clamd_address"
WITHOUT_CLAMD = "mail_gateway_plus.clamd_absent"


class MailGatewayInboundFiles(models.Model):
    """Which of a message's files come to the record, and which only stay here."""

    _inherit = "mail.gateway.inbound"

    scan_state = fields.Selection(
        [
            ("clean", "Clean"),
            ("infected", "Infected"),
            ("in_text", "Infected in its text"),
            ("unscanned", "Not scanned"),
        ],
        string="Virus Scanner",
        readonly=True,
        help="What the virus scanner found in the message.",
    )
    scan_name = fields.Char(
        string="Found", readonly=True, help="What was found, or why nothing was."
    )
    scan_clean = fields.Text(
        readonly=True,
        help="SHA-256 of the files of an infected message that are clean.",
    )
    held_file_ids = fields.One2many(
        "mail.gateway.held.file",
        "inbound_id",
        string="Files Held Back",
        readonly=True,
        help="Attachments that were kept from the record. They are here as long as the "
        "message's content is.",
    )

    # -------------------------------------------------------------------- settings

    @api.model
    def _file_policy(self):
        """Return the :class:`~..core.trust.file_policy.FilePolicy` of the gateway."""
        get = self.env["ir.config_parameter"].sudo().get_param
        return FilePolicy(
            extensions=read_extensions(get(EXTENSIONS, BLOCKED_EXTENSIONS)),
            holds_macros=str2bool(get(MACROS) or "", False),
            holds_encrypted=str2bool(get(ENCRYPTED) or "", False),
        )

    @api.model
    def _scanner(self):
        """Return the virus scanner, or ``None``."""
        address = self.env["ir.config_parameter"].sudo().get_param(CLAMD)
        return Clamd(address.strip()) if address and address.strip() else None

    @api.model
    def _is_scanner_needed(self):
        """Say whether a message waits for a scanner that does not answer."""
        get = self.env["ir.config_parameter"].sudo().get_param
        return get(WITHOUT_CLAMD, "wait") == "wait"

    # ----------------------------------------------------------------- before and after

    def _scan_values(self, scan):
        state = "clean"
        if scan.missing:
            state = "unscanned"
        elif scan.infected:
            state = "in_text" if scan.is_in_text else "infected"
        return {
            "scan_state": state,
            "scan_name": scan.infected or scan.missing or False,
            "scan_clean": "\n".join(sorted(scan.clean)) or False,
        }

    def _known_scan(self):
        if not self.scan_state:
            return None
        is_found = self.scan_state in ("infected", "in_text")
        return Scan(
            infected=(self.scan_name or "?") if is_found else "",
            clean=frozenset((self.scan_clean or "").split()),
            is_in_text=self.scan_state == "in_text",
            missing=(self.scan_name or "?") if self.scan_state == "unscanned" else "",
        )

    def _new_trace(self, raw=None, is_chosen=False):
        trace = super()._new_trace(raw=raw, is_chosen=is_chosen)
        if self._lets_every_file_in():
            return trace
        trace.file_policy = self._file_policy()
        trace.scan = self._known_scan()
        if not trace.scan and self.server_id._has_mail_scanned():
            # A person did not want to wait for the scanner.
            trace.scan = Scan(missing=self.env._("it was not waited for"))
        return trace

    def _lets_every_file_in(self):
        """Say whether files are none of our business: the mailbox says so, or an MTA of
        one's own handed the message over, which can look at them itself."""
        return self.server_id.file_policy == "accept" or self._is_handed_over()

    def _hand_over(self, trace, target):
        result = super()._hand_over(trace, target)
        if trace.record_id:
            self._tell_of_files(trace, self.env[trace.model].browse(trace.record_id))
        return result

    def _tell_of_files(self, trace, record):
        """Note what was kept from a record, here and there, and what to be careful
        with."""
        if trace.held_files:
            self.held_file_ids.filtered(lambda file: file.state == "held").unlink()
            self.env["mail.gateway.held.file"].create(
                [
                    {
                        "inbound_id": self.id,
                        "name": file.name or self.env._("attachment"),
                        "size": file.size,
                        "digest": file.digest,
                        "reason": tell_findings(self.env, file.findings),
                    }
                    for file in trace.held_files
                ]
            )
        if not (trace.held_files or trace.file_notes) or not record:
            return
        if hasattr(record, "_message_log"):
            record._message_log(body=self._files_note(trace))

    def _files_note(self, trace):
        """Return what those in the house are told of a message's files."""

        def listed(title, files):
            if not files:
                return Markup()
            items = Markup().join(
                Markup("<li>%s: %s</li>")
                % (file.name, tell_findings(self.env, file.findings))
                for file in files
            )
            return Markup("<p><b>%s</b></p><ul>%s</ul>") % (title, items)

        link = Markup()
        if trace.held_files:
            link = Markup('<p><a href="%s">%s</a></p>') % (
                f"/odoo/action-mail_gateway_plus.action_inbound/{self.id}",
                self.env._("Release them (operators of the mail gateway)"),
            )
        return (
            listed(self.env._("Files held back"), trace.held_files)
            + link
            + listed(self.env._("Take care with these files"), trace.file_notes)
        )

    # -------------------------------------------------------------------- releasing

    def _record_of_files(self):
        """Return the record that the message became."""
        record = self.browse()
        if self.state == State.DONE.value and self.res_model in self.env:
            record = self._in_its_company(self.res_model).browse(self.res_id).exists()
        if not record:
            raise UserError(self.env._("There is no record to add the file to."))
        return record

    def _content_of(self, digest):
        """Return the content of one of the message's files, read anew."""
        if not self.has_raw:
            raise UserError(self.env._("The content is no longer kept."))
        trace = self._new_trace()
        trace.file_policy = None
        for attachment in self._parse_whole(trace)["attachments"]:
            content = bytes_of(attachment[1])
            if digest_of(content) == digest:
                return content
        raise UserError(self.env._("The file is not found in the message any more."))
