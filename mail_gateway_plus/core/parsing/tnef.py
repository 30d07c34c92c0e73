"""What is inside of a ``winmail.dat``, Outlook's own format (MS-OXTNEF)."""

try:
    from tnefparse import TNEF
except ImportError:
    TNEF = None

FILENAMES = frozenset({"winmail.dat", "win.dat"})
SIGNATURE = b"\x78\x9f\x3e\x22"


def is_tnef(filename, content):
    """Say whether an attachment is one, whose name alone proves nothing."""
    return isinstance(content, bytes) and (
        content.startswith(SIGNATURE) and filename.lower() in FILENAMES
    )


def unpack(content):
    """Return the files inside as ``(name, bytes)``; nothing when they cannot be read.

    Needs the library ``tnefparse``, which is optional.
    """
    if TNEF is None:
        return []
    try:
        tnef = TNEF(content)
        files = [
            (file.long_filename() or file.name or "attachment", bytes(file.data))
            for file in tnef.attachments
        ]
        if tnef.htmlbody:
            body = tnef.htmlbody
            files.insert(0, ("message.html", _as_bytes(body)))
        elif tnef.body:
            files.insert(0, ("message.txt", _as_bytes(tnef.body)))
        elif tnef.rtfbody:
            files.insert(0, ("message.rtf", _as_bytes(tnef.rtfbody)))
    except Exception:  # a broken or hostile file stays an attachment as it is
        return []
    return [(_plain(name), data) for name, data in files]


def _as_bytes(text):
    return text.encode("utf-8", "replace") if isinstance(text, str) else bytes(text)


def _plain(name):
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
    return "".join(c if c.isprintable() else "_" for c in text) or "attachment"
