import logging
from functools import partial
from types import SimpleNamespace

from odoo import models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..core.policy.fate import answers_of, fault_of
from ..core.protocols.smtp_size import refused_for_size
from .mail_mail_delivery import note_answers

_logger = logging.getLogger(__name__)


class MailMailSize(models.Model):
    """Mails too large for a server are not kept for a connection with it."""

    _inherit = "mail.mail"

    def _gateway_pass_over_too_large(self, server, route, turn, dial):
        """Note of waiting mails that they are too large for the server; commits.

        Its limit is the one that it named last (RFC 1870), or that was entered.
        """
        limit = server._known_size_limit()
        waiting = [e for e in turn.waiting[route] if server.id not in e.tried]
        large = limit and self._gateway_larger_than(limit, waiting)
        if not large:
            return
        session = SimpleNamespace(
            from_filter=dial.from_filter, smtp_from=dial.smtp_from, tls_version=""
        )
        desk = self._gateway_desk(server._marked(session), server, route, turn)
        for errand in waiting:
            if errand.mail_id not in large:
                continue
            refuse = partial(self._gateway_refuse_if_too_large, errand, desk, limit)
            try:
                self._gateway_surely(refuse)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception:
                # It cannot be made ready: that is told when it is its turn.
                _logger.info("Mail %s is not measured", errand.mail_id, exc_info=True)
                errand.ready = None

    def _gateway_larger_than(self, limit, errands):
        """Return the ids of mails that seem too large: what becomes links counts too.

        In base64 four bytes stand for three (RFC 4648 section 4).
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT mail.id
                  FROM mail_mail AS mail
             LEFT JOIN message_attachment_rel AS rel
                    ON rel.message_id = mail.mail_message_id
             LEFT JOIN ir_attachment AS attachment
                    ON attachment.id = rel.attachment_id
                 WHERE mail.id = ANY(%s)
              GROUP BY mail.id
                HAVING COALESCE(sum(attachment.file_size), 0) * 4 / 3
                       + COALESCE(octet_length(mail.body_html), 0) > %s
                """,
                [errand.mail_id for errand in errands],
                limit,
            )
        )
        return {mail_id for (mail_id,) in rows}

    def _gateway_refuse_if_too_large(self, errand, desk, limit):
        """Make a mail as it would be sent, and note it where it is too large."""
        self._gateway_make_ready([errand], desk)
        ready, errand.ready = errand.ready, None
        parcels = [parcel for parcel in ready.parcels or () if parcel.recipients]
        if not parcels:
            return
        parcel = parcels[0]
        delivery = refused_for_size(
            parcel.message, parcel.sender, list(parcel.recipients), limit
        )
        if delivery is None:
            return
        answers = answers_of(delivery, desk.judge)
        attempts = self.env["mail.gateway.attempt"].sudo()
        attempts._record(ready.origin, desk.session, delivery, answers)
        note_answers(errand, answers)
        errand.tried[desk.server.id] = (desk.server, fault_of(delivery, desk.judge))
