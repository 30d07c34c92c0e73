from odoo import fields, models


class BenchTicket(models.Model):
    _name = "bench.ticket"
    _description = "Benchmark Ticket"
    _inherit = ["mail.thread"]
    _primary_email = "email_from"

    name = fields.Char(tracking=True)
    stage = fields.Selection([("new", "New"), ("done", "Done")], tracking=True)
    email_from = fields.Char()
