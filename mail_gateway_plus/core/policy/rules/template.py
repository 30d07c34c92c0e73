"""Texts with placeholders, such as ``No. {{ group.number }}``. Nothing is computed."""

import re

# No text of a record is longer for a message's sake.
TEXT_LIMIT = 64 * 1024

NAMES = (
    "subject",
    "sender",
    "sender_name",
    "recipient",
    "recipients",
    "text",
    "date",
    "message_id",
    "language",
    "verdict",
    "mailbox",
    "files",
)
HEADER, GROUP = "header.", "group."

_PLACEHOLDER = re.compile(r"\{\{\s*([\w.-]{1,200}?)\s*\}\}")
_QUALIFIED = re.compile(r"(?:header|group)\.[\w-]+")
_LEFT_OVER = re.compile(r"\{\{|\}\}")


class TemplateError(ValueError):
    """A text with a placeholder that means nothing; the argument is its name."""


def names_in(template):
    """Return the names of the placeholders of a text.

    :raises TemplateError: when one is unknown, or braces are left over
    """
    names = _PLACEHOLDER.findall(template)
    for name in names:
        if name not in NAMES and not _QUALIFIED.fullmatch(name):
            raise TemplateError(name)
    if _LEFT_OVER.search(_PLACEHOLDER.sub("", template)):
        raise TemplateError("{{ }}")
    return names


def fill(template, situation, groups):
    """Return the text for a message; what the message does not have is empty."""

    def value(match):
        return _value_of(match[1], situation, groups)

    # One pass: what a message brings in is never looked at for placeholders.
    return _PLACEHOLDER.sub(value, template)[:TEXT_LIMIT]


def _value_of(name, situation, groups):
    if name.startswith(GROUP):
        return groups.get(name.removeprefix(GROUP), "")
    if name.startswith(HEADER):
        return situation.facts.value(name.removeprefix(HEADER))
    return _VALUES[name](situation)


_VALUES = {
    "subject": lambda it: it.facts.subject,
    "sender": lambda it: it.facts.sender,
    "sender_name": lambda it: it.facts.sender_name,
    "recipient": lambda it: next(iter(it.facts.recipients), ""),
    "recipients": lambda it: ", ".join(it.facts.recipients),
    "text": lambda it: it.facts.text,
    "date": lambda it: it.received.strftime("%Y-%m-%d"),
    "message_id": lambda it: it.facts.value("message-id"),
    "language": lambda it: it.language,
    "verdict": lambda it: it.verdict,
    "mailbox": lambda it: it.mailbox,
    "files": lambda it: ", ".join(file.name for file in it.facts.files if file.name),
}
