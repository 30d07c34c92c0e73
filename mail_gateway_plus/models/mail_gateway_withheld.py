from odoo import api, models, tools
from odoo.fields import Domain


class MailGatewayWithheld(models.AbstractModel):
    """What tells of a record, and is sealed with it.

    Odoo shows a message to its author and to whoever was notified, and followers to
    everybody, whatever the record is. Put on such a model, this asks the record.
    """

    _name = "mail.gateway.withheld"
    _description = "Withheld with a Sealed Record"
    # The fields that name the record …
    _told_by = ("res_model", "res_id")
    # … or the one that leads to something else that is withheld.
    _told_through = None

    @api.model
    @tools.ormcache()
    def _gateway_sealed_models(self):
        """Return the record types that have sealed records: most databases, none.

        Remembered, so that where nothing is sealed nothing is asked.
        """
        return tuple(
            name
            for name in self._gateway_sealable_models()
            if self.env[name]
            .sudo()
            .with_context(active_test=False)
            .search_count([("is_sealed", "=", True)], limit=1)
        )

    @api.model
    def _gateway_sealable_models(self):
        """Return the record types that may have sealed records."""
        names = self.env.registry.descendants(["mail.gateway.sealable"], "_inherit")
        return [name for name in names if self.env[name]._auto]

    @api.model
    def _gateway_withheld_domain(self):
        """Return the domain of what tells of a record that is sealed from the user."""
        if self._told_through:
            comodel = self._fields[self._told_through].comodel_name
            told = self.env[comodel]._gateway_withheld_domain()
            return told if told.is_false() else Domain(self._told_through, "any!", told)
        model_field, id_field = self._told_by
        told = Domain.FALSE
        for name in self._gateway_sealed_models():
            sealed = self.env[name].sudo().with_context(active_test=False)
            query = sealed._search([("is_withheld", "=", True)])
            told |= Domain(model_field, "=", name) & Domain(id_field, "in", query)
        return told

    @api.model
    def _gateway_recordless_domain(self, model_field):
        """Return the domain of what names no record and is kept from the user.

        :param model_field: says of which record type it would be
        """
        told = Domain.FALSE
        for name in self._gateway_sealable_models():
            kept = Domain(model_field, "=", name) & Domain("res_id", "in", [0, False])
            told |= kept & Domain(self.env[name]._sealed_letters_from())
        return told

    @api.model
    def _search(self, domain, *args, bypass_access=False, **kwargs):
        if not (self.env.su or bypass_access):
            withheld = self._gateway_withheld_domain()
            if not withheld.is_false():
                domain = Domain(domain) & ~withheld
        return super()._search(domain, *args, bypass_access=bypass_access, **kwargs)

    def _check_access(self, operation):
        result = super()._check_access(operation)
        withheld = self._gateway_withheld()
        if not withheld:
            return result
        return self._gateway_with_forbidden(result, operation, withheld)

    def _gateway_with_forbidden(self, result, operation, withheld):
        """Return the result of ``_check_access`` that forbids these records as well."""
        forbidden = (result[0] if result else self.browse()) | withheld
        rules = self.env["ir.rule"]
        return forbidden, lambda: rules._make_access_error(operation, forbidden)

    def _gateway_withheld(self):
        """Return those of these that the user must not see."""
        if not any(self._ids):
            return self.browse()
        # sudo: whether it is withheld shows only in what is withheld
        mine = self.sudo().with_context(active_test=False, prefetch_fields=False)
        domain = mine._gateway_withheld_domain()
        if domain.is_false():
            return self.browse()
        return self.browse(mine.search(domain & Domain("id", "in", self.ids)).ids)

    def _export_rows(self, fields, **options):
        """Export nothing that is withheld.

        Odoo lets administrators export any message without a look at who may read it
        (mail/models/mail_message.py, ``export_data`` and ``fetch``).
        """
        if not self.env.su and (withheld := self._gateway_withheld()):
            raise self.env["ir.rule"]._make_access_error("read", withheld)
        return super()._export_rows(fields, **options)
