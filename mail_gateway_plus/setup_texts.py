"""What an administrator reads while setting a server up: for each finding what is
wrong and what to do, for what discovery found where it comes from."""

from odoo.tools import LazyTranslate

from .core.discovery.discover import Note
from .core.discovery.offer import Reached, Source
from .core.setup.finding import FindingCode

_lt = LazyTranslate(__name__)

FINDING_TEXT = {
    FindingCode.HOST_IS_URL: _lt(
        "The server's name holds more than a name. It should be %(host)s, and the "
        "port goes into its own field."
    ),
    FindingCode.HOST_SPACES: _lt("There is a blank around the server's name."),
    FindingCode.HOST_OTHER_PROTOCOL: _lt(
        "%(host)s belongs to the other direction: mail is sent through an SMTP host "
        "and read from an IMAP or POP host."
    ),
    FindingCode.PORT_INVALID: _lt(
        "A port is a number from 1 to 65535; usual for this encryption is %(port)s."
    ),
    FindingCode.PORT_OTHER_PROTOCOL: _lt(
        "This port belongs to another protocol; usual here is %(port)s."
    ),
    FindingCode.PORT_SECURITY: _lt(
        "Port and encryption do not fit: port %(port)s expects the other kind. SSL/TLS "
        "belongs to 465, 993 and 995; STARTTLS to 587, 143 and 110."
    ),
    FindingCode.PORT_NOT_OFFERED: _lt(
        "This provider does not answer on port %(port)s; it recommends %(right)s."
    ),
    FindingCode.PORT_25: _lt(
        "Port 25 is meant for servers among themselves, and many networks close it. "
        "To send with a login, use 587 or 465."
    ),
    FindingCode.NO_ENCRYPTION: _lt(
        "Without encryption anybody on the way can read the password and the mail. "
        "That is acceptable only to a server in your own network."
    ),
    FindingCode.NOT_VERIFIED: _lt(
        "The certificate is not checked, so the connection is encrypted but not "
        "confidential: anybody on the way can pretend to be the server. Choose "
        "“encryption and validation”."
    ),
    FindingCode.REGION_UNKNOWN: _lt(
        "%(region)s is not a region of this provider that is known. Check its spelling."
    ),
    FindingCode.REGION_OTHER: _lt(
        "The server is in another region than the account; accounts work in their own "
        "region only. It should be %(host)s."
    ),
    FindingCode.USER_SPACES: _lt("There is a blank around the user name."),
    FindingCode.USER_NOT_ADDRESS: _lt(
        "This provider expects the whole address as user name."
    ),
    FindingCode.USER_NOT_LOCAL_PART: _lt(
        "This provider expects only the part before the @ as user name: %(user)s."
    ),
    FindingCode.USER_NOT_LITERAL: _lt(
        "The user name of this provider is literally “%(user)s”, for everybody; who "
        "you are is in the key that serves as password."
    ),
    FindingCode.USER_IS_AWS_KEY: _lt(
        "The user name looks like an access key of Amazon Web Services, but this is "
        "not a server of Amazon SES."
    ),
    FindingCode.USER_NOT_SES: _lt(
        "This is not an SMTP user of Amazon SES: those begin with AKIA. Create SMTP "
        "credentials in the SES console, in the region of this server."
    ),
    FindingCode.USER_TEMPORARY_AWS_KEY: _lt(
        "This is a temporary access key of Amazon Web Services, which SMTP does not "
        "accept. Create SMTP credentials in the SES console."
    ),
    FindingCode.USER_PERSONAL: _lt(
        "This is a person's own mailbox. When that person leaves or changes the "
        "password, Odoo loses its mail: a mailbox of its own for Odoo is better."
    ),
    FindingCode.PASSWORD_SPACES: _lt(
        "There is a blank around the password, which copying often adds."
    ),
    FindingCode.PASSWORD_AWS_SECRET: _lt(
        "This is a secret access key and not an SMTP password. The SMTP password is "
        "made from it and differs by region; Use These Settings works it out."
    ),
    FindingCode.APP_PASSWORD_SPACES: _lt(
        "An app password is shown with blanks to be read more easily; it has to be "
        "entered as %(length)s characters without any."
    ),
    FindingCode.APP_PASSWORD_NEEDED: _lt(
        "This provider expects an app password, which has %(length)s characters. The "
        "account's own password is not accepted."
    ),
    FindingCode.ANONYMOUS_RELAY: _lt(
        "No user name: a server on the internet that takes mail from anybody is "
        "either not this one or soon on every block list."
    ),
    FindingCode.OAUTH_NEEDED: _lt(
        "This provider no longer accepts passwords. Authenticate with OAuth instead."
    ),
    FindingCode.OAUTH_ADVISED: _lt(
        "This provider is giving passwords up; new accounts often have them switched "
        "off. OAuth goes on working."
    ),
}

SOURCE_TEXT = {
    Source.PRESET_DOMAIN: _lt("a known provider of these addresses"),
    Source.PRESET_MX: _lt("a known provider, which receives the domain's mail"),
    Source.AUTOCONFIG: _lt("the provider's own configuration file"),
    Source.SRV: _lt("the domain's DNS"),
    Source.PROBE: _lt("trying the usual names"),
}

REACHED_TEXT = {
    Reached.OK: _lt("It answers, and its certificate is valid."),
    Reached.NO_ADDRESS: _lt("Its name is not known to the DNS."),
    Reached.PRIVATE: _lt("It is in a closed network and was not tried."),
    Reached.NO_ANSWER: _lt("It does not answer from here; a firewall may be between."),
    Reached.NOT_TRIED: _lt("It was not tried."),
}

NOTE_TEXT = {
    Note.DNS_UNAVAILABLE: _lt(
        "The DNS could not be asked for mail servers, as the Python library dnspython "
        "is not installed; only known providers, configuration files and the usual "
        "names were looked at."
    ),
    Note.CLEAR_ONLY: _lt(
        "The domain names servers, but only without encryption. A password is not "
        "offered to them."
    ),
    Note.FOREIGN_HOST: _lt(
        "A server belongs to another domain than the address. Go on only if you "
        "recognize it as your provider's."
    ),
    Note.PRIVATE_ADDRESS: _lt(
        "A server is in a closed network and was not tried. The system parameter "
        "mail_gateway_plus.discovery_allow_private allows it."
    ),
    Note.CERTIFICATE: _lt(
        "A server was left out whose certificate is not valid for its name."
    ),
    Note.NOTHING: _lt(
        "No server was found. Choose the provider below, or enter the settings that "
        "it gave you on the server's own form."
    ),
}
