"""An address as servers know it."""

import idna


def wire_form(address):
    """Return an address with an ASCII domain (IDNA, RFC 5891), as Odoo puts it to SMTP.

    A domain that has no such form stays as it is.
    """
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return local + at + idna.encode(domain).decode("ascii")
    except idna.IDNAError:
        return address
