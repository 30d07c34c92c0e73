import logging
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..core.diagnosis.bounded import in_parallel
from ..core.policy.deaths import DEATHS_UNTIL_PARKED
from ..core.policy.outcome import State
from ..core.policy.rest import ON_SERVER
from ..core.protocols.clamd import SCAN_SECONDS
from ..core.trust.asking import SECONDS, questions_of_message
from ..core.trust.judge import judge, judge_unasked
from ..core.trust.looking import look
from ..core.trust.scanning import Scan
from ..core.trust.stance import Stance
from ..core.trust.verdict import Check, Level, Method, Verdict, Why
from ..trust_texts import tell_checks
from .mail_gateway_inbound_handover import HANDED_OVER

_logger = logging.getLogger(__name__)

# System parameter: what becomes of unproven senders that a local MTA hands over.
HANDED_OVER_POLICY = "mail_gateway_plus.handed_over_sender_policy"
# Held by the one worker that asks the DNS about senders: "MGwS".
LOCK_CLASS = 0x4D477753
# Messages whose senders are looked up at the same time.
CHECKED_AT_ONCE = 20
# When to come back to a virus scanner that does not answer.
SCANNER_WAIT = timedelta(minutes=5)
# When to ask again where the DNS did not answer; then the sender is not verified.
CHECK_WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))


class MailGatewayInboundTrust(models.Model):
    """The verdict on a message's sender, which is there before it is processed.

    What needs no question to the DNS is found while it is journaled. Else the message
    waits until it was asked, outside of any transaction: a slow DNS holds no lock.
    """

    _inherit = "mail.gateway.inbound"

    verdict = fields.Selection(
        [
            (Level.VERIFIED.value, "Verified"),
            (Level.PLAUSIBLE.value, "Plausible"),
            (Level.UNVERIFIED.value, "Not verified"),
            (Level.FAILED.value, "Failed"),
        ],
        string="Sender",
        readonly=True,
        help="Verified: the sender's domain stands behind the message.\n"
        "Plausible: it came from a server that the domain names; it says no more.\n"
        "Not verified: nothing speaks for the sender, or nothing is known.\n"
        "Failed: the domain asks for such messages to be refused.",
    )
    verdict_domain = fields.Char(
        string="Vouched for by",
        readonly=True,
        help="The domain that stands behind the sender.",
    )
    verdict_sender = fields.Char(
        string="Sender Looked at",
        readonly=True,
        help="The address that the verdict is about.",
    )
    verdict_notes = fields.Text(
        string="Sender Checks", readonly=True, help="What each of the checks found."
    )
    awaits_check = fields.Boolean(
        readonly=True,
        help="Whether the DNS is to be asked about the sender before the message is "
        "processed.",
    )
    check_tries = fields.Integer(
        readonly=True, help="How often the DNS did not answer about the sender."
    )
    check_starts = fields.Integer(
        readonly=True, help="How often looking at it was begun without an end."
    )

    _check_idx = models.Index(
        "(retry_at, id) WHERE awaits_check AND state IN ('pending', 'retry')"
    )

    # ------------------------------------------------------------- while journaled

    def _trust_values(self, server, message, trust):
        """Return the values of a new row that concern its sender."""
        nothing = dict.fromkeys(
            ("verdict", "verdict_domain", "verdict_sender", "verdict_notes")
        )
        is_scanned = server._has_mail_scanned()
        if not server._looks_at_senders():
            return {**nothing, "awaits_check": is_scanned}
        try:
            verdict = judge_unasked(message.raw, trust, not message.full_size)
        except Exception:  # a fault of ours must keep no message out of the journal
            _logger.exception("A sender could not be looked at")
            verdict = Verdict(Level.UNVERIFIED)
        found = self._verdict_values(verdict) if verdict else nothing
        return {**found, "awaits_check": verdict is None or is_scanned}

    @api.model
    def _verdict_values(self, verdict):
        return {
            "verdict": verdict.level.value,
            "verdict_domain": verdict.domain or None,
            "verdict_sender": verdict.sender or None,
            "verdict_notes": tell_checks(self.env, verdict.checks) or None,
        }

    # ---------------------------------------------------------- before it is processed

    def _judge_due(self, server):
        """Ask the DNS about the senders of messages that are due.

        Commits, and leaves no transaction open while it waits. One worker does so at
        a time; the others process what is judged.

        :param server: only those of this mailbox
        :returns: how many were looked at
        """
        query = self._to_check_query(server)
        ids = [row_id for (row_id,) in self.env.execute_query(query)]
        if not ids or not self._lock_checking():
            return 0
        try:
            return self.browse(ids)._judge()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.cr.rollback()  # somebody decided about one of them meanwhile
            return 0
        except Exception:
            self.env.cr.rollback()
            raise
        finally:
            self._unlock_checking()

    def _to_check_query(self, server):
        return SQL(
            "SELECT id FROM mail_gateway_inbound WHERE awaits_check AND %s"
            " ORDER BY retry_at, id LIMIT %s",
            self._due_condition(server),
            CHECKED_AT_ONCE,
        )

    def _lock_checking(self):
        query = SQL("SELECT pg_try_advisory_lock(%s, 0)", LOCK_CLASS)
        [(is_locked,)] = self.env.execute_query(query)
        return is_locked

    def _unlock_checking(self):
        self.env.execute_query(SQL("SELECT pg_advisory_unlock(%s, 0)", LOCK_CLASS))

    def _judge(self):
        """Come to a verdict on these rows' senders, as many as memory has room for.

        :returns: how many were looked at
        """
        ours = self.try_lock_for_update(allow_referencing=True)
        rows = ours._not_deadly_to_check()
        if not rows:
            self.env.cr.commit()  # pylint: disable=invalid-commit
            return len(ours)
        rows, looks = rows._looks()
        locked = rows.try_lock_for_update(allow_referencing=True)
        noted = 0
        for row, (verdict, scan) in zip(rows, looks, strict=True):
            if row in locked and row.awaits_check:
                row._note_looks(verdict, scan)
                noted += 1
        self.env.cr.commit()  # pylint: disable=invalid-commit
        return noted

    def _not_deadly_to_check(self):
        """Return these locked rows, or the one alone that may have killed a worker.

        One that did so again and again is looked at no more.
        """
        suspects = self.filtered(lambda row: row.check_starts > 1)[:1]
        if suspects.check_starts >= DEATHS_UNTIL_PARKED:
            checks = (Check(Method.FROM, Why.DEADLY),)
            suspects._note_looks(Verdict(Level.UNVERIFIED, checks=checks), None)
            return self.browse()
        return suspects or self

    def _looks(self):
        """Return the rows that were looked at, and what was found of each."""
        contents = self._small_contents()
        if not contents:
            first = self[:1]
            contents = {first.id: self.env["mail.gateway.raw"]._read(first.id)}
        rows = self.browse(contents)
        for row in rows:
            row.check_starts += 1
        names = self.env["mail.gateway.network"]._names()
        scanner = self._scanner()
        questions = [
            partial(
                look,
                row.server_id._has_mail_scanned() and scanner,
                contents.pop(row.id),
                row.server_id._trust_settings(),
                questions_of_message(names),
                row.rest_state not in ON_SERVER,
            )
            for row in rows
        ]
        # No snapshot and no lock while others are waited for.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        seconds = max(SECONDS, SCAN_SECONDS if scanner else 0)
        outcomes = in_parallel(seconds + 5, *questions)
        return rows, [_looks_of(outcome, scanner) for outcome in outcomes]

    def _note_looks(self, verdict, scan):
        if scan and not scan.is_final and self._is_scanner_needed():
            reason = self.env._("The virus scanner does not answer: %s", scan.missing)
            self._look_again(SCANNER_WAIT, state=State.RETRY.value, reason=reason)
        elif verdict.is_temporary and self.check_tries < len(CHECK_WAITS):
            wait = CHECK_WAITS[self.check_tries]
            self._look_again(wait, check_tries=self.check_tries + 1)
        else:
            self._note_final(verdict)
            if scan:
                self.write(self._scan_values(scan))

    def _look_again(self, wait, **values):
        at = fields.Datetime.now() + wait
        self.write({"retry_at": at, "check_starts": 0, **values})
        self._wake_processing(at)

    def _note_final(self, verdict):
        tries = len(CHECK_WAITS) if verdict.is_temporary else 0
        values = self._verdict_values(verdict)
        self.write(
            {
                "awaits_check": False,
                "check_tries": tries,
                "check_starts": 0,
                **values,
            }
        )

    # ----------------------------------------------------------- while it is processed

    def _new_trace(self, raw=None, is_chosen=False):
        trace = super()._new_trace(raw=raw, is_chosen=is_chosen)
        trace.verdict = self._known_verdict()
        if self._is_handed_over():
            trace.stance = self._stance_to_handed_over()
        return trace

    def _is_handed_over(self):
        """Say whether it came from a local MTA, and not from a mailbox."""
        return self.folder == HANDED_OVER and not self.server_id

    @api.model
    def _stance_to_handed_over(self):
        """Return the stance towards unproven senders of what an MTA hands over.

        There is no mailbox to choose it on. Unless a system parameter says otherwise it
        is Odoo's: who has an MTA of one's own can have it refuse them.
        """
        get = self.env["ir.config_parameter"].sudo().get_param
        chosen = get(HANDED_OVER_POLICY, Stance.ODOO.value)
        known = {Stance.UNKNOWN.value, Stance.PARK.value, Stance.REFUSE.value}
        return Stance(chosen) if chosen in known else Stance.ODOO

    def _known_verdict(self):
        """Return the verdict as it was noted; without one, nothing speaks for it."""
        return Verdict(
            level=Level(self.verdict or Level.UNVERIFIED.value),
            sender=self.verdict_sender or "",
            domain=self.verdict_domain or "",
            is_temporary=self.check_tries >= len(CHECK_WAITS),
        )

    # --------------------------------------------------------------------- buttons

    def action_check_sender(self):
        """Come to a new verdict, with the mailbox's settings as they are now."""
        self.ensure_one()._check_operator()
        row = self._as_gateway()
        if not row.has_raw:
            raise UserError(self.env._("The content is no longer kept."))
        # Nothing is locked meanwhile; a person waits for it, for some seconds at most.
        verdict = judge(
            self.env["mail.gateway.raw"].sudo()._read(row.id),
            row.server_id._trust_settings(),
            questions_of_message(row.env["mail.gateway.network"]._names()),
            row.rest_state not in ON_SERVER,
        )
        row._note_final(verdict)
        return True


def _looks_of(outcome, scanner):
    """Return verdict and scan; whatever went wrong is not known now."""
    try:
        return outcome.value()
    except Exception as error:
        if not isinstance(error, TimeoutError):
            _logger.warning("A sender could not be checked", exc_info=True)
        checks = (Check(Method.FROM, Why.NOT_NOW),)
        verdict = Verdict(Level.UNVERIFIED, checks=checks, is_temporary=True)
        return verdict, scanner and Scan(missing=str(error), is_final=False)
