"""Reads a provider's configuration file for mail programs.

The format is Mozilla's, described in draft-ietf-mailmaint-autoconfig. The file comes
from a stranger: it may hold anything.
"""

import re
from urllib.parse import quote
from xml.etree import ElementTree
from xml.parsers import expat

from ..protocols.endpoint import Security
from ..setup.settings import Protocol
from .offer import Offer, Source

# A real file has some 3 kB; these limits are those of an honest one many times over.
MAX_BYTES = 100_000
MAX_ELEMENTS = 2_000

_PROTOCOLS = {"smtp": Protocol.SMTP, "imap": Protocol.IMAP, "pop3": Protocol.POP}
_SECURITIES = {
    "SSL": Security.SSL,
    "STARTTLS": Security.STARTTLS,
    "plain": Security.NONE,
}
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)


class Unreadable(ValueError):
    """The file is not one that we are willing to read."""


def urls_for(address):
    """Return where a provider may keep its file, in the order of the draft."""
    domain = address.rpartition("@")[2]
    asked = quote(address, safe="@")
    return [
        f"https://autoconfig.{domain}/mail/config-v1.1.xml?emailaddress={asked}",
        f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
    ]


def parse(document, address):
    """Return the :class:`~.offer.Offer` of each server that a file names, in its order.

    :param bytes document: the file
    :raises Unreadable: if it is too large, not XML, or declares a document type, which
        no such file needs and which entities are smuggled in by
    """
    root = _root(document)
    if root.tag != "clientConfig":
        raise Unreadable(f"the root is {root.tag[:50]!r}")
    offers = []
    for provider in root.findall("emailProvider"):
        for element in provider:
            if element.tag in ("incomingServer", "outgoingServer"):
                offer = _offer(element, address)
                offers += [offer] if offer else []
    return offers


def _root(document):
    if len(document) > MAX_BYTES:
        raise Unreadable("too large")
    target = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
    count = 0

    def start(name, attributes):
        nonlocal count
        count += 1
        if count > MAX_ELEMENTS:
            raise Unreadable("too many elements")
        target.start(name, attributes)

    def refuse(*_arguments):
        raise Unreadable("it declares a document type")

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = target.end
    parser.CharacterDataHandler = target.data
    try:
        parser.Parse(document, True)
        return target.close()
    except (expat.ExpatError, LookupError, ValueError, AssertionError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("not well-formed") from error


def _offer(element, address):
    """Return the offer of one server element, or ``None`` if it makes no sense."""
    protocol = _PROTOCOLS.get(element.get("type"))
    security = _SECURITIES.get(_text(element, "socketType"))
    host = _filled(_text(element, "hostname"), address)
    port = _text(element, "port")
    if not protocol or security is None or not _HOST.fullmatch(host):
        return None
    if (protocol is Protocol.SMTP) != (element.tag == "outgoingServer"):
        return None
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        return None
    methods = tuple(
        method.text.strip()[:50]
        for method in element.findall("authentication")
        if method.text
    )
    user = _filled(_text(element, "username"), address)[:254]
    is_printable = user.isprintable()
    return Offer(
        protocol=protocol,
        host=host.lower(),
        port=int(port),
        security=security,
        source=Source.AUTOCONFIG,
        user=user if is_printable else "",
        login=methods,
    )


def _text(element, name):
    return (element.findtext(name) or "").strip()


def _filled(text, address):
    """Return a value with its placeholders filled in."""
    local, _at, domain = address.rpartition("@")
    for name, value in (
        ("%EMAILADDRESS%", address),
        ("%EMAILLOCALPART%", local),
        ("%EMAILDOMAIN%", domain),
    ):
        text = text.replace(name, value)
    return text
