"""Mistakes in a server's settings are found before the server is asked."""

import pytest
from mgp_core.protocols.endpoint import Security
from mgp_core.setup.finding import FindingCode as Code
from mgp_core.setup.finding import Severity
from mgp_core.setup.lint_credentials import ses_password
from mgp_core.setup.linters import lint, remedies
from mgp_core.setup.preset import Authentication, Half, Preset, UserForm, Way
from mgp_core.setup.settings import Login, Protocol, Settings

SSL, STARTTLS, CLEAR = Security.SSL, Security.STARTTLS, Security.NONE
SMTP, IMAP, POP = Protocol.SMTP, Protocol.IMAP, Protocol.POP

GMAIL = Preset(
    code="gmail",
    halves=(
        Half(
            SMTP,
            "smtp.gmail.com",
            (Way(465, SSL), Way(587, STARTTLS)),
            UserForm.ADDRESS,
        ),
        Half(IMAP, "imap.gmail.com", (Way(993, SSL),), UserForm.ADDRESS),
    ),
    domains=("gmail.com",),
    authentication=Authentication.APP_PASSWORD,
    app_password_length=16,
    is_personal=True,
)
SENDGRID = Preset(
    code="sendgrid",
    halves=(Half(SMTP, "smtp.sendgrid.net", (Way(465, SSL),), UserForm.LITERAL),),
    user_literal="apikey",
)
SES = Preset(
    code="ses",
    halves=(
        Half(
            SMTP, "email-smtp.{region}.amazonaws.com", (Way(465, SSL), Way(2465, SSL))
        ),
    ),
    regions=("us-east-1", "eu-west-1"),
)
ZOHO = Preset(
    code="zoho",
    halves=(Half(SMTP, "smtp.zoho.{region}", (Way(465, SSL),)),),
    domains=("zoho.com", "zoho.eu"),
    regions=("com", "eu", "com.au"),
)
WEBDE = Preset(
    code="webde",
    halves=(Half(SMTP, "smtp.web.de", (Way(465, SSL),), UserForm.LOCAL_PART),),
)
OFFICE = Preset(
    code="microsoft365",
    halves=(Half(SMTP, "smtp.office365.com", (Way(587, STARTTLS),)),),
    authentication=Authentication.OAUTH,
)
OUTLOOK = Preset(
    code="outlook",
    halves=(Half(SMTP, "smtp-mail.outlook.com", (Way(587, STARTTLS),)),),
    authentication=Authentication.OAUTH_ONLY,
)
RELAY = Preset(
    code="google_relay",
    halves=(Half(SMTP, "smtp-relay.gmail.com", (Way(587, STARTTLS),)),),
    authentication=Authentication.NETWORK,
)
BRIDGE = Preset(
    code="bridge", halves=(Half(SMTP, "127.0.0.1", (Way(1025, STARTTLS),)),)
)
PRESETS = (BRIDGE, GMAIL, SENDGRID, SES, ZOHO, WEBDE, OFFICE, OUTLOOK, RELAY)

SES_KEY = "AKIAIOSFODNN7EXAMPLE"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def settings(protocol=SMTP, **values):
    """Return settings without a fault, but for what is given."""
    ports = {SMTP: 465, IMAP: 993, POP: 995}
    right = {
        "host": "mail.city.example",
        "port": ports[protocol],
        "security": SSL,
        "user": "odoo@city.example",
        "password": "a secret of its own",
    }
    return Settings(protocol, **{**right, **values})


def found(wanted, **options):
    return {one.code: one for one in lint(wanted, PRESETS, **options)}


def sole(wanted, code, **options):
    """Return the finding with a code, and insist that it is the only one."""
    findings = found(wanted, **options)
    assert list(findings) == [code]
    return findings[code]


@pytest.mark.parametrize("protocol", list(Protocol))
def test_settings_without_a_fault_have_no_finding(protocol):
    assert not found(settings(protocol))


# ------------------------------------------------------------------------------- host


@pytest.mark.parametrize(
    "entered, remedy",
    [
        ("https://mail.city.example/", {"host": "mail.city.example"}),
        ("smtps://mail.city.example:465", {"host": "mail.city.example", "port": 465}),
        ("mail.city.example:587", {"host": "mail.city.example", "port": 587}),
        ("smtp://odoo@mail.city.example", {"host": "mail.city.example"}),
    ],
)
def test_host_that_is_more_than_a_host(entered, remedy):
    assert sole(settings(host=entered), Code.HOST_IS_URL).remedy == remedy


@pytest.mark.parametrize("address", ["2001:db8::1", "[2001:db8::1]", "192.0.2.1"])
def test_plain_address_is_a_host(address):
    assert Code.HOST_IS_URL not in found(settings(host=address))


def test_host_with_a_blank_around():
    finding = sole(settings(host=" mail.city.example\t"), Code.HOST_SPACES)

    assert finding.remedy == {"host": "mail.city.example"}


@pytest.mark.parametrize(
    "protocol, host, right",
    [(SMTP, "imap.gmail.com", "smtp.gmail.com"), (IMAP, "smtp.gmail.com", None)],
)
def test_known_host_of_the_other_direction(protocol, host, right):
    wanted = settings(
        protocol, host=host, user="a@gmail.com", password="abcdefghijklmnop"
    )

    finding = found(wanted)[Code.HOST_OTHER_PROTOCOL]

    assert finding.remedy == {"host": right or "imap.gmail.com"}


@pytest.mark.parametrize(
    "protocol, host",
    [(SMTP, "imap.city.example"), (SMTP, "pop3.city.example"), (POP, "smtp.a.example")],
)
def test_host_that_says_it_is_of_the_other_direction_has_no_guessed_remedy(
    protocol, host
):
    finding = sole(settings(protocol, host=host), Code.HOST_OTHER_PROTOCOL)

    assert not finding.remedy


def test_imap_and_pop_share_hosts():
    assert not found(settings(POP, host="imap.city.example"))


def test_region_of_the_host_is_another_than_the_chosen():
    host = "email-smtp.us-east-1.amazonaws.com"
    wanted = settings(host=host, user=SES_KEY, password="B" * 44)

    finding = sole(wanted, Code.REGION_OTHER, chosen=SES, region="eu-west-1")

    assert finding.remedy == {"host": "email-smtp.eu-west-1.amazonaws.com"}


def test_region_of_the_host_is_another_than_that_of_the_address():
    wanted = settings(host="smtp.zoho.com", user="odoo@zoho.eu")

    assert sole(wanted, Code.REGION_OTHER).remedy == {"host": "smtp.zoho.eu"}


def test_region_that_does_not_exist():
    host = "email-smtp.eu-west1.amazonaws.com"

    finding = sole(
        settings(host=host, user=SES_KEY, password="B" * 44), Code.REGION_UNKNOWN
    )

    assert finding.detail == {"region": "eu-west1"}


def test_region_of_two_parts_is_known():
    assert not found(settings(host="smtp.zoho.com.au", user="odoo@city.example"))


# --------------------------------------------------------------- port and encryption


@pytest.mark.parametrize(
    "protocol, port, security, remedy",
    [
        (SMTP, 587, SSL, {"port": 465}),
        (SMTP, 25, SSL, {"port": 465}),
        (SMTP, 465, STARTTLS, {"security": SSL}),
        (SMTP, 2525, SSL, {"port": 465}),
        (IMAP, 143, SSL, {"port": 993}),
        (IMAP, 993, STARTTLS, {"security": SSL}),
        (POP, 110, SSL, {"port": 995}),
        (POP, 995, STARTTLS, {"security": SSL}),
    ],
)
def test_port_and_encryption_that_do_not_fit(protocol, port, security, remedy):
    wanted = settings(protocol, port=port, security=security)

    finding = found(wanted)[Code.PORT_SECURITY]

    assert (finding.severity, finding.remedy) == (Severity.ERROR, remedy)


def test_ssl_on_587_becomes_starttls_where_the_provider_has_no_465():
    wanted = settings(host="smtp.office365.com", port=587, user="a@city.example")

    assert found(wanted)[Code.PORT_SECURITY].remedy == {"security": STARTTLS}


@pytest.mark.parametrize(
    "protocol, port, security",
    [
        (SMTP, 587, STARTTLS),
        (SMTP, 2525, STARTTLS),
        (SMTP, 2465, SSL),
        (SMTP, 10465, SSL),
        (IMAP, 143, STARTTLS),
        (IMAP, 1993, SSL),
        (POP, 110, STARTTLS),
    ],
)
def test_port_and_encryption_that_fit(protocol, port, security):
    assert not found(settings(protocol, port=port, security=security))


@pytest.mark.parametrize(
    "protocol, port, right", [(SMTP, 993, 465), (IMAP, 465, 993), (IMAP, 995, 993)]
)
def test_port_of_another_protocol(protocol, port, right):
    finding = sole(settings(protocol, port=port), Code.PORT_OTHER_PROTOCOL)

    assert finding.remedy == {"port": right}


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_port_that_cannot_be(port):
    assert sole(settings(port=port), Code.PORT_INVALID).remedy == {"port": 465}


def test_port_that_the_provider_does_not_offer():
    wanted = settings(host="smtp.office365.com", port=465, login=Login.OAUTH)

    finding = sole(wanted, Code.PORT_NOT_OFFERED)

    assert finding.remedy == {"port": 587, "security": STARTTLS}


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "::1", "10.1.2.3", "relay", "mx.city.lan", "a.internal"],
)
def test_relay_in_the_own_network_needs_no_encryption(host):
    assert not found(settings(host=host, port=25, security=CLEAR, user=""))


def test_no_encryption_on_the_way_to_the_internet():
    finding = sole(settings(port=25, security=CLEAR), Code.NO_ENCRYPTION)

    assert finding.severity is Severity.ERROR
    assert finding.remedy == {"port": 25, "security": STARTTLS}


def test_no_encryption_where_the_provider_offers_some():
    wanted = settings(host="smtp.sendgrid.net", port=25, security=CLEAR, user="apikey")

    remedy = found(wanted)[Code.NO_ENCRYPTION].remedy
    assert remedy == {"port": 465, "security": SSL}


def test_login_on_port_25():
    finding = sole(settings(port=25, security=STARTTLS), Code.PORT_25)

    assert finding.severity is Severity.INFO


def test_certificate_that_is_not_checked():
    assert sole(settings(verify=False), Code.NOT_VERIFIED).remedy == {"verify": True}


def test_certificate_of_an_oauth_server_is_odoos_business():
    wanted = settings(verify=False, port=587, security=STARTTLS, login=Login.OAUTH)

    assert not found(wanted)


def test_anonymous_relay_on_the_internet():
    assert sole(settings(user=""), Code.ANONYMOUS_RELAY)


def test_relay_that_knows_the_network_address_needs_no_user():
    wanted = settings(host="smtp-relay.gmail.com", port=587, security=STARTTLS, user="")

    assert not found(wanted)


# ------------------------------------------------------------------------ credentials


def test_app_password_with_its_blanks():
    wanted = settings(
        host="smtp.gmail.com", user="a@city.example", password="abcd efgh ijkl mnop"
    )

    finding = sole(wanted, Code.APP_PASSWORD_SPACES)

    assert finding.remedy == {"password": "abcdefghijklmnop"}


def test_own_password_where_an_app_password_is_needed():
    wanted = settings(host="imap.gmail.com", user="a@city.example", protocol=IMAP)

    assert sole(wanted, Code.APP_PASSWORD_NEEDED).detail == {"length": 16}


def test_passphrase_of_four_words_is_left_alone_elsewhere():
    assert not found(settings(password="blue fish long tail"))


@pytest.mark.parametrize("space", [" ", "\t", "\u00a0", "\u200b", "\ufeff"])
def test_blank_that_was_copied_along(space):
    wanted = settings(user=f"odoo@city.example{space}", password=f"{space}secret")

    assert remedies(lint(wanted)) == {"user": "odoo@city.example", "password": "secret"}


def test_sendgrid_user_is_apikey():
    wanted = settings(host="smtp.sendgrid.net", user="odoo@city.example")

    assert sole(wanted, Code.USER_NOT_LITERAL).remedy == {"user": "apikey"}


def test_user_that_should_be_the_address_is_completed_where_there_is_one_domain():
    wanted = settings(host="smtp.gmail.com", user="odoo", password="abcdefghijklmnop")

    assert sole(wanted, Code.USER_NOT_ADDRESS).remedy == {"user": "odoo@gmail.com"}


def test_user_that_should_be_the_local_part():
    wanted = settings(host="smtp.web.de", user="amina@web.de")

    assert sole(wanted, Code.USER_NOT_LOCAL_PART).remedy == {"user": "amina"}


def test_ses_takes_the_key_id_of_its_smtp_user():
    host = "email-smtp.eu-west-1.amazonaws.com"

    assert not found(settings(host=host, user=SES_KEY, password="B" * 44))


def test_secret_access_key_becomes_the_smtp_password_of_the_region():
    host = "email-smtp.eu-west-1.amazonaws.com"

    finding = sole(
        settings(host=host, user=SES_KEY, password=AWS_SECRET), Code.PASSWORD_AWS_SECRET
    )

    assert finding.remedy == {"password": ses_password(AWS_SECRET, "eu-west-1")}


def test_ses_password_has_the_documented_form():
    password = ses_password(AWS_SECRET, "eu-west-1")

    # 44 characters; the version byte 0x04 makes the first one a B.
    assert (len(password), password[0]) == (44, "B")
    assert password != ses_password(AWS_SECRET, "us-east-1")


@pytest.mark.parametrize(
    "user, code",
    [
        ("odoo@city.example", Code.USER_NOT_SES),
        ("ASIAIOSFODNN7EXAMPLE", Code.USER_TEMPORARY_AWS_KEY),
    ],
)
def test_user_that_ses_does_not_know(user, code):
    host = "email-smtp.eu-west-1.amazonaws.com"

    assert sole(settings(host=host, user=user, password="B" * 44), code)


def test_access_key_of_aws_at_somebody_else():
    assert sole(settings(user=SES_KEY), Code.USER_IS_AWS_KEY)


@pytest.mark.parametrize(
    "host, code",
    [
        ("smtp.office365.com", Code.OAUTH_ADVISED),
        ("smtp-mail.outlook.com", Code.OAUTH_NEEDED),
    ],
)
def test_password_where_oauth_is_wanted(host, code):
    assert sole(settings(host=host, port=587, security=STARTTLS), code)


@pytest.mark.parametrize("user", ["amina@gmail.com", "Admin@City.example"])
def test_mailbox_of_a_person(user):
    finding = sole(
        settings(user=user), Code.USER_PERSONAL, own_addresses=["admin@city.example"]
    )

    assert finding.severity is Severity.INFO


# --------------------------------------------------------------------------- in general


def test_no_finding_quotes_a_password():
    wanted = settings(
        host="email-smtp.eu-west-1.amazonaws.com", password=f" {AWS_SECRET} "
    )
    findings = lint(wanted, PRESETS)

    assert len(findings) >= 2
    assert AWS_SECRET not in repr((wanted, findings))
    assert ses_password(AWS_SECRET, "eu-west-1") not in repr(findings)


def test_gravest_finding_comes_first_and_decides():
    wanted = settings(host="https://mail.city.example:587", port=465, verify=False)

    findings = lint(wanted)

    severities = [list(Severity).index(one.severity) for one in findings]
    assert severities == sorted(severities)
    assert remedies(findings)["port"] == 587


def test_host_of_another_provider_than_the_chosen_one_counts():
    wanted = settings(host="smtp.sendgrid.net", user="odoo@city.example")

    assert sole(wanted, Code.USER_NOT_LITERAL, chosen=GMAIL)
