"""A provider's configuration file is read, whoever wrote it and whatever it holds."""

import time

import pytest
from mgp_core.discovery.autoconfig import MAX_BYTES, Unreadable, parse, urls_for
from mgp_core.protocols.endpoint import Security
from mgp_core.setup.settings import Protocol

ADDRESS = "amina@city.example"

SERVERS = """
    <incomingServer type="imap">
      <hostname>imap.%EMAILDOMAIN%</hostname><port>993</port>
      <socketType>SSL</socketType><username>%EMAILADDRESS%</username>
      <authentication>OAuth2</authentication>
      <authentication>password-cleartext</authentication>
    </incomingServer>
    <incomingServer type="pop3">
      <hostname>pop.city.example</hostname><port>110</port>
      <socketType>STARTTLS</socketType><username>%EMAILLOCALPART%</username>
    </incomingServer>
    <outgoingServer type="smtp">
      <hostname>SMTP.city.example</hostname><port>587</port>
      <socketType>plain</socketType><username>city-%EMAILLOCALPART%</username>
    </outgoingServer>
"""


def config(servers=SERVERS, prolog=""):
    body = f'<emailProvider id="city.example">{servers}</emailProvider>'
    return f'{prolog}<clientConfig version="1.1">{body}</clientConfig>'.encode()


def server(tag="incomingServer", kind="imap", host="a.example", port="993", tls="SSL"):
    return (
        f'<{tag} type="{kind}"><hostname>{host}</hostname><port>{port}</port>'
        f"<socketType>{tls}</socketType></{tag}>"
    )


def test_servers_are_read_in_their_order_with_placeholders_filled():
    offers = parse(config(), ADDRESS)

    assert [(o.protocol, o.host, o.port, o.security, o.user) for o in offers] == [
        (Protocol.IMAP, "imap.city.example", 993, Security.SSL, ADDRESS),
        (Protocol.POP, "pop.city.example", 110, Security.STARTTLS, "amina"),
        (Protocol.SMTP, "smtp.city.example", 587, Security.NONE, "city-amina"),
    ]
    assert offers[0].login == ("OAuth2", "password-cleartext")


def test_addresses_are_asked_for_in_the_drafts_order():
    assert urls_for("a&b+c@city.example") == [
        "https://autoconfig.city.example/mail/config-v1.1.xml"
        "?emailaddress=a%26b%2Bc@city.example",
        "https://city.example/.well-known/autoconfig/mail/config-v1.1.xml",
    ]


@pytest.mark.parametrize(
    "nonsense",
    [
        server(port="0"),
        server(port="65536"),
        server(port="٤٦٥"),
        server(port="-1"),
        server(port="993; drop"),
        server(host=""),
        server(host="a b.example"),
        server(host="a.example/path"),
        server(host="-a.example"),
        server(host="a" * 254),
        server(tls="TLSv1"),
        server(kind="exchange"),
        server(kind="smtp"),
        server(tag="outgoingServer", kind="imap"),
        "<incomingServer/>",
    ],
)
def test_server_that_makes_no_sense_is_left_out(nonsense):
    assert [one.host for one in parse(config(nonsense + server()), ADDRESS)] == [
        "a.example"
    ]


BOMB = "".join(
    f'<!ENTITY l{n} "{"".join([f"&l{n - 1};"] * 10)}">' for n in range(1, 12)
)


@pytest.mark.parametrize(
    "hostile",
    [
        config(prolog='<!DOCTYPE a SYSTEM "file:///etc/passwd">'),
        config("&file;", '<!DOCTYPE a [<!ENTITY file SYSTEM "file:///etc/hostname">]>'),
        config("&web;", '<!DOCTYPE a [<!ENTITY web SYSTEM "http://127.0.0.1/">]>'),
        config("&l11;", f'<!DOCTYPE a [<!ENTITY l0 "lol">{BOMB}]>'),
        config(prolog='<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1/"> %p;]>'),
        config("&undeclared;"),
        config("<a>" * 5_000 + "</a>" * 5_000),
        config("<a/>" * 5_000),
        config(" " * MAX_BYTES),
        b"",
        b"not xml",
        b"<html><body>Welcome!</body></html>",
        b"<clientConfig>",
        b"<clientConfig/><clientConfig/>",
        b'<?xml version="1.0" encoding="no-such"?><clientConfig/>',
        "<clientConfig/>".encode("utf-16")[:-3],
        b"\xff\xfe\x00",
        b"<clientConfig>\x00</clientConfig>",
    ],
)
def test_hostile_file_is_refused_at_once(hostile):
    started = time.monotonic()

    with pytest.raises(Unreadable):
        parse(hostile, ADDRESS)

    assert time.monotonic() - started < 1


def test_file_without_servers_offers_none():
    assert parse(config(""), ADDRESS) == []


def test_user_name_that_cannot_be_shown_is_left_out():
    odd = server().replace("</port>", "</port><username>a\u202eb</username>")

    assert parse(config(odd), ADDRESS)[0].user == ""
