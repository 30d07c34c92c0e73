import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..core.deliverability.findings import Cause, Check, Grade, worst
from ..core.deliverability.lookups import BUDGET_SECONDS
from ..core.tasks import call, run
from ..deliverability_run import DOMAINS_AT_ONCE, look
from ..deliverability_texts import CAUSE_TEXT, CHECK_LABELS, GRADE_LABELS

_logger = logging.getLogger(__name__)

# The scheduled check comes every day and looks at what is a week old, so that one that
# failed to run is made up for.
CHECKED_EVERY = timedelta(days=7)
ASKED_AGAIN_AFTER = timedelta(hours=20)
# Where the DNS is silent, each takes its whole time.
DOMAINS_A_RUN = 12
# Who waits behind how many others: domains are looked at a few at a time.
MOST_SECONDS = 4 * BUDGET_SECONDS
GRACE = timedelta(seconds=15)
# A report of a domain that a server no longer sends for.
KEPT_DAYS = 90
GC_LIMIT = 1000


class MailGatewayDeliverability(models.Model):
    """The last report about a domain that a server sends for."""

    _name = "mail.gateway.deliverability"
    _inherit = ["mail.gateway.alerting"]
    _description = "Deliverability of a Domain"
    _order = "server_id, domain"
    _rec_name = "domain"

    server_id = fields.Many2one(
        "ir.mail_server",
        string="Outgoing Server",
        required=True,
        readonly=True,
        ondelete="cascade",
        help="The server that sends for the domain.",
    )
    domain = fields.Char(
        required=True, readonly=True, help="The domain of From addresses."
    )
    state = fields.Selection(
        [
            ("running", "Being Checked"),
            (Grade.OK.value, "Fine"),
            (Grade.WARNING.value, "Could Be Better"),
            (Grade.FAILED.value, "Failed"),
            (Grade.SKIPPED.value, "Not Known"),
        ],
        required=True,
        readonly=True,
        default="running",
        help="The worst of what was found. Not known: the DNS did not answer.",
    )
    checked_at = fields.Datetime(
        string="Checked", readonly=True, help="When the DNS was asked."
    )
    ends_at = fields.Datetime(
        readonly=True, help="Until when a running check is over, one way or the other."
    )
    findings = fields.Json(readonly=True, help="What was found, check by check.")
    grades = fields.Json(
        readonly=True,
        help="The last known grade of each check, to see what gets worse.",
    )

    _unique_domain = models.UniqueIndex("(server_id, domain)")

    # ------------------------------------------------------------------- in words

    def _told(self):
        """Return what the screen shows of one report."""
        is_running = self._is_running()
        lines = self._lines()
        label = dict(self._fields["state"]._description_selection(self.env))
        state = "running" if is_running else self.state
        if state == "running" and not is_running:
            state = Grade.SKIPPED.value
        return {
            "id": self.id,
            "domain": self.domain,
            "state": state,
            "label": label[state],
            "checked": fields.Datetime.to_string(self.checked_at) or "",
            "lines": [] if is_running else lines,
        }

    def _lines(self):
        """Return a line for each finding; the same record is shown but once."""
        shown, lines = [], []
        for line in map(self._line, self.findings or []):
            if line["publish"] in shown:
                line.update(publish=None, seen=[])
            elif line["publish"]:
                shown.append(line["publish"])
            lines.append(line)
        return lines

    def _line(self, finding):
        cause = Cause(finding["cause"])
        text = self.env._(CAUSE_TEXT[cause])
        return {
            "check": self.env._(CHECK_LABELS[Check(finding["check"])]),
            "state": finding["grade"],
            "grade": self.env._(GRADE_LABELS[Grade(finding["grade"])]),
            "subject": finding["subject"],
            "text": text.replace("%s", finding["detail"]),
            "seen": finding["seen"],
            "publish": finding["publish"],
            "name": finding["check"],
            "cause": finding["cause"],
        }

    def _is_running(self):
        ends_at = self.ends_at
        is_over = not ends_at or fields.Datetime.now() > ends_at + GRACE
        return self.state == "running" and not is_over

    # ------------------------------------------------------------------- checking

    @api.model
    def _begin(self, server, senders):
        """Mark the reports about a server's domains as being made; return them.

        Those of domains that it no longer sends for go. A report that others have begun
        is begun again: both write the same.
        """
        now = fields.Datetime.now()
        old = self.search([("server_id", "=", server.id)])
        old.filtered(lambda row: row.domain not in senders).unlink()
        for domain in senders:
            self.env.cr.execute(
                SQL(
                    # Of two that begin at once, one makes the row.
                    "INSERT INTO mail_gateway_deliverability (server_id, domain, state,"
                    " create_uid, create_date) VALUES (%s, %s, 'running', %s, %s)"
                    " ON CONFLICT (server_id, domain) DO NOTHING",
                    server.id,
                    domain,
                    self.env.uid,
                    now,
                )
            )
        server.invalidate_recordset(["deliverability_ids"])
        reports = self.search([("server_id", "=", server.id)])
        ends_at = now + timedelta(seconds=MOST_SECONDS)
        reports.write({"state": "running", "ends_at": ends_at})
        return reports

    def _note(self, findings):
        """Write down what was found; return the checks that were fine and now fail."""
        before = self.grades or {}
        after = {**before, **_grades(findings)}
        self.write(
            {
                "state": worst(findings).value,
                "checked_at": fields.Datetime.now(),
                "ends_at": False,
                "findings": [finding.plain() for finding in findings],
                "grades": after,
            }
        )
        failed = Grade.FAILED.value
        if self.alert_ids and failed not in after.values():
            self._withdraw_alerts()
        return [
            check
            for check, grade in after.items()
            if grade == failed and before.get(check, failed) != failed
        ]

    def _alert(self, checks):
        """Tell administrators once what was fine and fails now."""
        if self.alert_ids:
            return
        lines = [
            f"{line['check']}: {line['text']}"
            for line in map(self._line, self.findings)
            if line["name"] in checks and line["state"] == Grade.FAILED.value
        ]
        title = self.env._("Mail from %s may not arrive any more", self.domain)
        self._alert_administrators(
            title,
            "\n\n".join(lines),
            "mail_gateway_plus.deliverability_failed",
            report=self,
            lines=lines,
        )

    @api.model
    def _check_due(self):
        """Check what was not checked for a week, as a scheduled action; commits."""
        servers = (
            self.env["ir.mail_server"]
            .sudo()
            .search([("active", "=", True)])
            ._confirmed()
        )
        names = self.env["mail.gateway.network"]._names()
        if not names.has_records:
            return
        due, left = [], 0
        for server in servers:
            senders = server._deliverability_senders()
            if not self.sudo()._is_due(server, senders):
                continue
            if len(due) >= DOMAINS_A_RUN:
                left += 1
                continue
            reports = self.sudo()._begin(server, senders)
            due += [(report, senders[report.domain]) for report in reports]
        self.env.cr.commit()  # pylint: disable=invalid-commit
        run((self._check(names, *each) for each in due), DOMAINS_AT_ONCE)
        self.env["ir.cron"]._commit_progress(len(due), remaining=left)

    @api.model
    def _is_due(self, server, senders):
        """Return the domains that were not checked lately, or without an answer."""
        now = fields.Datetime.now()
        reports = self.search([("server_id", "=", server.id)])
        fresh = reports.filtered(lambda report: report._is_fresh(now))
        return set(senders) - set(fresh.mapped("domain"))

    def _is_fresh(self, now):
        is_open = self.state == Grade.SKIPPED.value
        every = ASKED_AGAIN_AFTER if is_open else CHECKED_EVERY
        return bool(self.checked_at) and self.checked_at > now - every

    def _check(self, names, report, sender):
        """A task: look at one domain, write it down, tell what got worse."""
        findings = yield call(True, look, names, sender)
        try:
            report._alert_if_worse(findings)
        except Exception:
            self.env.cr.rollback()
            _logger.exception("The report about %s is not kept", sender.domain)
        # Each domain for itself: what was found stays, whatever the next one does.
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _alert_if_worse(self, findings):
        if self.exists() and (worse := self._note(findings)):
            self._alert(worse)

    @api.autovacuum
    def _gc_reports(self):
        """Drop reports that nobody has renewed for long: their server is archived."""
        before = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        rows = self.sudo().search([("write_date", "<", before)], limit=GC_LIMIT)
        rows._withdraw_alerts()
        rows.unlink()
        return len(rows), len(rows) == GC_LIMIT


def _grades(findings):
    """Return the worst grade of each check by its name; what was not answered is not
    known to be different."""
    grades = {}
    for finding in findings:
        if finding.cause is Cause.NO_ANSWER:
            continue
        name = finding.check.value
        worse = max(
            Grade(grades.get(name, Grade.SKIPPED)), finding.grade, key=lambda g: g.rank
        )
        grades[name] = worse.value
    return grades
