from odoo import api, fields, models
from odoo.fields import Command, Domain


class MailGatewaySealable(models.AbstractModel):
    """A record type of which some records are for few people only.

    What else in the database tells of a sealed record follows the record: its
    conversation, mails, attachments, followers and activities, the journal's row of the
    message that it came by, and the attempts to send its mails
    (``mail.gateway.withheld``). A record type that inherits from this one says in
    :meth:`_sealed_from` whom its sealed records are kept from, and has an ``ir.rule``
    with ``[('is_withheld', '=', False)]`` for itself.
    """

    _name = "mail.gateway.sealable"
    _description = "Sealable Record"
    _inherit = ["mail.thread"]

    is_sealed = fields.Boolean(
        string="Sealed",
        readonly=True,
        copy=False,
        help="Only few people may see this record and anything that tells of it.",
    )
    is_withheld = fields.Boolean(
        string="Sealed for Me",
        compute="_compute_is_withheld",
        search="_search_is_withheld",
        help="Whether it is sealed and you are not among those who may see it.",
    )

    @api.model
    def _sealed_from(self):
        """Return the domain of the sealed records that the user may not see."""
        raise NotImplementedError

    def _may_see_sealed(self, users):
        """Return those of ``users`` who may see this sealed record."""
        self.ensure_one()
        return users.filtered(
            lambda user: not self.with_user(user).sudo()._withheld_ids(self.ids)
        )

    @api.depends("is_sealed")
    @api.depends_context("uid")
    def _compute_is_withheld(self):
        sealed = self.filtered("is_sealed")
        withheld = self._withheld_ids(sealed.ids)
        for record in self:
            record.is_withheld = record._origin.id in withheld

    def _search_is_withheld(self, operator, value):
        if operator != "in":
            return NotImplemented
        withheld = Domain("is_sealed", "=", True) & Domain(self._sealed_from())
        return withheld if True in value else ~withheld

    @api.model
    def _withheld_ids(self, ids):
        """Return those of ``ids`` whose records are sealed from the user."""
        if not ids:
            return set()
        # sudo: only by looking at it is known that a record is not for the user
        sealed = self.sudo().with_context(active_test=False)
        domain = [("id", "in", ids), ("is_withheld", "=", True)]
        return set(sealed.search(domain).ids)

    # ------------------------------------------------- letters that are no record yet

    @api.model
    def _sealed_letters_from(self):
        """Return the domain of the journal's rows that the user must not see.

        Of those that are kept for the people who see sealed records of this type.
        """
        return Domain.TRUE

    @api.model
    def _letter_is_sealed(self, row, facts, values):
        """Return whether a letter that became no record is to be sealed as one is.

        :param row: the letter's row in the journal
        :param facts: what it says, as :class:`~..core.parsing.facts.Facts`
        :param values: what rules would have given a new record
        """
        return False

    @api.model
    def _tell_of_parked_letter(self, row):
        """Tell those who see sealed records that such a letter waits for a person."""

    # --------------------------------------------------------------------- sealing

    def _seal(self):
        """Seal these records and take from others what they were told of them."""
        self.is_sealed = True
        self._forget_whether_sealed()
        for record in self:
            record._take_back()

    def _unseal(self):
        self.is_sealed = False
        self._forget_whether_sealed()
        # sudo: what the journal says of them follows, whoever may see the journal
        letters = self.env["mail.gateway.inbound"].sudo()
        letters.search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        ).sealed_for = False

    def unlink(self):
        """Keep what the journal has of sealed records from others for good."""
        sealed_ids = self.sudo().filtered("is_sealed").ids
        result = super().unlink()
        if sealed_ids:
            self._keep_deleted_sealed(sealed_ids)
        return result

    @api.model
    def _keep_deleted_sealed(self, record_ids):
        """Have rows that told of sealed records name none, which withholds them."""
        of_records = [("res_model", "=", self._name), ("res_id", "in", record_ids)]
        # sudo: what the journal says of them follows, whoever deletes them
        letters = self.env["mail.gateway.inbound"].sudo().search(of_records)
        letters.res_id = False
        names = list(filter(None, letters.mapped("message_id")))
        letters |= letters.search([("message_id", "in", names)])  # what came again
        letters.sealed_for = self._name
        self.env["mail.gateway.attempt"].sudo().search(of_records).res_id = False

    def _forget_whether_sealed(self):
        """Have all workers look again which types have sealed records.

        Once more after the commit: another thread may have looked in between, at what
        it sees, and this worker does not tell itself.
        """
        registry = self.env.registry

        def forget():
            registry.clear_cache()
            registry.signal_changes()

        registry.clear_cache()
        self.env.cr.postcommit.add(forget)
        self.env.invalidate_all()

    def _take_back(self):
        """Remove the traces of a sealed record that were addressed to others."""
        self.ensure_one()
        outsiders = self._sealed_outsiders(self.message_partner_ids)
        self._message_unsubscribe_outsiders(outsiders)
        messages = self.env["mail.message"].search(
            [("model", "=", self._name), ("res_id", "=", self.id)]
        )
        notified = messages.notification_ids
        told = messages.partner_ids | notified.res_partner_id
        outsiders = self._sealed_outsiders(told)
        notified.filtered(lambda n: n.res_partner_id in outsiders).unlink()
        for message in messages.filtered(lambda m: m.partner_ids & outsiders):
            message.partner_ids = [Command.unlink(partner.id) for partner in outsiders]
        activities = self.env["mail.activity"].search(
            [("res_model", "=", self._name), ("res_id", "=", self.id)]
        )
        seeing = self._may_see_sealed(activities.user_id)
        activities.filtered(lambda a: a.user_id not in seeing).unlink()
        attachments = self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("res_id", "=", self.id)]
        )
        # A token opens a file to whoever was once sent its address.
        attachments.write({"access_token": False, "public": False})

    def _message_unsubscribe_outsiders(self, outsiders):
        if outsiders:
            self.message_unsubscribe(outsiders.ids)

    def _sealed_outsiders(self, partners):
        """Return those of ``partners`` who must not hear of this sealed record.

        The record's own contacts may: they wrote it.
        """
        self.ensure_one()
        own = self._mail_get_partners()[self.id]
        users = partners.user_ids.filtered(lambda user: not user.share)
        return partners - own - self._may_see_sealed(users).partner_id

    def _message_subscribe(self, partner_ids=None, *args, **kwargs):
        """Let nobody follow a sealed record who may not see it."""
        sealed = self.sudo().filtered("is_sealed")
        for record in sealed:
            partners = self.env["res.partner"].sudo().browse(partner_ids or ())
            allowed = partners - record._sealed_outsiders(partners)
            thread = record.with_env(self.env)
            super(MailGatewaySealable, thread)._message_subscribe(
                allowed.ids, *args, **kwargs
            )
        rest = self - sealed.with_env(self.env)
        return super(MailGatewaySealable, rest)._message_subscribe(
            partner_ids, *args, **kwargs
        )

    def _notify_get_recipients(self, message, *args, **kwargs):
        """Notify only those who may see a sealed record, whoever is mentioned."""
        recipients = super()._notify_get_recipients(message, *args, **kwargs)
        if not self or not self.sudo().is_sealed:
            return recipients
        ids = [recipient["id"] for recipient in recipients if recipient["id"]]
        partners = self.env["res.partner"].sudo().browse(ids)
        outsiders = set(self.sudo()._sealed_outsiders(partners).ids)
        return [r for r in recipients if not r["id"] or r["id"] not in outsiders]
