"""File names made of what strangers wrote."""

import re
import unicodedata

# With the extension and up to four bytes a character, within the 255 bytes of a name.
MAX_LENGTH = 60
# Separators of paths, and what Windows does not allow in a name.
_FORBIDDEN = frozenset('\\/:*?"<>|')
# Names of devices there, whatever the extension.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)


def file_name(text, extension, fallback="message"):
    """Return a name for a file that no system misreads, made of a line of text.

    Unicode's "other" characters go too: line ends, and the overrides that would show
    ``gpj.exe`` as ``exe.jpg``.
    """
    kept = (
        " " if char in _FORBIDDEN or unicodedata.category(char)[0] == "C" else char
        for char in text or ""
    )
    name = " ".join("".join(kept).split())[:MAX_LENGTH].strip(" .")
    if _DEVICE.match(name):
        name = f"_{name}"
    return (name or fallback) + extension
