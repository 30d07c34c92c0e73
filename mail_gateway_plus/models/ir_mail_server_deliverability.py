import re

from odoo import fields, models
from odoo.tools import email_normalize
from odoo.tools.mail import email_domain_extract

from ..core.deliverability.egress import addresses_in
from ..core.deliverability.findings import Sender
from ..core.discovery.names import is_dns_available
from ..deliverability_run import DeliverabilityRun
from ..deliverability_texts import NO_DNS_LIBRARY

MAX_DOMAINS = 20
# A selector is one or more labels (RFC 6376 section 3.1).
SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


class IrMailServerDeliverability(models.Model):
    """Whether others take for genuine what the server sends."""

    _inherit = "ir.mail_server"

    dkim_selectors = fields.Char(
        string="DKIM Selectors",
        help="Under which names the keys for this server's signatures are published, "
        "separated by blanks: s1 s2. Those that the provider always uses, and those "
        "that a round-trip mail showed, are known without.",
    )
    deliverability_ids = fields.One2many(
        "mail.gateway.deliverability",
        "server_id",
        groups="base.group_system",
        help="The last report about each domain that the server sends for.",
    )
    deliverability = fields.Json(
        compute="_compute_deliverability",
        groups="base.group_system",
        help="The reports, in the user's words.",
    )

    def _compute_deliverability(self):
        for server in self:
            reports = [report._told() for report in server.deliverability_ids]
            server.deliverability = {
                "reports": reports,
                "is_running": any(each["state"] == "running" for each in reports),
                "note": "" if is_dns_available else self.env._(NO_DNS_LIBRARY),
            }

    def action_check_deliverability(self):
        """Look the server's domains up in the DNS before the user's eyes."""
        self.ensure_one().check_access("write")
        names = self.env["mail.gateway.network"]._names()
        if names.has_records:
            # sudo: only administrators write servers; reports are made by nobody else
            server = self.sudo()
            senders = server._deliverability_senders()
            reports = server.env["mail.gateway.deliverability"]._begin(server, senders)
            by_id = {report.id: senders[report.domain] for report in reports}
            place = DeliverabilityRun.place(self.env)
            run = DeliverabilityRun(*place, names, by_id)
            self.env.cr.postcommit.add(run.start)
        return self.action_show_deliverability()

    def action_show_deliverability(self):
        """Show the last reports."""
        view = "mail_gateway_plus.ir_mail_server_view_deliverability"
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Deliverability of %s", self.name),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(self.env.ref(view).id, "form")],
            "target": "new",
            "context": {"dialog_size": "large"},
        }

    # ------------------------------------------------------------------ what is known

    def _deliverability_senders(self):
        """Return a :class:`~..core.deliverability.findings.Sender` by domain."""
        self.ensure_one()
        return {domain: self._sender_of(domain) for domain in self._sender_domains()}

    def _sender_domains(self):
        """Return the domains of the From addresses of what goes out here.

        Those that it may send for; where it may for all, those of the email domains.
        """
        allowed = self._parse_from_filter(self.from_filter)
        found = [entry.rpartition("@")[2] for entry in allowed]
        found.append(email_domain_extract(self.from_address or ""))
        for domain in self.env["mail.alias.domain"].search([], limit=MAX_DOMAINS):
            address = domain.default_from_email or domain.catchall_email
            if self._match_from_filter(address, self.from_filter):
                found.append(email_domain_extract(address))
        if not any(found):
            found.append(email_domain_extract(self.smtp_user or ""))
        domains = dict.fromkeys(_ascii(domain) for domain in found if domain)
        return list(domains)[:MAX_DOMAINS]

    def _sender_of(self, domain):
        preset = self.preset_id
        is_of_provider = bool(preset) and preset.kind != "own"
        trip = self._last_round_trip()
        notes = f"{self.egress_note or ''} {trip.sending_address or ''}"
        addresses = [] if is_of_provider else addresses_in(notes)
        signatures = [tuple(pair) for pair in trip.signatures or []]
        seen = [selector for signer, selector in signatures if signer == domain]
        is_own_mail = email_domain_extract(trip.sender or "") == domain
        return Sender(
            domain,
            bounce_domain=self._bounce_domain(domain),
            spf_include=(preset.spf_include or "").strip().lower(),
            usual_selectors=_selectors(preset.dkim_selectors),
            selectors=(*_selectors(self.dkim_selectors), *seen),
            signing_domains=tuple(d for d, _s in signatures) if is_own_mail else (),
            addresses=tuple(addresses),
            host=(self.smtp_host or "").lower(),
            is_of_provider=is_of_provider,
            is_of_people=self._is_of_people(domain),
            mails_a_day=self.accepted_24h,
            report_address=email_normalize(self.env.company.email) or "",
        )

    def _is_of_people(self, domain):
        """Say whether an employee has an address of the domain."""
        people = [("share", "=", False), ("email", "=ilike", f"%@{domain}")]
        # sudo: the scheduler asks, too
        return bool(self.env["res.users"].sudo().search_count(people, limit=1))

    def _last_round_trip(self):
        """Return the last mail of ours that arrived: its header shows what is done."""
        return self.env["mail.gateway.round.trip"].search(
            [("server_id", "=", self.id), ("state", "=", "arrived")], limit=1
        )

    def _bounce_domain(self, domain):
        """Return the domain of the envelope's sender of mail from a domain.

        Odoo uses the bounce address of the record's company where the server may send
        for it, else the From address (ir_mail_server.py, _prepare_email_message__).
        """
        domains = self.env["mail.alias.domain"].search([], limit=MAX_DOMAINS)
        own = domains.filtered(lambda each: _ascii(each.name) == domain)
        bounce = (own or self.env.company.alias_domain_id or domains)[:1].bounce_email
        if bounce and self._match_from_filter(bounce, self.from_filter):
            return _ascii(bounce.rpartition("@")[2])
        return domain


def _selectors(text):
    words = re.split(r"[\s,;]+", text or "")
    return tuple(word for word in words if SELECTOR.fullmatch(word))


def _ascii(domain):
    """Return a domain as the DNS knows it (RFC 5890); as it is where it is none."""
    try:
        return domain.strip().lower().encode("idna").decode("ascii")
    except UnicodeError:
        return domain.strip().lower()
