"""Has a message and its files looked at by a virus scanner."""

import hashlib
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import compat32

from ..protocols.clamd import ScannerUnavailable, TooLargeToScan

# Files of an infected message that are looked at one by one; the others are taken for
# infected too.
MAX_FILES = 100


@dataclass(frozen=True)
class Scan:
    """What a scanner found in a message.

    ``infected`` is the name of what was found. ``clean`` holds the digests of the files
    that are clean all the same, ``is_in_text`` says that not only files are infected.
    ``missing`` is why nothing was found out; for good where ``is_final``.
    """

    infected: str = ""
    clean: frozenset = frozenset()
    is_in_text: bool = False
    missing: str = ""
    is_final: bool = True


def scan_message(raw, scanner):
    """Return the :class:`Scan` of a message.

    As a whole first: a scanner reads mail. Only of an infected one it is found out
    which of its files it is.

    :param scanner: a :class:`~..protocols.clamd.Clamd`
    """
    try:
        name = scanner.scan(raw)
        if not name:
            return Scan()
        clean, infected = set(), []
        for content, is_text in _leaves(raw):
            if scanner.scan(content):
                infected.append(is_text)
            else:
                clean.add(digest_of(content))
        # In none of them is in the message as such.
        is_in_text = not infected or any(infected)
        return Scan(name, frozenset(clean), is_in_text)
    except TooLargeToScan as error:
        return Scan(missing=error.detail)
    except ScannerUnavailable as error:
        return Scan(missing=error.detail, is_final=False)


def digest_of(content):
    """Return what a file is known by."""
    return hashlib.sha256(content).hexdigest()


def _leaves(raw):
    """Yield the contents of a message, and whether they are its text."""
    message = BytesParser(policy=compat32).parsebytes(raw)
    leaves = (part for part in message.walk() if not part.is_multipart())
    for _number, part in zip(range(MAX_FILES), leaves, strict=False):
        try:
            is_file = part.get_filename() or part.get_content_disposition()
            is_text = part.get_content_maintype() == "text" and not is_file
            yield part.get_payload(decode=True) or b"", is_text
        except Exception:  # whatever email raises on hostile headers
            yield b"", True
