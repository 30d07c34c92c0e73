from odoo import api, fields, models, modules
from odoo.exceptions import UserError

from ..core.policy.dispatch import Dispatch
from ..core.policy.lanes import INTERACTIVE_AT_ONCE, Lane, lane_of
from ..parameters import whole_number
from ..sending_advice import cause_selection

QUEUE_CRON = "mail.ir_cron_mail_scheduler_action"
# What a mail is done with that is to be sent as if it had never been tried.
FRESH = {
    "gateway_tries": 0,
    "gateway_since": False,
    "gateway_cause": False,
    "dead_letter_at": False,
}
# System parameter and its default: mails that may wait before mailings are refused; 0:
# any number.
QUEUE_CAP = ("mail_gateway_plus.queue_cap", 0)
# Key of the context in which mail is made for a mailing.
MAILING = "mail_gateway_is_mailing"
# Key of the transaction's memory of when the queue is to be woken.
WAKE_KEY = "mail_gateway_plus.wake"


def as_mailing(records, res_ids):
    """Return ``records``, as which mail to many is a mailing to its last batch."""
    return records.with_context(**{MAILING: len(res_ids) > INTERACTIVE_AT_ONCE})


class MailMail(models.Model):
    _inherit = "mail.mail"

    state = fields.Selection(
        selection_add=[("uncertain", "Uncertain")],
        ondelete={"uncertain": "set exception"},
    )
    gateway_lane = fields.Selection(
        [
            (Lane.INTERACTIVE.value, "Interactive"),
            (Lane.NOTIFICATION.value, "Notification"),
            (Lane.BULK.value, "Bulk"),
        ],
        string="Lane",
        default=Lane.NOTIFICATION.value,
        readonly=True,
        help="Interactive mail goes first, then notifications, then mailings; each "
        "gets a share of the way, so that none waits for ever.",
    )
    gateway_claim = fields.Integer(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="The worker that is sending the mail at this moment.",
    )
    gateway_claimed_until = fields.Datetime(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="When a worker that no longer answers loses the mail to another one.",
    )
    gateway_phase = fields.Selection(
        [("taken", "Taken"), ("dot", "Handed Over")],
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="Handed over: the server may have accepted the mail.",
    )
    gateway_tries = fields.Integer(
        string="Tries",
        readonly=True,
        copy=False,
        help="How many times sending it has failed since it was queued.",
    )
    gateway_since = fields.Datetime(
        string="Waiting Since",
        readonly=True,
        copy=False,
        help="When it was first due, if it could not be sent then.",
    )
    gateway_cause = fields.Selection(
        "_gateway_selection_cause",
        string="Cause",
        readonly=True,
        copy=False,
        help="Why it was not sent.",
    )
    dead_letter_at = fields.Datetime(
        string="Given Up",
        readonly=True,
        copy=False,
        help="Since when it is not tried any more: the cause has to be removed.",
    )
    gateway_detour = fields.Char(
        string="Detour",
        readonly=True,
        copy=False,
        help="Which server it went out by, and which one it was meant for.",
    )

    # What is open is little, however long the history is.
    _gateway_queue_idx = models.Index(
        "(gateway_lane, COALESCE(scheduled_date, create_date), id)"
        " WHERE state = 'outgoing'"
    )
    _gateway_claim_idx = models.Index("(gateway_claim) WHERE gateway_claim > 0")
    _gateway_dead_idx = models.Index(
        "(dead_letter_at) WHERE dead_letter_at IS NOT NULL"
    )
    _gateway_uncertain_idx = models.Index("(id) WHERE state = 'uncertain'")

    @api.model
    def _gateway_selection_cause(self):
        """Return what a server can say, and what is wrong before one is asked."""
        return cause_selection(self.env) + [
            ("mail_email_missing", self.env._("No recipient")),
            ("mail_email_invalid", self.env._("No valid recipient")),
            ("mail_from_missing", self.env._("No sender")),
            ("mail_from_invalid", self.env._("No valid sender")),
            ("mail_spam", self.env._("Detected as spam")),
            ("unknown", self.env._("Could not be made ready")),
        ]

    @api.model
    def _gateway_sends_in_caller(self):
        """Say whether mail goes out in the caller's transaction, as stock Odoo does.

        So it does in tests, by Odoo's own convention: they roll back, and nothing that
        they queue is there for a scheduler to find.
        """
        return bool(modules.module.current_test)

    # ----------------------------------------------------------------- into the queue

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [{**values} for values in vals_list]
        is_many = len(vals_list) > INTERACTIVE_AT_ONCE or self.env.context.get(MAILING)
        for values in vals_list:
            if not values.get("gateway_lane"):
                # Of its own: what tells of a message that is there already is none.
                is_one_of_many = is_many and not values.get("mail_message_id")
                values["gateway_lane"] = lane_of(
                    is_mailing=is_one_of_many or bool(values.get("mailing_id")),
                    is_notification=bool(
                        values.get("is_notification", values.get("mail_message_id"))
                    ),
                ).value
        self._gateway_check_queue_cap(vals_list)
        mails = super().create(vals_list)
        mails._gateway_wake_queue()
        return mails

    @api.model
    def _gateway_check_queue_cap(self, vals_list):
        """Refuse mailings that the queue has no room for; others go through.

        Counted no further than to the limit: it costs no more with a longer queue.
        """
        bulk = [v for v in vals_list if v["gateway_lane"] == Lane.BULK.value]
        bulk = [v for v in bulk if v.get("state", "outgoing") == "outgoing"]
        cap = bulk and whole_number(self.env, QUEUE_CAP)
        if not cap:
            return
        queued = self.sudo().search_count([("state", "=", "outgoing")], limit=cap)
        if queued + len(bulk) > cap:
            raise UserError(
                self.env._(
                    "The queue of outgoing mail is full: %(queued)s mails wait, and "
                    "%(more)s more of a mailing would exceed the limit of %(cap)s. "
                    "Send it once the queue is shorter, or raise the limit under "
                    "Settings ► General Settings ► Emails.",
                    queued=queued,
                    more=len(bulk),
                    cap=cap,
                )
            )

    def write(self, vals):
        if vals.get("state") == "outgoing":
            vals = {**FRESH, **vals}
        elif vals.get("state", "exception") != "exception":
            vals = {"dead_letter_at": False, **vals}
        result = super().write(vals)
        if vals.get("state") == "outgoing" or "scheduled_date" in vals:
            self._gateway_wake_queue()
        return result

    def _gateway_wake_queue(self):
        """Have the scheduler run when the first of these mails is due.

        One wake-up a transaction and minute, written with its commit.
        """
        if self._gateway_sends_in_caller():
            return
        now = fields.Datetime.now()
        for mail in self:
            if mail.state == "outgoing":
                due = mail.scheduled_date
                self._gateway_wake_queue_at(due if due and due > now else None)

    @api.model
    def _gateway_wake_queue_at(self, due=None):
        """Have the scheduler run with the commit, or at ``due`` (rounded up)."""
        precommit = self.env.cr.precommit
        if WAKE_KEY not in precommit.data:
            precommit.data[WAKE_KEY] = set()
            precommit.add(self._gateway_trigger_queue)
        precommit.data[WAKE_KEY].add(due)

    def _gateway_trigger_queue(self):
        moments = self.env.cr.precommit.data.pop(WAKE_KEY, set())
        now = fields.Datetime.now()
        minutes = {
            moment and fields.Datetime.add(moment, seconds=59).replace(second=0)
            for moment in moments
        }
        # Somebody may have deleted it; mail is queued all the same.
        if cron := self.env.ref(QUEUE_CRON, raise_if_not_found=False):
            cron.sudo()._trigger([minute or now for minute in minutes])

    # ------------------------------------------------------------------------- sending

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        """Queue these mails as urgent; whoever asks does not wait for a server.

        Those that were to go out later are due now, as in stock Odoo. Only who wants
        the exception (``raise_exception``) gets the mail sent in the transaction of
        the call, as stock Odoo does.
        """
        is_as_stock = self._gateway_sends_in_caller()
        if raise_exception or is_as_stock:
            dispatch = Dispatch(keeps_to_senders=not is_as_stock)
            mails = self.with_context(mail_gateway_dispatch=dispatch)
            return super(MailMail, mails).send(
                auto_commit=auto_commit,
                raise_exception=raise_exception,
                post_send_callback=post_send_callback,
            )
        self.check_access("write")
        self._gateway_make_urgent()
        return True

    def send_after_commit(self):
        """Queue these mails as urgent: the queue sends after the commit in any case."""
        if self._gateway_sends_in_caller():
            return super().send_after_commit()
        self._gateway_make_urgent()
        return None

    def _gateway_make_urgent(self):
        """Have mails be due now, give a few the right of way, and wake the queue.

        Mailings have it never.
        """
        mails = self.sudo().filtered(lambda mail: mail.state == "outgoing")
        now = fields.Datetime.now()
        later = mails.filtered(lambda m: m.scheduled_date and m.scheduled_date > now)
        later.write({"scheduled_date": False})
        if len(mails) <= INTERACTIVE_AT_ONCE:
            urgent = mails.filtered(lambda mail: mail.gateway_lane != Lane.BULK.value)
            urgent.write({"gateway_lane": Lane.INTERACTIVE.value})
        if mails:
            self._gateway_wake_queue_at()

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
