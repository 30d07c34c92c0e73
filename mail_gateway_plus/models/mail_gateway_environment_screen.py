from lxml import etree

from odoo import api, fields, models

from ..core.setup.environment import (
    FILE_SCHEME,
    Kind,
    unknown_variables,
    variable_name,
)
from ..environment_texts import problem_text


class MailGatewayEnvironmentScreen(models.AbstractModel):
    """What the form of a server says of its environment; no secret is part of it."""

    _inherit = "mail.gateway.environment"

    environment_overridden = fields.Json(
        compute="_compute_environment",
        groups="base.group_system",
        help="The fields whose value comes from the environment.",
    )
    environment_has_problem = fields.Boolean(
        compute="_compute_environment",
        groups="base.group_system",
        help="Whether a variable has a value that cannot be used.",
    )
    environment_notice = fields.Html(
        compute="_compute_environment",
        sanitize=False,
        groups="base.group_system",
        help="What is wrong with variables, or has changed since the confirmation.",
    )
    environment_variables = fields.Html(
        string="Variables",
        compute="_compute_environment_variables",
        sanitize=False,
        groups="base.group_system",
        help="The variables that this server listens to, and whether they are set.",
    )
    environment_template = fields.Text(
        compute="_compute_environment_variables",
        groups="base.group_system",
        help="The settings as they are now, as lines of an environment file. Secrets "
        "are left to files.",
    )

    @api.depends("environment_code", "environment_proof")
    def _compute_environment(self):
        # Searched for, as rows that are read may say something else.
        stored = [("id", "in", self.ids), ("state", "=", "done")]
        confirmed = self.with_context(active_test=False).search(stored)
        for server in self:
            problems = server._environment_problems()
            is_asked = not problems and server._origin in confirmed
            changes = server._environment_changes() if is_asked else []
            server.environment_overridden = sorted(server._overridden_fields())
            server.environment_has_problem = bool(problems)
            server.environment_notice = bool(problems or changes) and self.env[
                "ir.qweb"
            ]._render(
                "mail_gateway_plus.environment_notice",
                {
                    "problems": problems,
                    "changes": server._told_changes() if changes else "",
                },
            )

    @api.depends("environment_code")
    def _compute_environment_variables(self):
        for server in self:
            code = server.environment_code
            server.environment_template = code and server._as_environment_file()
            server.environment_variables = code and self.env["ir.qweb"]._render(
                "mail_gateway_plus.environment_variables",
                {
                    "rows": server._variable_rows(),
                    "unknown": server._misspelt_variables(),
                },
            )

    def _variable_rows(self):
        """Return variable, label, whether it is set, and value or problem of each."""
        found = self._environment()
        rows = []
        for name, field_name in self._environment_fields().items():
            one = found.get(name)
            rows.append(
                {
                    "variable": variable_name(self.environment_code, name),
                    "label": self._fields[field_name]._description_string(self.env),
                    "is_set": one is not None,
                    "value": "" if one is None else self._shown_value(one),
                    "problem": problem_text(self.env, one)
                    if one and one.problem
                    else "",
                }
            )
        return rows

    def _shown_value(self, found):
        if found.problem:
            return ""
        return "•••" if found.setting.may_be_in_file else str(found.value)

    def _misspelt_variables(self):
        known = set()
        for model in ("ir.mail_server", "fetchmail.server"):
            servers = self.env[model].sudo().with_context(active_test=False)
            for server in servers.search([("environment_code", "!=", False)]):
                known |= server._variables()
        return unknown_variables(
            self._environ(), self.environment_code, known | self._variables()
        )

    def _as_environment_file(self):
        """Return a line for each variable; as a comment where nothing is set."""
        lines = []
        for setting in self._environment_settings():
            variable = variable_name(self.environment_code, setting.name)
            value = self._as_text(setting)
            if "\n" not in value:  # an environment file has no way to say it
                lines.append(f"{'' if value else '# '}{variable}={value}")
        return "\n".join(lines)

    def _as_text(self, setting):
        if setting.may_be_in_file:
            name = f"{self.environment_code}_{setting.name}".lower()
            return f"{FILE_SCHEME}/run/secrets/{name}"
        value = self[self._environment_fields()[setting.name]]
        if setting.kind is Kind.SWITCH:
            return "true" if value else "false"
        return "" if value is False else str(value)

    # ------------------------------------------------------------------------ the form

    def web_save(self, vals, specification, next_id=None):
        """Save what a person can have entered.

        Of overridden fields a form sends what another choice has set them to, such as
        that of a provider.
        """
        for server in self:
            overridden = server._overridden_fields()
            vals = {name: vals[name] for name in vals if name not in overridden}
        return super().web_save(vals, specification, next_id=next_id)

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Have the form show what is the environment's to say, and not change it."""
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "form":
            names = set(self._environment_fields().values())
            for node in arch.xpath("//field[not(ancestor::field)]"):
                if node.get("name") in names:
                    self._mark_overridable(node)
        return arch, view

    def _mark_overridable(self, node):
        condition = f"'{node.get('name')}' in (environment_overridden or [])"
        readonly, required = node.get("readonly"), node.get("required")
        node.set("readonly", f"({readonly}) or {condition}" if readonly else condition)
        if required:
            node.set("required", f"({required}) and not ({condition})")
        note = etree.Element("span")
        note.set("class", "o_mail_gateway_from_environment text-info small")
        note.set("invisible", f"not ({condition})")
        note.text = self.env._("From the environment")
        note.tail, node.tail = node.tail, None
        node.addnext(note)
        if node.getparent().tag == "group":  # its first column has the labels
            node.addnext(etree.Element("span", invisible=f"not ({condition})"))
