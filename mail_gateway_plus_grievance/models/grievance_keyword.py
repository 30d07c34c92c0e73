from odoo import api, fields, models, tools
from odoo.tools.mail import html2plaintext

from ..triage import compile_words, find_word, plain
from .grievance_ticket_handling import SENSITIVITIES


class GrievanceKeyword(models.Model):
    """Words by which a grievance is recognised as it comes in."""

    _name = "grievance.keyword"
    _description = "Grievance Keywords"
    _order = "sequence, id"

    name = fields.Char(
        required=True, help="What these words are about, and in which language."
    )
    sequence = fields.Integer(default=10, help="The first that fit decide.")
    words = fields.Text(
        required=True,
        help="Words or phrases, one a line. Case and accents do not count; * stands "
        "for further letters.",
    )
    category_id = fields.Many2one(
        "grievance.category",
        required=True,
        ondelete="cascade",
        help="The category that a grievance with one of these words gets.",
    )
    sensitivity = fields.Selection(
        related="category_id.sensitivity",
        help="Grievances of a sensitive category are sealed at once.",
    )
    active = fields.Boolean(default=True, help="Whether these words are looked for.")

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    @api.model
    @tools.ormcache()
    def _patterns(self):
        """Return the patterns to look for with their ids, the most sensitive first.

        When in doubt, a grievance is sealed: it can be unsealed, but not unread.
        """
        order = [key for key, _label in SENSITIVITIES]
        rows = self.sudo().search([("active", "=", True)])
        rows = rows.sorted(lambda row: -order.index(row.category_id._sensitivity()))
        return tuple((row.id, compile_words(row.words.splitlines())) for row in rows)

    @api.model
    def _match(self, subject, body):
        """Return the keywords that fit a grievance first, and the word that was found.

        :param body: HTML
        """
        patterns = self._patterns()
        if patterns:
            text = plain(f"{subject or ''}\n{html2plaintext(body or '')}")
            for keyword_id, pattern in patterns:
                if word := find_word(pattern, text):
                    return self.sudo().browse(keyword_id), word
        return self.sudo().browse(), ""
