from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.protocols.endpoint import Security
from ..core.setup.preset import (
    Authentication,
    Half,
    Preset,
    UserForm,
    parse_ways,
)
from ..core.setup.settings import Protocol

USER_FORMS = [
    (UserForm.ANY.value, "As the provider says"),
    (UserForm.ADDRESS.value, "The whole address"),
    (UserForm.LOCAL_PART.value, "The part before the @"),
    (UserForm.LITERAL.value, "A fixed word"),
]


class MailGatewayPreset(models.Model):
    """What a mail provider needs; shipped ones are facts, own ones are free."""

    _name = "mail.gateway.preset"
    _description = "Mail Provider"
    _order = "sequence, name, id"

    name = fields.Char(required=True, help="The provider, as people call it.")
    code = fields.Char(
        required=True,
        copy=False,
        help="A short name that stays the same, for programs and quotas.",
    )
    sequence = fields.Integer(default=50, help="The lowest ones are listed first.")
    active = fields.Boolean(
        default=True, help="An archived provider is no longer suggested."
    )
    is_shipped = fields.Boolean(
        string="Shipped",
        readonly=True,
        copy=False,
        help="It came with the addon and is not changed by hand; a duplicate can be.",
    )
    kind = fields.Selection(
        [
            ("mailbox", "Mailboxes"),
            ("service", "Sending Service"),
            ("own", "Own Server"),
        ],
        required=True,
        default="own",
        help="Mailboxes: mail is sent and read. Sending service: mail is only sent. "
        "Own server: one that you or your provider runs for you.",
    )
    is_personal = fields.Boolean(
        string="Personal Addresses",
        help="Its domains are those of private people, so that their addresses are a "
        "poor choice for Odoo.",
    )
    domains = fields.Char(
        help="The ends of its addresses, separated by blanks: gmail.com googlemail.com"
    )
    mx_patterns = fields.Char(
        string="Mail Exchangers",
        help="The domains of the servers that receive its customers' mail, separated "
        "by blanks: mail.protection.outlook.com",
    )
    smtp_host = fields.Char(
        string="SMTP Server",
        help="May hold {region} and {domain}, the customer's domain with hyphens.",
    )
    smtp_ways = fields.Char(
        string="SMTP Ports",
        help="Ports and encryption, the recommended one first: 465/ssl 587/starttls",
    )
    smtp_user_form = fields.Selection(
        USER_FORMS,
        string="SMTP User Name",
        required=True,
        default=UserForm.ANY.value,
        help="What the provider expects as user name to send.",
    )
    smtp_user_literal = fields.Char(
        string="Fixed User Name", help="The word that is everybody's user name."
    )
    imap_host = fields.Char(string="IMAP Server", help="May hold {region}.")
    imap_ways = fields.Char(
        string="IMAP Ports",
        help="Ports and encryption, the recommended one first: 993/ssl",
    )
    pop_host = fields.Char(string="POP Server", help="May hold {region}.")
    pop_ways = fields.Char(
        string="POP Ports",
        help="Ports and encryption, the recommended one first: 995/ssl",
    )
    mailbox_user_form = fields.Selection(
        USER_FORMS,
        string="Mailbox User Name",
        required=True,
        default=UserForm.ANY.value,
        help="What the provider expects as user name to read mail.",
    )
    authentication = fields.Selection(
        [
            (Authentication.PASSWORD.value, "Password or key"),
            (Authentication.APP_PASSWORD.value, "App password"),
            (Authentication.OAUTH.value, "OAuth, passwords on their way out"),
            (Authentication.OAUTH_ONLY.value, "OAuth only"),
            (Authentication.NETWORK.value, "Network address, a login if wished"),
        ],
        required=True,
        default=Authentication.PASSWORD.value,
        help="How the provider knows who logs in.",
    )
    oauth_provider = fields.Selection(
        [("gmail", "Google"), ("outlook", "Microsoft")],
        string="OAuth By",
        help="The authentication that Odoo's addon for this provider adds.",
    )
    app_password_length = fields.Integer(
        help="How many characters an app password has; 0: not known."
    )
    region_ids = fields.One2many(
        "mail.gateway.preset.region",
        "preset_id",
        string="Regions",
        copy=True,
        help="Where the provider keeps accounts, and how that shows in its hosts.",
    )
    authentication_note = fields.Text(
        translate=True, help="How to log in, in a sentence or two."
    )
    prerequisites = fields.Text(
        translate=True, help="What has to be done at the provider first, one per line."
    )
    traps = fields.Text(translate=True, help="What often goes wrong, one per line.")
    messages_per_minute = fields.Integer(help="Most messages a minute; 0: not known.")
    messages_per_hour = fields.Integer(help="Most messages an hour; 0: not known.")
    messages_per_day = fields.Integer(
        help="Most messages in 24 rolling hours; 0: not known."
    )
    recipients_per_minute = fields.Integer(
        help="Most recipients a minute; 0: not known."
    )
    recipients_per_hour = fields.Integer(help="Most recipients an hour; 0: not known.")
    recipients_per_day = fields.Integer(
        help="Most recipients in 24 rolling hours; 0: not known."
    )
    recipients_per_message = fields.Integer(
        help="Most recipients of one message; 0: not known."
    )
    connections = fields.Integer(help="Most connections at once; 0: not known.")
    max_size_mb = fields.Float(
        string="Max. Message Size",
        digits=(8, 1),
        help="Largest message in megabytes, as it is sent; 0: not known.",
    )
    limits_note = fields.Text(
        string="About the Limits",
        translate=True,
        help="Which plans the limits hold for, and what happens beyond them.",
    )
    source = fields.Text(help="Where the facts were read.")
    checked_on = fields.Date(help="When the facts were last compared with the source.")
    documentation_url = fields.Char(
        string="Documentation", help="The provider's own page about it."
    )

    _unique_code = models.UniqueIndex("(code)", "This code is taken already.")

    @api.constrains("smtp_ways", "imap_ways", "pop_ways")
    def _check_ways(self):
        for preset in self:
            for text in (preset.smtp_ways, preset.imap_ways, preset.pop_ways):
                try:
                    parse_ways(text)
                except ValueError as error:
                    raise ValidationError(
                        self.env._(
                            "“%s” is not written as a port and its encryption, such "
                            "as 465/ssl, 587/starttls or 25/none.",
                            text,
                        )
                    ) from error

    def copy_data(self, default=None):
        """Name a duplicate apart: two providers of one name are hard to choose from."""
        rows = super().copy_data(default)
        for preset, values in zip(self, rows, strict=True):
            if "code" not in (default or {}):
                values["code"] = preset._free_code()
            if "name" not in (default or {}):
                values["name"] = self.env._("%s (copy)", preset.name)
        return rows

    def _free_code(self):
        every = self.with_context(active_test=False)
        alike = every.search([("code", "=like", f"{self.code}%")])
        taken = set(alike.mapped("code"))
        numbers = iter(range(2, len(taken) + 3))
        return next(code for n in numbers if (code := f"{self.code}_{n}") not in taken)

    # ------------------------------------------------------------------ as plain facts

    @api.model
    def _known(self):
        """Return the providers that are suggested, in their order."""
        return self.search([("active", "=", True)])

    def _facts(self):
        """Return the :class:`~..core.setup.preset.Preset` of each, in order."""
        return [preset._fact() for preset in self]

    def _fact(self):
        mailbox = UserForm(self.mailbox_user_form)
        halves = (
            (Protocol.SMTP, self.smtp_host, self.smtp_ways, self.smtp_user_form),
            (Protocol.IMAP, self.imap_host, self.imap_ways, mailbox),
            (Protocol.POP, self.pop_host, self.pop_ways, mailbox),
        )
        return Preset(
            code=self.code,
            halves=tuple(
                Half(protocol, host or "", parse_ways(ways), UserForm(form))
                for protocol, host, ways, form in halves
                if host or ways
            ),
            domains=tuple((self.domains or "").lower().split()),
            mx_patterns=tuple((self.mx_patterns or "").lower().split()),
            regions=tuple(region.code or "" for region in self.region_ids),
            user_literal=self.smtp_user_literal or "",
            authentication=Authentication(self.authentication),
            app_password_length=self.app_password_length,
            is_personal=self.is_personal,
        )

    def _oauth_type(self, available):
        """Return the OAuth authentication to suggest, or ``False``.

        Where passwords still work, OAuth needs somebody to have registered Odoo with
        the provider first; it is suggested once that is done.

        :param available: the authentications that installed addons bring
        """
        self.ensure_one()
        provider = self.oauth_provider
        if not provider or provider not in available:
            return False
        if self.authentication in (
            Authentication.OAUTH.value,
            Authentication.OAUTH_ONLY.value,
        ):
            return provider
        parameter = {
            "gmail": "google_gmail_client_id",
            "outlook": "microsoft_outlook_client_id",
        }[provider]
        # Whether there is a client, not which one: no secret is looked at.
        parameters = self.env["ir.config_parameter"].sudo()
        return provider if parameters.get_param(parameter) else False

    def _guide(self):
        """Return, as HTML, what to know about the provider while setting it up."""
        if not self:
            return False
        self.ensure_one()
        return self.env["ir.qweb"]._render(
            "mail_gateway_plus.preset_guide",
            {
                "preset": self,
                "prerequisites": (self.prerequisites or "").splitlines(),
                "traps": (self.traps or "").splitlines(),
                "limits": self._limits(),
            },
        )

    def _limits(self):
        """Return the known limits in words, the widest window first."""
        _ = self.env._
        texts = (
            (self.messages_per_day, _("%s messages a day", self.messages_per_day)),
            (
                self.recipients_per_day,
                _("%s recipients a day", self.recipients_per_day),
            ),
            (self.messages_per_hour, _("%s messages an hour", self.messages_per_hour)),
            (
                self.recipients_per_hour,
                _("%s recipients an hour", self.recipients_per_hour),
            ),
            (
                self.messages_per_minute,
                _("%s messages a minute", self.messages_per_minute),
            ),
            (
                self.recipients_per_minute,
                _("%s recipients a minute", self.recipients_per_minute),
            ),
            (
                self.recipients_per_message,
                _("%s recipients a message", self.recipients_per_message),
            ),
            (self.connections, _("%s connections at once", self.connections)),
            (self.max_size_mb, _("%s MB a message", f"{self.max_size_mb:g}")),
        )
        return [text for number, text in texts if number]

    def _quota_values(self):
        """Return the provider's limits as the values of quotas, one a window."""
        limits = (
            ("minute", self.messages_per_minute, self.recipients_per_minute),
            ("hour", self.messages_per_hour, self.recipients_per_hour),
            ("day", self.messages_per_day, self.recipients_per_day),
        )
        return [
            {
                "window_count": 1,
                "window_unit": unit,
                "max_messages": messages,
                "max_recipients": recipients,
                "is_from_preset": True,
            }
            for unit, messages, recipients in limits
            if messages or recipients
        ]

    def _ways_of(self, protocol):
        """Return the :class:`~..core.setup.preset.Half` for a protocol, or ``None``."""
        return self._fact().half(protocol) if self else None


def strict(security):
    """Return ``smtp_encryption``'s value that checks the certificate."""
    return "none" if security is Security.NONE else f"{security.value}_strict"
