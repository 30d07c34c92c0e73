from odoo import api, fields, models

from ..core.setup.finding import FindingCode, Severity
from ..core.setup.linters import lint, remedies
from ..core.setup.preset import host_for
from ..core.setup.settings import STANDARD_PORTS, is_standard_port
from ..setup_texts import FINDING_TEXT

# What stays worth saying of a server that works all the same.
LASTING_FINDINGS = {FindingCode.NO_ENCRYPTION, FindingCode.NOT_VERIFIED}

# What is no mistake yet while the form is being filled in.
UNFINISHED_FINDINGS = {FindingCode.ANONYMOUS_RELAY}


class MailGatewayAssisted(models.AbstractModel):
    """A server whose form knows providers and notices mistakes.

    A model that inherits it says by :meth:`_setup_fields` and :meth:`_settings` how
    its fields are called.
    """

    _name = "mail.gateway.assisted"
    _description = "Mail Server with Help to Set It Up"

    preset_id = fields.Many2one(
        "mail.gateway.preset",
        string="Provider",
        index="btree_not_null",
        ondelete="set null",
        help="Choosing one fills in what is known about it.",
    )
    preset_region_id = fields.Many2one(
        "mail.gateway.preset.region",
        string="Region",
        domain="[('preset_id', '=', preset_id)]",
        ondelete="set null",
        help="Where the provider keeps your account.",
    )
    preset_has_regions = fields.Boolean(
        compute="_compute_preset_guide", help="Whether a region has to be chosen."
    )
    preset_guide = fields.Html(
        string="About the Provider",
        compute="_compute_preset_guide",
        sanitize=False,
        help="What to do at the provider first, and what often goes wrong.",
    )
    setup_findings = fields.Html(
        string="Mistakes",
        compute="_compute_setup_findings",
        sanitize=False,
        groups="base.group_system",
        help="What looks wrong in the settings, before they are tried.",
    )
    setup_has_errors = fields.Boolean(
        compute="_compute_setup_findings",
        groups="base.group_system",
        help="Whether the server cannot work with these settings.",
    )
    setup_has_remedy = fields.Boolean(
        compute="_compute_setup_findings",
        groups="base.group_system",
        help="Whether better settings are known.",
    )

    # ------------------------------------------------- what the inheriting model says

    def _settings(self):
        """Return the :class:`~..core.setup.settings.Settings`, or ``None`` for a
        server that nothing is connected to."""
        raise NotImplementedError

    def _values_of(self, remedy):
        """Return the values to write for a remedy's better settings."""
        raise NotImplementedError

    @api.model
    def _setup_fields(self):
        """Return the names of the fields that findings depend on."""
        return ()

    def _customer_domain(self):
        """Return the domain whose mail goes through the server, as far as known."""
        settings = self._settings()
        return (settings.user if settings else "").rpartition("@")[2]

    # ----------------------------------------------------------------------- providers

    @api.depends("preset_id")
    def _compute_preset_guide(self):
        for server in self:
            server.preset_guide = server.preset_id._guide()
            server.preset_has_regions = bool(server.preset_id.region_ids)

    def _chosen_region(self):
        """Return the region's code, or ``None`` where none is chosen."""
        return (self.preset_region_id.code or "") if self.preset_region_id else None

    def _preset_host(self, half):
        """Return the host of a provider's half for this server; empty: not known."""
        region = self._chosen_region() or ""
        return host_for(half.host, region, self._customer_domain())

    def _match_region(self):
        """Keep the region one of the provider's: its first, unless one is chosen."""
        regions = self.preset_id.region_ids
        if self.preset_region_id not in regions:
            self.preset_region_id = regions[:1]

    def _port_for(self, protocol, security, port):
        """Return the port that goes with a choice of security.

        A port of one's own stays, and so does one that the provider names for it.
        """
        half = self.preset_id._ways_of(protocol)
        ways = (
            [way.port for way in half.ways if way.security is security] if half else ()
        )
        if port in ways or not is_standard_port(protocol, port):
            return port
        return ways[0] if ways else STANDARD_PORTS[protocol, security]

    # ------------------------------------------------------------------------ findings

    @api.depends(lambda self: self._setup_fields())
    def _compute_setup_findings(self):
        for server in self:
            findings = server._findings()
            server.setup_has_remedy = bool(remedies(findings))
            server.setup_has_errors = any(
                finding.severity is Severity.ERROR for finding in findings
            )
            server.setup_findings = findings and self.env["ir.qweb"]._render(
                "mail_gateway_plus.setup_findings",
                {
                    "findings": [
                        (finding.severity.value, server._finding_text(finding))
                        for finding in findings
                    ]
                },
            )

    def _findings(self):
        """Return what is wrong with the settings, the gravest first."""
        self.ensure_one()
        settings = self._settings()
        if not settings or not settings.host:
            return []
        findings = lint(
            settings,
            presets=self.env["mail.gateway.preset"]._known()._facts(),
            chosen=self.preset_id._fact() if self.preset_id else None,
            region=self._chosen_region(),
            own_addresses=filter(None, [self.env.user.email, self.env.user.login]),
        )
        if self.state == "done":
            return [one for one in findings if one.code in LASTING_FINDINGS]
        if not self._origin.id:
            return [one for one in findings if one.code not in UNFINISHED_FINDINGS]
        return findings

    def _finding_text(self, finding):
        """Return a finding in the user's words; a password is never part of it."""
        text = self.env._(FINDING_TEXT[finding.code])
        return text % finding.detail

    def action_use_settings(self):
        """Put right what has a known remedy; the server has to be tested again."""
        for server in self:
            better = remedies(server._findings())
            if better:
                server.write(server._values_of(better))
        return True
