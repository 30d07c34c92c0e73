import json
import os

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.misc import hmac

from ..core.setup.environment import (
    Kind,
    Setting,
    is_code,
    read_settings,
    variable_name,
)
from ..environment_texts import problem_text

SCOPE = "mail_gateway_plus.environment"

_KINDS = {
    "integer": Kind.NUMBER,
    "float": Kind.DECIMAL,
    "boolean": Kind.SWITCH,
    "selection": Kind.CHOICE,
}


class MailGatewayEnvironment(models.AbstractModel):
    """A server whose settings the environment of Odoo's process may name.

    What it names wins. Values that are no secret are put into the cache as rows are
    read (:meth:`_fetch_query`), so that whoever reads a field, Odoo, other addons and
    screens, sees the value that holds; none is ever written to the database. Secrets
    do not even get that far: those few that use one ask :meth:`_secret`.

    A confirmation holds for the environment in which the server was tested: of each
    connection setting that comes from there, a keyed digest is kept. Where they are
    not the same, or a variable cannot be used, the server reads as *Not Confirmed*.

    Expects ``state`` and ``_connection_fields`` of ``mail.gateway.confirmable``.
    """

    _name = "mail.gateway.environment"
    _description = "Mail Server with Settings from the Environment"

    environment_code = fields.Char(
        string="Code in the Environment",
        copy=False,
        groups="base.group_system",
        help="Capital letters, digits and underscores. With the code SUPPORT the "
        "variable MAIL_GATEWAY_SUPPORT_HOST of Odoo's process names the host of this "
        "server, and wins over what is entered here. Empty: the environment says "
        "nothing about this server.\n"
        "Name, archiving, quotas, type of record and company are not among them: the "
        "database is searched by them, or they are rows of it. For the same reason "
        "lists sort and filter by what is entered here.",
    )
    environment_proof = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="Keyed digests of the connection settings that came from the environment "
        "when the server was confirmed.",
    )

    # ------------------------------------------------- what the inheriting model says

    @api.model
    def _environment_fields(self):
        """Return the fields that variables may name, by the names of their settings."""
        return {}

    @api.model
    def _environment_secrets(self):
        """Return the names of those settings that are secret."""
        return set()

    @api.model
    def _environment_files(self):
        """Return the names of those that are no secret, and may stand in a file."""
        return set()

    @api.model
    def _environment_bounds(self):
        """Return least and most of numbers, by the names of their settings."""
        return {}

    # ------------------------------------------------------------- reading variables

    @api.model
    def _environ(self):
        return os.environ

    @api.model
    def _environment_settings(self):
        """Return the :class:`~..core.setup.environment.Setting` of each variable."""
        secrets, bounds = self._environment_secrets(), self._environment_bounds()
        files = self._environment_files()
        settings = []
        for name, field_name in self._environment_fields().items():
            field = self._fields[field_name]
            kind = _KINDS.get(field.type, Kind.TEXT)
            choices = ()
            if name in secrets:
                kind = Kind.SECRET
            elif name in files:
                kind = Kind.FILE
            elif kind is Kind.CHOICE:
                choices = tuple(field.get_values(self.env))
            least, most = bounds.get(name, (0, None))
            settings.append(Setting(name, kind, choices, least, most))
        return tuple(settings)

    def _environment(self):
        """Return what the environment says of this server, by setting."""
        self.ensure_one()
        code = self.sudo().environment_code
        if not code:
            return {}
        return read_settings(self._environ(), code, self._environment_settings())

    def _overridden_fields(self):
        """Return the names of the fields whose value is the environment's to say."""
        names = self._environment_fields()
        return {names[name] for name in self._environment()}

    def _environment_values(self):
        """Return the values of the overridden fields, but for secrets."""
        names = self._environment_fields()
        return {
            names[name]: found.value
            for name, found in self._environment().items()
            if not found.problem and not found.setting.is_secret
        }

    def _secret(self, setting):
        """Return a secret setting: the environment's, where it names one.

        :raises UserError: if it names one that cannot be had; never falls back to what
            is stored
        """
        found = self._environment().get(setting)
        if found is None:
            return self.sudo()[self._environment_fields()[setting]]
        if found.problem:
            raise UserError(problem_text(self.env, found))
        return found.value

    def _has_secret_from_environment(self):
        """Say whether a secret of this server must stay out of the database's reach."""
        return any(found.setting.is_secret for found in self._environment().values())

    # -------------------------------------------------------------- what they come to

    def _environment_digests(self):
        """Return keyed digests of the overridden connection settings, as text."""
        connection = self._connection_fields()
        names = self._environment_fields()
        env = self.sudo().env
        digests = {
            name: hmac(env, SCOPE, (self._name, self.id, name, str(found.value)))
            for name, found in self._environment().items()
            if names[name] in connection
        }
        return json.dumps(digests, sort_keys=True)

    def _environment_changes(self):
        """Return the settings that the environment changed since the confirmation."""
        before = json.loads(self.sudo().environment_proof or "{}")
        now = json.loads(self._environment_digests())
        return sorted(
            name for name in before | now if before.get(name) != now.get(name)
        )

    def _environment_problems(self):
        """Return in the user's words which variables cannot be used, and why."""
        return [
            problem_text(self.env, found)
            for found in self._environment().values()
            if found.problem
        ]

    def _is_proven_in_environment(self):
        """Say whether a confirmation that is stored holds for this environment."""
        server = self.sudo()
        if not server.environment_code and not server.environment_proof:
            return True
        proof = server.environment_proof or "{}"
        return proof == self._environment_digests() and not self._environment_problems()

    def _check_environment(self):
        """Refuse to connect while a variable cannot be used.

        :raises UserError: that names it
        """
        if problems := self._environment_problems():
            raise UserError("\n".join(problems))

    def _check_environment_is_proven(self):
        """Refuse to connect with other settings than those that were confirmed.

        :raises UserError: that names them
        """
        self._check_environment()
        if not self._is_proven_in_environment():
            raise UserError(self._told_changes())

    def _told_changes(self):
        changes = self._environment_changes()
        code = self.sudo().environment_code
        variables = [variable_name(code, name) if code else name for name in changes]
        return self.env._(
            "Settings that come from the environment are not those that were "
            "confirmed: %s. Press Test & Confirm.",
            ", ".join(variables),
        )

    # ---------------------------------------------------------------------- the cache

    def _fetch_query(self, query, fields):
        """Put what the environment says in the place of what was read."""
        if not any(field.column_type for field in fields):
            return super()._fetch_query(query, fields)
        own = [self._fields[name] for name in ("environment_code", "environment_proof")]
        fields = [*fields, *(field for field in own if field not in fields)]
        fetched = super()._fetch_query(query, fields)
        for server in fetched.sudo():
            if server.environment_code or server.environment_proof:
                server._overlay(fields)
        return fetched

    def _overlay(self, fields):
        values = self._environment_values()
        if self._fields["state"] in fields and not self._is_proven_in_environment():
            values["state"] = "draft"
        for field in fields:
            # What somebody is about to write stays: it is no overridden field.
            if field.name in values and self.id not in self._dirty_ids(field):
                value = field.convert_to_cache(values[field.name], self, validate=False)
                field._update_cache(self, value)

    def _dirty_ids(self, field):
        return self.env._field_dirty.get(field, ())

    # ------------------------------------------------------------------------- writing

    @api.model_create_multi
    def create(self, vals_list):
        servers = super().create(vals_list)
        named = servers.sudo().filtered("environment_code")
        servers.browse(named.ids)._begin_with_environment()
        return servers

    def _begin_with_environment(self):
        """Take a server that code creates as confirmed, as all others that it does."""
        for server in self:
            if server.state == "done":
                server.environment_proof = server._environment_digests()
        self.invalidate_recordset()

    def write(self, vals):
        named = self.sudo().filtered(
            lambda s: s.environment_code or s.environment_proof
        )
        for server in self.browse(named.ids):
            values = server._without_overridden(vals)
            values |= server._proof_values(values)
            super(MailGatewayEnvironment, server).write(values)
        super(MailGatewayEnvironment, self - named).write(vals)
        if "environment_code" in vals:
            self.invalidate_recordset()
        return True

    def _without_overridden(self, vals):
        """Return ``vals`` without what the environment says anyway.

        A secret that is stored although another one holds may be removed.

        :raises UserError: if they say something else
        """
        values = dict(vals)
        secrets = {self._environment_fields()[s] for s in self._environment_secrets()}
        for name in self._overridden_fields() & vals.keys():
            if not vals[name] and name in secrets:
                continue
            if self._is_other(name, values.pop(name)):
                raise UserError(
                    self.env._(
                        "%(field)s of %(server)s comes from the environment that Odoo "
                        "was started with, and is changed there.",
                        field=self._fields[name]._description_string(self.env),
                        server=self.display_name,
                    )
                )
        return values

    def _is_other(self, name, value):
        """Say whether a value to write is another one than the field has."""
        field = self._fields[name]
        now = field.convert_to_cache(self.sudo()[name], self)
        return field.convert_to_cache(value, self) != now

    def _proof_values(self, values):
        """Return what has to be written along with ``values``."""
        if values.get("state") == "done":
            return {"environment_proof": self._environment_digests()}
        is_touched = "state" in values or self._connection_fields() & values.keys()
        if is_touched and not self._is_proven_in_environment():
            # It reads as draft already, so that the ORM would not write it.
            self.flush_recordset(["state"])
            self._fields["state"]._update_cache(self, "done")
            return {"state": "draft"}
        return {}

    def copy_data(self, default=None):
        """Leave out what is not stored here: the copy has no code, and so no value."""
        copies = super().copy_data(default)
        for server, values in zip(self, copies, strict=True):
            for name in server._overridden_fields() - set(default or ()):
                values.pop(name, None)
        return copies

    # ---------------------------------------------------------------------- the code

    @api.constrains("environment_code")
    def _check_environment_code(self):
        for server in self.filtered("environment_code"):
            if not is_code(server.environment_code):
                raise ValidationError(
                    self.env._(
                        "“%s” cannot be a code. It begins with a capital letter and "
                        "has capital letters, digits and single underscores in it.",
                        server.environment_code,
                    )
                )
            server._check_variables_are_its_own()

    def _check_variables_are_its_own(self):
        """Raise if one variable would name a setting of two servers."""
        mine = self._variables()
        for model in ("ir.mail_server", "fetchmail.server"):
            others = self.env[model].sudo().with_context(active_test=False)
            for other in others.search([("environment_code", "!=", False)]):
                common = other != self and mine & other._variables()
                if common:
                    raise ValidationError(
                        self.env._(
                            "%(server)s has the code %(code)s: %(variable)s would mean "
                            "both servers. Choose another code.",
                            server=other.display_name,
                            code=other.environment_code,
                            variable=min(common),
                        )
                    )

    def _variables(self):
        """Return the names of all variables that this server listens to."""
        code = self.sudo().environment_code
        return {variable_name(code, name) for name in self._environment_fields()}
