"""What the examination of a domain finds, as plain values."""

from dataclasses import asdict, dataclass
from enum import Enum


class Check(str, Enum):
    """What is looked at, in this order."""

    MX = "mx"
    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    ALIGNMENT = "alignment"
    BOUNCE = "bounce"
    EGRESS = "egress"
    VOLUME = "volume"


class Grade(str, Enum):
    """How it is: the later, the worse, but for what was not looked at."""

    SKIPPED = "skipped"
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"

    @property
    def rank(self):
        """How bad it is."""
        return list(Grade).index(self)


class Cause(str, Enum):
    """Why it is so; the advice for each is in deliverability_texts.py."""

    NO_ANSWER = "no_answer"

    MX_OK = "mx_ok"
    MX_NONE = "mx_none"
    MX_NULL = "mx_null"
    MX_NO_ADDRESS = "mx_no_address"

    SPF_OK = "spf_ok"
    SPF_NONE = "spf_none"
    SPF_MULTIPLE = "spf_multiple"
    SPF_SYNTAX = "spf_syntax"
    SPF_MANY_LOOKUPS = "spf_many_lookups"
    SPF_MANY_MX = "spf_many_mx"
    SPF_MANY_VOIDS = "spf_many_voids"
    SPF_BROKEN_INCLUDE = "spf_broken_include"
    SPF_LOOP = "spf_loop"
    SPF_PASS_ALL = "spf_pass_all"
    SPF_NEUTRAL_ALL = "spf_neutral_all"
    SPF_NO_PROVIDER = "spf_no_provider"
    SPF_NO_ADDRESS = "spf_no_address"
    SPF_PTR = "spf_ptr"

    DKIM_OK = "dkim_ok"
    DKIM_NO_SELECTOR = "dkim_no_selector"
    DKIM_NONE = "dkim_none"
    DKIM_REVOKED = "dkim_revoked"
    DKIM_UNREADABLE = "dkim_unreadable"
    DKIM_USELESS = "dkim_useless"
    DKIM_SHORT = "dkim_short"
    DKIM_TESTING = "dkim_testing"

    DMARC_OK = "dmarc_ok"
    DMARC_NONE = "dmarc_none"
    DMARC_WATCHING = "dmarc_watching"
    DMARC_MULTIPLE = "dmarc_multiple"
    DMARC_SYNTAX = "dmarc_syntax"
    DMARC_NO_POLICY = "dmarc_no_policy"
    DMARC_TESTING = "dmarc_testing"
    DMARC_OLD_TAGS = "dmarc_old_tags"

    ALIGNED = "aligned"
    ALIGNED_SPF = "aligned_spf"
    ALIGNED_SPF_ONLY = "aligned_spf_only"
    ALIGNED_DKIM_ONLY = "aligned_dkim_only"
    NOT_ALIGNED = "not_aligned"
    ALIGNMENT_UNKNOWN = "alignment_unknown"

    BOUNCE_OK = "bounce_ok"
    BOUNCE_NO_MX = "bounce_no_mx"
    BOUNCE_NO_SPF = "bounce_no_spf"

    EGRESS_OK = "egress_ok"
    EGRESS_NO_PTR = "egress_no_ptr"
    EGRESS_NOT_CONFIRMED = "egress_not_confirmed"
    EGRESS_UNKNOWN = "egress_unknown"
    EGRESS_PRIVATE = "egress_private"
    EGRESS_OF_PROVIDER = "egress_of_provider"

    VOLUME_SHARED = "volume_shared"


@dataclass(frozen=True)
class Publish:
    """A record to publish; without a value it is for somebody else to say."""

    name: str
    kind: str
    value: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing that was found about a domain or an address.

    ``subject``: the domain, selector or address; ``detail``: what the text of the cause
    names; ``seen``: the records as they are.
    """

    check: Check
    grade: Grade
    cause: Cause
    subject: str = ""
    detail: str = ""
    seen: tuple = ()
    publish: Publish | None = None

    def plain(self):
        """Return it as values that JSON knows."""
        return asdict(self)


@dataclass(frozen=True)
class Sender:
    """Whose mail goes out how, as far as that is known.

    ``bounce_domain``: that of the envelope's sender. ``spf_include`` and
    ``usual_selectors`` are the provider's; one of the selectors has to have a key.
    ``selectors``: those entered or seen, each of which has to. ``signing_domains``: the
    ``d=`` of signatures that were seen. ``addresses``: from which mail reaches others,
    as ``ipaddress`` objects. ``is_of_provider``: whether these are somebody else's.
    ``is_of_people``: whether people write from the domain as well.
    """

    domain: str
    bounce_domain: str = ""
    spf_include: str = ""
    usual_selectors: tuple = ()
    selectors: tuple = ()
    signing_domains: tuple = ()
    addresses: tuple = ()
    host: str = ""
    is_of_provider: bool = False
    is_of_people: bool = False
    mails_a_day: int = 0
    report_address: str = ""


def worst(findings):
    """Return the worst :class:`Grade` among findings.

    Nothing is fine as a whole that had a question without an answer, or no findings.
    """
    grades = [finding.grade for finding in findings]
    grade = max(grades, key=lambda grade: grade.rank, default=Grade.SKIPPED)
    is_open = any(finding.cause is Cause.NO_ANSWER for finding in findings)
    return Grade.SKIPPED if is_open and grade is Grade.OK else grade
