"""How a server's own identity shows in a mail."""


def with_prefix(subject, prefix):
    """Return the subject with the prefix before it, unless it has it already.

    So not on the answer to an answer: ``Re: [City] Street light`` stays as it is.
    """
    prefix, subject = (prefix or "").strip(), subject or ""
    if not prefix or prefix.casefold() in subject.casefold():
        return subject
    return f"{prefix} {subject}".strip()
