"""Whether mail goes out at all."""

from enum import Enum


class Outage(str, Enum):
    """Why no mail goes out."""

    NOTHING_SET_UP = "nothing_set_up"
    NOTHING_CONFIRMED = "nothing_confirmed"
    ALL_OUT_OF_USE = "all_out_of_use"


def outage(
    entered: int,
    confirmed: int,
    usable: int,
    is_command_line_named: bool,
    has_delivered: bool,
) -> Outage | None:
    """Return why no mail goes out, or None where there is a way.

    Odoo's own fallback, the command line's server, is one where somebody has named it,
    and localhost where it lately took a mail. Neither stands in for servers that are
    out of use.

    :param entered: how many servers there are, of which so many are ``confirmed``, and
        of these so many ``usable``: their breaker is not open
    :param has_delivered: whether mail lately went out without any of them
    """
    if usable:
        return None
    if confirmed:
        return Outage.ALL_OUT_OF_USE
    if is_command_line_named:
        return None
    if entered:
        return Outage.NOTHING_CONFIRMED
    return None if has_delivered else Outage.NOTHING_SET_UP
