"""What makes a message the same one."""

import hashlib


def fingerprint(raw):
    """Return the hex SHA-256 of a message's content.

    Line ends and trailing blank lines are levelled out first: the same message comes
    with CRLF over IMAP and may lose its last line end over POP3.
    """
    level = raw.replace(b"\r\n", b"\n").rstrip(b"\n")
    return hashlib.sha256(level).hexdigest()
