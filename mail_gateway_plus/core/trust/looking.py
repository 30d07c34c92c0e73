"""All that is looked at of a message before it is processed."""

from .judge import judge
from .scanning import scan_message


def look(scanner, raw, settings, lookups, is_whole=True):
    """Return the verdict on a message's sender, and what the virus scanner found.

    :param scanner: a :class:`~..protocols.clamd.Clamd`, or nothing where none is wanted
    """
    verdict = judge(raw, settings, lookups, is_whole)
    return verdict, scan_message(raw, scanner) if scanner else None
