import logging
from email import message_from_bytes
from email.policy import SMTP
from itertools import chain

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import human_size

from ..core.errors import MessageGone
from ..core.parsing.envelope import MAX_HEADER_BYTES
from ..core.parsing.excerpt import header_fingerprint
from ..core.parsing.lightening import lighten
from ..core.parsing.mender import mend
from ..core.policy.outcome import State
from ..core.protocols.mailbox import as_mailbox, bounded

_logger = logging.getLogger(__name__)

LEFT, FETCHED, WAIVED = "left", "fetched", "waived"
# An Integer has 31 bits; no mail server takes a message of that size.
MAX_INTEGER = 2**31 - 1
# A person attaches tens; all are named in the record's note.
MAX_TOLD_PARTS = 50


class MailGatewayInboundRest(models.Model):
    """Messages above their mailbox's size limit: text first, the rest by order.

    The rest exists nowhere but on the server. So until a person has fetched it, or
    does without it, the mailbox neither deletes nor moves the original.
    """

    _inherit = "mail.gateway.inbound"

    rest_state = fields.Selection(
        [
            (LEFT, "Partly fetched"),
            (FETCHED, "Rest fetched"),
            (WAIVED, "Rest not wanted"),
        ],
        string="Rest",
        readonly=True,
        help="Of a message above the mailbox's size limit only header and text are "
        "fetched. The original stays on the server, whatever the mailbox's policy is, "
        "until the rest is fetched or not wanted.",
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
        "the original.",
    )

    def _rest_values(self, message):
        """Return the values of a new row that concern what was not fetched."""
        is_partial = bool(message.full_size)
        cut = [p for p in message.left if p.content_type in ("text/plain", "text/html")]
        return {
            "rest_state": LEFT if is_partial else None,
            "size_on_server": min(message.full_size, MAX_INTEGER),
            "left_parts": self._tell_left(message.left) or None,
            "is_text_cut": any(not part.name for part in cut),
            "header_fingerprint": (
                header_fingerprint(message.raw) if is_partial else None
            ),
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

    def _rest_note(self):
        """Return the paragraph that tells readers of the record what is missing."""
        if self.rest_state != LEFT:
            return ""
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
        """Download the whole message and add what was missing to its record, once.

        :raises UserError: when the server has it no longer, or cannot be reached
        """
        self._check_operator()
        for row in self._lock_partial():
            row._as_gateway()._fetch_rest()
        return True

    def action_waive_rest(self):
        """Do without the rest: from now on the mailbox's policy holds for it."""
        self._check_operator()
        self._lock_partial()._release_rest(WAIVED)
        return True

    def _lock_partial(self):
        """Return these rows, locked; two people do not fetch the same rest."""
        rows = self.sudo().try_lock_for_update(allow_referencing=True)
        partial = rows.filtered(lambda row: row.rest_state == LEFT)
        if not partial:
            raise UserError(
                self.env._("There is no rest to fetch, or it is being fetched.")
            )
        return partial

    def _release_rest(self, rest_state):
        """Have the mailbox treat the original as any other from its next poll on."""
        self.write({"rest_state": rest_state, "acknowledged_at": False})

    # -------------------------------------------------------------------- fetching

    def _fetch_rest(self):
        server = self.server_id
        if not server or not server._lock_for_polling():
            raise UserError(
                self.env._(
                    "The mailbox is being read at this moment, is not confirmed or no "
                    "longer exists."
                )
            )
        try:
            # A savepoint: the lock has to be given back whatever happened.
            with self.env.cr.savepoint():
                self._download_rest(server)
        except (UserError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            raise
        except MessageGone as error:
            raise UserError(
                self.env._("The mailbox no longer holds this message.")
            ) from error
        except Exception as error:
            _logger.info("The rest of message %s did not come", self.id, exc_info=True)
            raise UserError(server._explain(error)) from error
        finally:
            server._unlock_after_polling()

    def _download_rest(self, server):
        ref = self._refs()[0]
        mailbox = as_mailbox(server._connect__())
        try:
            mailbox.open(ref.folder)
            if not mailbox.status or mailbox.status.uidvalidity != ref.uidvalidity:
                raise MessageGone(ref.uid)
            pieces = mailbox.download_pieces(ref)
            self._take_over(bounded(pieces, self.size_on_server))
            mailbox.close()
        finally:
            mailbox.abandon()

    def _take_over(self, pieces):
        """Put the whole message in the place of its excerpt."""
        pieces = iter(pieces)
        first = next(pieces, b"")
        while len(first) < MAX_HEADER_BYTES and (piece := next(pieces, b"")):
            first += piece
        if header_fingerprint(first) != self.header_fingerprint:
            raise UserError(
                self.env._(
                    "The mailbox holds another message in its place: nothing was "
                    "fetched."
                )
            )
        raw = self.env["mail.gateway.raw"]
        raw._forget(self.ids)
        size, digest = raw._store_pieces(self.id, chain([first], pieces))
        del first
        self.write({"size": size, "fingerprint": digest, "has_raw": True})
        if self.state == State.DONE.value:
            self._add_rest()
        self._release_rest(FETCHED)

    def _add_rest(self):
        """Add the attachments to the record that the text became."""
        if self.res_model not in self.env:
            return
        record = self._in_its_company(self.res_model).browse(self.res_id).exists()
        if not record:
            return
        trace = self._new_trace()
        thread = self._in_its_company("mail.thread")
        thread = thread.with_context(mail_gateway_trace=trace)
        light = lighten(trace.raw)
        mended = mend(light.raw).raw
        if light.places and light.is_whole_in(mended):
            self._drop_raw(trace, light)
        elif light.places:
            mended = mend(trace.raw).raw
        message = message_from_bytes(mended, policy=SMTP)
        parsed = thread.message_parse(message)
        attachments = list(parsed["attachments"])
        if self.is_text_cut and parsed["body"]:
            attachments.append(("message.html", str(parsed["body"])))
        del message, parsed
        record.message_post(
            body=self.env._(
                "The rest of the message “%s” was fetched from the mail server.",
                self.subject or "",
            ),
            attachments=attachments,
            subtype_xmlid="mail.mt_note",
        )
