{
    "name": "Benchmark Ticket",
    "summary": "A target for mail that stock Odoo and ours have alike",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "mail_gateway_plus contributors",
    "license": "LGPL-3",
    "depends": ["mail"],
    "data": ["ir.model.access.csv"],
}
