"""What a linter reports about a server's settings."""

from dataclasses import dataclass, field
from enum import Enum


class Severity(str, Enum):
    """How sure it is that the server will not work so."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class FindingCode(str, Enum):
    """The mistakes that are known; each has a text of its own."""

    HOST_IS_URL = "host_is_url"
    HOST_SPACES = "host_spaces"
    HOST_OTHER_PROTOCOL = "host_other_protocol"
    PORT_INVALID = "port_invalid"
    PORT_OTHER_PROTOCOL = "port_other_protocol"
    PORT_SECURITY = "port_security"
    PORT_NOT_OFFERED = "port_not_offered"
    PORT_25 = "port_25"
    NO_ENCRYPTION = "no_encryption"
    NOT_VERIFIED = "not_verified"
    REGION_UNKNOWN = "region_unknown"
    REGION_OTHER = "region_other"
    USER_SPACES = "user_spaces"
    USER_NOT_ADDRESS = "user_not_address"
    USER_NOT_LOCAL_PART = "user_not_local_part"
    USER_NOT_LITERAL = "user_not_literal"
    USER_IS_AWS_KEY = "user_is_aws_key"
    USER_NOT_SES = "user_not_ses"
    USER_TEMPORARY_AWS_KEY = "user_temporary_aws_key"
    USER_PERSONAL = "user_personal"
    PASSWORD_SPACES = "password_spaces"
    PASSWORD_AWS_SECRET = "password_aws_secret"
    APP_PASSWORD_SPACES = "app_password_spaces"
    APP_PASSWORD_NEEDED = "app_password_needed"
    ANONYMOUS_RELAY = "anonymous_relay"
    OAUTH_NEEDED = "oauth_needed"
    OAUTH_ADVISED = "oauth_advised"


@dataclass(frozen=True)
class Finding:
    """One mistake, or what may be one.

    ``field`` and the keys of ``remedy`` are fields of
    :class:`~.settings.Settings`; ``remedy`` holds their better values and may hold a
    password. ``detail`` is for the text and never does.
    """

    code: FindingCode
    severity: Severity
    field: str
    detail: dict = field(default_factory=dict)
    remedy: dict = field(default_factory=dict, repr=False)
