"""Reading the system parameters of the gateway, whatever somebody entered there."""

import logging
from datetime import timedelta

from odoo import fields

_logger = logging.getLogger(__name__)

# How many days the row of a settled message is kept: key and default.
ROW_RETENTION = ("mail_gateway_plus.journal_retention_days", 730)
# More days than any journal has, and fewer than take a date out of its range.
MOST_DAYS = 36_500


def whole_number(env, parameter, least=0):
    """Return a number that is a system parameter; a wrong entry stops no job.

    :param parameter: its key, and the number that holds when it is not set, is no
        whole number, or is less than ``least``
    """
    key, default = parameter
    entered = env["ir.config_parameter"].sudo().get_param(key, default)
    try:
        number = int(entered)
    except ValueError:
        number = least - 1
    if number < least:
        _logger.warning(
            "System parameter %s: %r is not a whole number of at least %s; %s is used",
            key,
            entered,
            least,
            default,
        )
        return default
    return number


def kept_since(env, parameter):
    """Return the moment before which things are no longer kept.

    :param parameter: as for :func:`whole_number`; the number of days
    """
    days = min(whole_number(env, parameter), MOST_DAYS)
    return fields.Datetime.now() - timedelta(days=days)
