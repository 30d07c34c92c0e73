"""Much mail from a domain that people write from as well."""

from .findings import Cause, Check, Finding, Grade

# A fifth of what makes a bulk sender of Gmail's and Outlook's: enough for receivers to
# form an opinion of the domain, and early enough to change it.
MUCH_A_DAY = 1000


def check_volume(sender):
    """Return a finding where machines and people share a reputation, else none."""
    if not sender.is_of_people or sender.mails_a_day < MUCH_A_DAY:
        return []
    return [
        Finding(
            Check.VOLUME,
            Grade.WARNING,
            Cause.VOLUME_SHARED,
            sender.domain,
            f"{sender.mails_a_day} (notify.{sender.domain})",
        )
    ]
