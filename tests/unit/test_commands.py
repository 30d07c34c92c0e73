"""The same test for a terminal: complete, and without the password."""

import shlex

import pytest
from mgp_core.diagnosis.commands import command_lines
from mgp_core.diagnosis.steps import Protocol, Target
from mgp_core.protocols.dial import LoginStep
from mgp_core.protocols.endpoint import Endpoint, Security
from mgp_core.protocols.proxy import Proxy, ProxyType

PASSWORD = "not-for-a-terminal"
LOGIN = (LoginStep("login", ("me@city.example", PASSWORD)),)


def lines(protocol, security, verify=True, **values):
    return command_lines(
        Target(
            protocol,
            Endpoint("mail.city.example", 587, security, verify),
            user="me@city.example",
            secrets=(PASSWORD,),
            login=LOGIN,
            sender="desk@city.example",
            recipient="ann@home.example",
            **values,
        )
    )


@pytest.mark.parametrize(
    ("security", "option"),
    [(Security.STARTTLS, "--tls "), (Security.SSL, "--tls-on-connect")],
)
def test_swaks_line_has_security_login_and_envelope(security, option):
    swaks = lines(Protocol.SMTP, security)[0]

    assert swaks.startswith("swaks --server mail.city.example --port 587")
    assert option in swaks
    assert "--tls-verify --auth --auth-user me@city.example" in swaks
    assert "--from desk@city.example --to ann@home.example" in swaks


def test_line_of_a_test_without_a_mail_stops_before_the_mail():
    assert "--quit-after RCPT" in lines(Protocol.SMTP, Security.SSL)[0]
    assert "--quit-after" not in lines(Protocol.SMTP, Security.SSL, content=b"x")[0]


@pytest.mark.parametrize(
    ("protocol", "name"),
    [(Protocol.SMTP, "smtp"), (Protocol.IMAP, "imap"), (Protocol.POP, "pop3")],
)
def test_openssl_line_knows_the_protocol_of_starttls(protocol, name):
    assert f"-starttls {name}" in lines(protocol, Security.STARTTLS)[-1]
    assert "-starttls" not in lines(protocol, Security.SSL)[-1]


def test_certificate_is_checked_where_the_server_has_to_prove_itself():
    checked = "-verify_hostname mail.city.example"

    assert checked in lines(Protocol.IMAP, Security.SSL)[0]
    assert checked not in lines(Protocol.IMAP, Security.SSL, verify=False)[0]


@pytest.mark.parametrize("security", Security)
@pytest.mark.parametrize("protocol", Protocol)
def test_no_line_has_the_password(protocol, security):
    assert PASSWORD not in "\n".join(lines(protocol, security))


def test_what_a_shell_would_run_is_quoted():
    target = Target(
        Protocol.SMTP,
        Endpoint("mail.example; reboot", 25, Security.NONE),
        sender="$(id)@city.example",
        recipient="ann@home.example",
    )

    words = [shlex.split(line) for line in command_lines(target)]

    assert "mail.example; reboot" in words[0]
    assert "$(id)@city.example" in words[0]


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("security", Security)
@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (ProxyType.SOCKS5, "--proxy socks5h://proxy.city.example:1080 --proxy-user me"),
        (
            ProxyType.HTTP,
            "--proxy http://proxy.city.example:1080 --proxytunnel --proxy-user me",
        ),
    ],
)
def test_line_through_a_proxy_is_one_that_asks_for_both_passwords(
    protocol, security, kind, told
):
    proxy = Proxy(kind, "proxy.city.example", 1080, "me", PASSWORD)
    endpoint = Endpoint("mail.city.example", 587, security, False, proxy=proxy)
    (line,) = command_lines(
        Target(protocol, endpoint, user="me@city.example", login=LOGIN)
    )

    assert told in line
    assert ("--ssl-reqd" in line) is (security is Security.STARTTLS)
    assert ("s://mail.city.example:587" in line) is (security is Security.SSL)
    assert "--insecure --user me@city.example" in line
    assert PASSWORD not in line
