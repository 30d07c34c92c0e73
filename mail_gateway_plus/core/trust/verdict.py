"""What is known of a sender's authenticity, in plain values."""

from dataclasses import dataclass
from enum import Enum


class Level(str, Enum):
    """How well the domain in From is known to stand behind a message.

    VERIFIED: the domain's own signature, or its policy (DMARC) is met. PLAUSIBLE: a
    server that the domain names has sent it, and the domain says no more. UNVERIFIED:
    nothing speaks for it, or nothing is known. FAILED: the domain asks that such
    messages be refused.
    """

    VERIFIED = "verified"
    PLAUSIBLE = "plausible"
    UNVERIFIED = "unverified"
    FAILED = "failed"


class Method(str, Enum):
    """What spoke for or against the sender."""

    FROM = "From"
    DKIM = "DKIM"
    SPF = "SPF"
    DMARC = "DMARC"
    ARC = "ARC"
    LOGIN = "Login"


class Why(str, Enum):
    """The outcome of one method; each has a text of its own."""

    SAID = "said"
    PASSED = "passed"
    SEALED = "sealed"
    NO_SENDER = "no_sender"
    SEVERAL_SENDERS = "several_senders"
    NOTHING = "nothing"
    NOT_CHECKED = "not_checked"
    DEADLY = "deadly"
    NO_LIBRARY = "no_library"
    INCOMPLETE = "incomplete"
    TOO_LARGE = "too_large"
    OTHER_DOMAIN = "other_domain"
    TOO_MANY = "too_many"
    BROKEN = "broken"
    BAD_SIGNATURE = "bad_signature"
    OLD_ALGORITHM = "old_algorithm"
    FROM_UNSIGNED = "from_unsigned"
    PARTIAL_BODY = "partial_body"
    EXPIRED = "expired"
    FROM_THE_FUTURE = "from_the_future"
    NO_KEY = "no_key"
    REVOKED = "revoked"
    TESTING = "testing"
    HUGE_KEY = "huge_key"
    WEAK_KEY = "weak_key"
    UNCLEAR_HOP = "unclear_hop"
    ADDRESS = "address"
    NOT_NOW = "not_now"
    POLICY_MET = "policy_met"
    POLICY_FAILED = "policy_failed"
    POLICY_LENIENT = "policy_lenient"
    NO_POLICY = "no_policy"


@dataclass(frozen=True)
class Check:
    """What one method found: ``domain`` is whose, ``detail`` is for the text."""

    method: Method
    why: Why
    domain: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Verdict:
    """What is known of a sender.

    ``sender`` is the address that was looked at, bare and in lower case; ``domain``
    the one that vouches for it. ``is_temporary``: the DNS did not answer, so that a
    later look may tell more.
    """

    level: Level
    sender: str = ""
    domain: str = ""
    checks: tuple = ()
    is_temporary: bool = False

    @property
    def is_authentic(self):
        """Whether the sender may be taken for who it says."""
        return self.level in (Level.VERIFIED, Level.PLAUSIBLE)


@dataclass(frozen=True)
class TrustSettings:
    """Whom to believe about the messages of one mailbox.

    ``authserv_ids`` are the names under which its own server writes
    Authentication-Results. The topmost ``own_hops`` Received lines are its own
    servers', by the names ``own_hosts`` where some are given. ``asks_dns``: signatures
    and addresses are checked here as well; ``asks_policy``: the domain's policy, even
    where nothing speaks for it. ``arc_sealers`` are the domains of those who forward
    mail and may vouch for what they found out before (RFC 8617).
    """

    authserv_ids: tuple = ()
    own_hops: int = 0
    own_hosts: tuple = ()
    asks_dns: bool = False
    asks_policy: bool = False
    arc_sealers: tuple = ()
