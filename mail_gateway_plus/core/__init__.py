"""What the gateway knows without a database: protocols, policy, parsing, diagnosis.

Nothing below this package imports ``odoo``; it takes and returns plain values.
"""
