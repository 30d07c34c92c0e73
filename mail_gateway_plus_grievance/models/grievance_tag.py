from odoo import fields, models


class GrievanceTag(models.Model):
    _name = "grievance.tag"
    _description = "Grievance Tag"
    _order = "name"

    name = fields.Char(required=True, translate=True, help="What the mark says.")
    color = fields.Integer(help="Colour of the mark.")

    _name_unique = models.Constraint("UNIQUE(name)", "There is such a tag already.")
