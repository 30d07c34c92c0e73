from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.diagnosis.commands import command_lines
from ..core.diagnosis.ladder import LADDER_SECONDS, Climb, steps_of
from ..core.diagnosis.steps import Protocol, Step, StepResult, StepState
from ..diagnosis_run import DiagnosisRun
from ..parameters import kept_since
from ..step_texts import StepTexts

# System parameters, and the days that diagnoses are kept when they are not set.
RETENTION = ("mail_gateway_plus.diagnosis_retention_days", 7)
FAILURE_RETENTION = ("mail_gateway_plus.failed_diagnosis_retention_days", 30)
GC_LIMIT = 1_000
# Beyond its time budget nobody works on a diagnosis any more: its worker has ended.
GRACE = timedelta(seconds=15)

SERVER_FIELDS = {
    Protocol.SMTP: "mail_server_id",
    Protocol.IMAP: "fetchmail_server_id",
    Protocol.POP: "fetchmail_server_id",
}


class MailGatewayDiagnosis(models.Model):
    """One test of a server: what each step found, and what was said.

    Made by *Test & Confirm*, and filled step by step by a thread of its own
    (diagnosis_run.py) while its form asks how far it is.
    """

    _name = "mail.gateway.diagnosis"
    _description = "Server Test"
    _order = "id desc"

    mail_server_id = fields.Many2one(
        "ir.mail_server",
        string="Outgoing Server",
        ondelete="cascade",
        index="btree_not_null",
        readonly=True,
        help="The outgoing server that was tested.",
    )
    fetchmail_server_id = fields.Many2one(
        "fetchmail.server",
        string="Incoming Server",
        ondelete="cascade",
        index="btree_not_null",
        readonly=True,
        help="The incoming server that was tested.",
    )
    protocol = fields.Selection(
        [
            (Protocol.SMTP.value, "SMTP"),
            (Protocol.IMAP.value, "IMAP"),
            (Protocol.POP.value, "POP3"),
        ],
        required=True,
        readonly=True,
        help="What the server speaks.",
    )
    address = fields.Char(readonly=True, help="Host and port at the time of the test.")
    state = fields.Selection(
        [
            ("running", "Running"),
            ("passed", "Passed"),
            ("failed", "Failed"),
        ],
        default="running",
        required=True,
        readonly=True,
        help="Passed: no step failed. Failed: one did, or the test was interrupted.",
    )
    is_confirmed = fields.Boolean(
        readonly=True,
        help="Whether this test confirmed the server. It does not when somebody "
        "changed the settings meanwhile.",
    )
    finished_at = fields.Datetime(
        string="Finished", readonly=True, help="When the last step was done."
    )
    ends_at = fields.Datetime(
        readonly=True, help="Until when the test is over, one way or the other."
    )
    planned_steps = fields.Json(readonly=True, help="The steps, in their order.")
    steps = fields.Json(readonly=True, help="What the finished steps found.")
    door = fields.Json(
        readonly=True, help="Port and security that answered instead of the chosen."
    )
    transcript = fields.Text(
        readonly=True, help="What was said, without passwords and tokens."
    )
    commands = fields.Text(
        readonly=True,
        help="The same test as lines for a shell. They ask for the password.",
    )
    recipient = fields.Char(
        string="Test Recipient",
        help="Whom a test mail is sent to. It is remembered for the server.",
    )
    sends_mail = fields.Boolean(
        readonly=True, help="Whether this test hands a mail over at its end."
    )
    ladder = fields.Json(
        compute="_compute_ladder", help="The steps, in the user's words."
    )

    _create_date_idx = models.Index("(create_date)")

    @api.depends("address", "create_date")
    def _compute_display_name(self):
        for diagnosis in self:
            moment = fields.Datetime.context_timestamp(
                diagnosis, diagnosis.create_date or fields.Datetime.now()
            )
            diagnosis.display_name = f"{diagnosis.address}, {moment:%Y-%m-%d %H:%M}"

    @api.depends("steps", "planned_steps", "state", "door", "is_confirmed")
    @api.depends_context("lang")
    def _compute_ladder(self):
        for diagnosis in self:
            diagnosis.ladder = diagnosis._told()

    def _told(self):
        """Return what the dialog shows: a headline and a line for each step."""
        texts = StepTexts(self.env, self.protocol)
        found = {result["step"]: result for result in self.steps or []}
        is_running = self.state == "running" and not self._is_interrupted()
        lines = []
        for name in self.planned_steps or []:
            if result := found.get(name):
                lines.append(texts.line(result))
                continue
            state = "pending"
            if is_running and len(lines) == len(found):
                state = "running"
            lines.append(texts.waiting_line(name, state))
        return {
            "headline": self._headline(texts),
            "tone": self._tone(),
            "is_running": is_running,
            "lines": lines,
            "transcript": self.transcript or "",
            "commands": self.commands or "",
            "samples": texts.samples(self.planned_steps or []),
            "file_name": f"{self.address}.txt".replace(":", "-"),
        }

    def _headline(self, texts):
        server = self._server()
        if self._is_interrupted():
            return self.env._("The test was interrupted. Test again.")
        if self.state == "running":
            return self.env._("Testing %s …", self.address)
        if self.state == "failed":
            told = texts.failure(self.steps or [], self.door)
            if server.state == "done":
                stays = self.env._("The server stays confirmed as it was.")
                return f"{told} {stays}"
            return told
        if not self.is_confirmed:
            return self.env._(
                "The server works, but somebody changed its settings meanwhile. Test "
                "again."
            )
        if self.sends_mail:
            return self.env._("%s took the test mail.", server.name)
        return self.env._("%s works and is confirmed.", server.name)

    def _tone(self):
        if self._is_interrupted() or (self.state == "passed" and not self.is_confirmed):
            return "warning"
        return {"running": "info", "failed": "danger"}.get(self.state, "success")

    def _is_interrupted(self):
        """Say whether whoever worked on it has ended: a worker is recycled, or dies."""
        ends_at = self.ends_at
        return bool(
            self.state == "running"
            and ends_at
            and fields.Datetime.now() > ends_at + GRACE
        )

    def _server(self):
        return self[SERVER_FIELDS[Protocol(self.protocol)]]

    # ------------------------------------------------------------------------- running

    @api.model
    def _start(self, server, target):
        """Begin a test of a server, and return the action that shows it.

        The thread starts when this transaction is committed, so that it sees the row
        and the settings that it tests are those that are stored.
        """
        now = fields.Datetime.now()
        diagnosis = self.sudo().create(
            {
                SERVER_FIELDS[target.protocol]: server.id,
                "protocol": target.protocol.value,
                "address": f"{target.endpoint.host}:{target.endpoint.port}",
                "ends_at": now + timedelta(seconds=LADDER_SECONDS),
                "planned_steps": [step.value for step in steps_of(target)],
                "commands": "\n".join(command_lines(target)),
                "recipient": server._own_test_recipient(),
                "sends_mail": target.content is not None,
            }
        )
        run = DiagnosisRun.of(diagnosis, Climb(target), server._tested_values())
        self.env.cr.postcommit.add(run.start)
        return diagnosis._open()

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test & Confirm"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _note_step(self, result, climb):
        """Write down a finished step."""
        details = dict(result.details)
        if result.step is Step.NEWEST and result.state is StepState.OK:
            journal = self.env["mail.gateway.inbound"]._as_gateway()
            details["messages"] = journal._rehearse(
                self.fetchmail_server_id.with_env(journal.env), climb.seen
            )
        plain = StepResult(**{**vars(result), "details": details}).plain()
        self.write(
            {
                "steps": [*(self.steps or []), plain],
                "transcript": str(climb.transcript),
            }
        )

    def _finish(self, climb, tested_values):
        """Close the test; confirm the server if all went well and it is the same."""
        server = self._server()
        is_confirmed = climb.has_passed and server._tested_values() == tested_values
        if is_confirmed:
            server._confirm_tested(climb.results)
        self.write(
            {
                "state": "passed" if climb.has_passed else "failed",
                "is_confirmed": is_confirmed,
                "finished_at": fields.Datetime.now(),
                "door": climb.door or False,
                "transcript": str(climb.transcript),
            }
        )

    # ------------------------------------------------------------------------- buttons

    def action_test_again(self):
        """Test the server as it is now."""
        self.ensure_one()
        return self._server().action_diagnose()

    def action_use_door(self):
        """Take the port and security that answered, and test them."""
        self.ensure_one()
        server = self._server()
        if self.door:
            server.write(server._door_values(self.door))
        return server.action_diagnose()

    def action_send_test_mail(self):
        """Test once more, and hand a mail over at the end."""
        self.ensure_one()
        if not self.recipient:
            raise UserError(self.env._("Enter whom the test mail is to be sent to."))
        self.mail_server_id.test_recipient = self.recipient
        return self.mail_server_id._diagnose(sends_mail=True)

    @api.autovacuum
    def _gc_diagnoses(self):
        """Drop what is past its retention, failures later than the rest."""
        passed = [("create_date", "<", kept_since(self.env, RETENTION))]
        failed = [("create_date", "<", kept_since(self.env, FAILURE_RETENTION))]
        domain = fields.Domain(passed) & fields.Domain("state", "=", "passed")
        domain |= fields.Domain(failed) & fields.Domain("state", "!=", "passed")
        rows = self.sudo().search(domain, limit=GC_LIMIT)
        rows.unlink()
        return len(rows), len(rows) == GC_LIMIT
