"""All that is looked at for one domain and the server that sends for it."""

from .dkim_check import check_dkim
from .dmarc_check import check_alignment, check_dmarc
from .egress import check_egress
from .findings import Grade
from .receiving import check_bounce, check_mx
from .spf_check import check_spf
from .volume import check_volume

WITH_KEY = {Grade.OK, Grade.WARNING}


def examine(lookups, sender):
    """Return the findings about a :class:`~.findings.Sender`, check by check."""
    dkim = check_dkim(lookups, sender)
    grades = {one.grade for one in dkim}
    has_key = None if grades == {Grade.SKIPPED} else bool(grades & WITH_KEY)
    dmarc, discovery = check_dmarc(lookups, sender)
    return [
        check_mx(lookups, sender.domain),
        *check_spf(lookups, sender),
        *dkim,
        *dmarc,
        check_alignment(lookups, sender, discovery, has_key),
        *check_bounce(lookups, sender),
        *check_egress(lookups, sender),
        *check_volume(sender),
    ]
