import logging
from email import message_from_bytes
from email.policy import SMTP

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import human_size

from ..core.parsing.excerpt import header_fingerprint
from ..core.parsing.lightening import lighten
from ..core.parsing.mender import mend
from ..core.parsing.storable import storable
from ..core.policy.outcome import State
from ..core.policy.rest import FETCHED, LEFT, ON_SERVER, ORDERED, WAIVED

_logger = logging.getLogger(__name__)

# What Odoo calls it (mail_thread.py).
ORIGINAL_NAME = "original_email.eml"
FETCH_CRON = "mail.ir_cron_mail_gateway_action"
# An Integer has 31 bits; no mail server takes a message of that size.
MAX_INTEGER = 2**31 - 1
# A person attaches tens; all are named in the record's note.
MAX_TOLD_PARTS = 50


class MailGatewayInboundRest(models.Model):
    """Messages above their mailbox's size limit: text first, the rest by order.

    The rest exists nowhere but on the server. So until it was fetched, or a person
    does without it, the mailbox neither deletes nor moves the original. A person only
    orders it: the job that reads the mailbox brings it, piece by piece, and goes on
    where an earlier run had to stop.
    """

    _inherit = "mail.gateway.inbound"

    rest_state = fields.Selection(
        [
            (LEFT, "Partly fetched"),
            (ORDERED, "Rest ordered"),
            (FETCHED, "Rest fetched"),
            (WAIVED, "Rest not wanted"),
        ],
        string="Rest",
        readonly=True,
        help="Of a message above the mailbox's size limit only header and text are "
        "fetched. The original stays on the server, whatever the mailbox's policy is, "
        "until the rest is fetched or not wanted.",
    )
    rest_reason = fields.Text(
        string="Why the Rest Is Missing",
        readonly=True,
        help="Why the rest that somebody ordered did not come.",
    )
    coming_size = fields.Integer(
        compute="_compute_coming_size",
        help="How many bytes of an ordered message have come so far.",
    )
    size_on_server = fields.Integer(
        readonly=True, help="Bytes that the whole message has on the server."
    )
    left_parts = fields.Text(
        string="Left on the Server",
        readonly=True,
        help="The attachments that were not fetched; sizes are those of their "
        "encoded form.",
    )
    is_text_cut = fields.Boolean(
        readonly=True, help="Whether only the beginning of the text was fetched."
    )
    header_fingerprint = fields.Char(
        readonly=True,
        index="btree_not_null",
        help="SHA-256 of the headers that a partly fetched message has in common with "
        "the whole one in its folder.",
    )

    def _compute_coming_size(self):
        raw = self.env["mail.gateway.raw"].sudo()
        for row in self:
            is_coming = row.rest_state == ORDERED
            row.coming_size = raw._coming_size(row.id) if is_coming else 0

    def _rest_values(self, server, message):
        """Return the values of a new row that concern what was not fetched."""
        is_partial = bool(message.full_size)
        # It is in part only because the line is slow; with IMAP the rest can come over
        # several visits, with POP3 it would take up each of them.
        below_limit = message.full_size <= (server.size_limit or MAX_INTEGER) * 1024**2
        is_wanted = below_limit and server._get_connection_type() == "imap"
        cut = [p for p in message.left if p.content_type in ("text/plain", "text/html")]
        return {
            "rest_state": (ORDERED if is_wanted else LEFT) if is_partial else None,
            "size_on_server": min(message.full_size, MAX_INTEGER),
            "left_parts": self._tell_left(message.left) or None,
            "is_text_cut": any(not part.name for part in cut),
            "header_fingerprint": header_fingerprint(message.raw),
        }

    def _tell_left(self, parts):
        """Return the parts as lines for a person, of very many the first."""
        lines = [self._tell_part(part) for part in parts[:MAX_TOLD_PARTS]]
        if more := len(parts) - len(lines):
            lines.append(self.env._("%s more", more))
        return "\n".join(lines)

    def _tell_part(self, part):
        """Return a part as a line for a person."""
        name = part.name or {
            "text/plain": self.env._("the rest of the text"),
            "text/html": self.env._("the rest of the text"),
            "message/rfc822": self.env._("the whole message"),
        }.get(part.content_type, self.env._("attachment"))
        facts = [part.content_type, part.size and human_size(part.size)]
        return f"{name} ({', '.join(filter(None, facts))})"

    def _note_rest(self, record):
        """Tell those in the house what the record's message lacks.

        Not in its text, which goes to the record's followers everywhere.
        """
        record.message_post(body=self._rest_note(), subtype_xmlid="mail.mt_note")

    def _rest_note(self):
        items = Markup("").join(
            Markup("<li>%s</li>") % line for line in (self.left_parts or "").split("\n")
        )
        return Markup('<p>%s</p><ul>%s</ul><p><a href="%s">%s</a></p>') % (
            self.env._(
                "This message has %s and was fetched only in part. Left on the mail "
                "server:",
                human_size(self.size_on_server),
            ),
            items,
            f"/odoo/action-mail_gateway_plus.action_inbound/{self.id}",
            self.env._("Fetch the rest (operators of the mail gateway)"),
        )

    # --------------------------------------------------------------------- buttons

    def action_fetch_rest(self):
        """Order the whole message; the job that reads the mailboxes brings it.

        :raises UserError: when there is no rest, or its mailbox is not read
        """
        self._check_operator()
        rows = self._lock_partial()
        if rows.filtered(lambda row: row.server_id.state != "done"):
            raise UserError(
                self.env._("The mailbox is not confirmed, or no longer exists.")
            )
        rows.write({"rest_state": ORDERED, "rest_reason": False})
        rows.server_id.next_poll_at = False
        self.env.ref(FETCH_CRON).sudo()._trigger()
        return True

    def action_waive_rest(self):
        """Do without the rest: from now on the mailbox's policy holds for it."""
        self._check_operator()
        self._lock_partial()._release_rest(WAIVED)
        return True

    def _lock_partial(self):
        """Return these rows, locked; what is being put together is another's."""
        rows = self.sudo().try_lock_for_update(allow_referencing=True)
        partial = rows.filtered(lambda row: row.rest_state in ON_SERVER)
        if not partial:
            raise UserError(
                self.env._("There is no rest to fetch, or it is being fetched.")
            )
        return partial

    def _release_rest(self, rest_state):
        """Have the mailbox treat the original as any other from its next poll on."""
        self.env["mail.gateway.raw"]._forget_coming(self.ids)
        self.write(
            {
                "rest_state": rest_state,
                "rest_reason": False,
                "acknowledged_at": False,
            }
        )

    # ----------------------------------------------------------------- taking over

    def _give_rest_up(self, reason):
        """Note why the rest does not come; a person may order it again."""
        self.write({"rest_state": LEFT, "rest_reason": reason})

    def _complete_rest(self):
        """Put the whole message, which has come, in the place of its excerpt.

        :raises: what says that somebody else has the row; all has come at the next try
        """
        row = self.try_lock_for_update(allow_referencing=True)
        if row.rest_state != ORDERED:
            return
        try:
            with self.env.cr.savepoint():
                row._take_over()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            _logger.warning("The rest of message %s", row.id, exc_info=True)
            row._give_rest_up(
                self.env._(
                    "The rest has come, but could not be added to the record: %s",
                    storable(str(error).strip() or type(error).__name__),
                )
            )

    def _take_over(self):
        raw = self.env["mail.gateway.raw"]
        excerpt = raw._read(self.id)
        size, digest = raw._take_over(self.id)
        self.write({"size": size, "fingerprint": digest, "has_raw": True})
        if self.state == State.DONE.value:
            self._add_rest(excerpt)
        self._release_rest(FETCHED)

    def _add_rest(self, excerpt):
        """Add the attachments to the record that the text became."""
        if self.res_model not in self.env:
            return
        record = self._in_its_company(self.res_model).browse(self.res_id).exists()
        if not record:
            return
        self._keep_original(record, excerpt)
        trace = self._new_trace()
        parsed = self._parse_whole(trace)
        strip = self.server_id and not self.server_id.attach
        attachments = [] if strip else list(parsed["attachments"])
        if self.is_text_cut and parsed["body"]:
            attachments.append(("message.html", str(parsed["body"])))
        del parsed
        record.message_post(
            body=self.env._(
                "The rest of the message “%s” was fetched from the mail server.",
                self.subject or "",
            ),
            attachments=attachments,
            subtype_xmlid="mail.mt_note",
        )
        self._tell_of_files(trace, record)

    def _parse_whole(self, trace):
        """Return Odoo's dictionary of the message, of which no record is made."""
        thread = self._in_its_company("mail.thread")
        thread = thread.with_context(mail_gateway_trace=trace)
        light = lighten(trace.raw)
        mended = mend(light.raw).raw
        if light.places and light.is_whole_in(mended):
            self._drop_raw(trace, light)
        elif light.places:
            mended = mend(trace.raw).raw
        return thread.message_parse(message_from_bytes(mended, policy=SMTP))

    def _keep_original(self, record, excerpt):
        """Put the whole message where its excerpt was kept as the original."""
        originals = record.message_ids.attachment_ids.filtered(
            lambda attachment: attachment.name == ORIGINAL_NAME
        )
        for original in originals:
            if original.raw == excerpt:
                original.raw = self.env["mail.gateway.raw"]._read(self.id)
