"""Text that the database takes."""


def storable(text):
    """Return ``text`` without what PostgreSQL refuses: NUL, and half surrogates.

    Both come with the words of strangers, in a server's reply or in an error that
    quotes a message. A refused write would keep all that waits behind it waiting.
    """
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
