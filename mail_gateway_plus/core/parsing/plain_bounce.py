"""Bounces in words: qmail, Exim, old Exchange, Postfix and Gmail without RFC 3464.

They tell a person what happened, each program in its own sentences. So they count only
in mail of a mail system, never in what a person writes about such a mail.
"""

import re

from .delivery_report import (
    DELAYED,
    FAILED,
    MAX_RECIPIENTS,
    Report,
    Reported,
    code_in,
    original_ids,
    status_in,
)
from .envelope import read_identifiers

MAX_WORDS = 500

# Looked for first: a warning says as well that something "could not be delivered".
_DELAYED = re.compile(
    r"not (?:yet )?been (?:successfully )?delivered to one or more"  # Exim
    r"|this is a warning (?:message )?only"  # Postfix, Sendmail
    r"|delivery status notification \(delay\)|delivery incomplete"  # Gmail
    r"|delayed mail \(still being retried\)"  # Postfix
    r"|could not send message for past"  # Sendmail
    r"|message \S+ delayed \d+ hours"  # Exim
    r"|delivery (?:to .{0,200} )?(?:is|has been) delayed|delivery delayed"  # Exchange
    r"|will (?:be retried until|continue (?:trying|to try)|keep trying)"
    r"|zustellung verzögert|verzögerte zustellung"
    r"|remise (?:retardée|différée)",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"wasn'?t able to deliver your message|i've given up"  # qmail
    r"|this is a permanent error"  # qmail, Exim
    r"|could not be delivered to one or more of its recipients"  # Exim
    r"|message could not be\s+delivered"  # Postfix
    r"|did not reach (?:some or all of )?the (?:intended|following) recipient"
    r"|delivery has failed to these recipients"  # Exchange
    r"|(?:couldn't|could not|wasn't|was not) (?:be )?delivered"  # Exchange, Gmail
    r"|delivery to the following recipients? failed"  # Gmail
    r"|had permanent fatal errors"  # Sendmail
    r"|undelivered mail returned to sender|returned mail: |failure notice"
    r"|mail delivery failed|delivery status notification \(failure\)|undeliverable"
    r"|unzustellbar|konnte nicht zugestellt werden"
    r"|non remis|n'a pas pu être (?:remis|distribu)"
    r"|no se (?:pudo|ha podido|puede) entregar|não (?:foi|pôde) (?:possível|ser) entreg"
    r"|impossibile recapitare|onbestelbaar|niet (?:worden )?(?:bezorgd|afgeleverd)"
    r"|nie (?:można|mogła być|może być) doręczy",
    re.IGNORECASE,
)
# Where the original begins: what follows is not about the failure any more.
_SEPARATOR = re.compile(
    r"^[-–—\s]*(?:below this line is a copy|this is a copy of|original message|"
    r"begin message|message header follows|original message headers|"
    r"message headers follow|unsent message|ursprüngliche nachricht)",
    re.IGNORECASE | re.MULTILINE,
)
# A line with an address and next to nothing else: "<a@b>:", "Amina (a@b)", "  a@b".
_ADDRESS_LINE = re.compile(
    r"^[ \t]*(?:[^\n@<>()\[\]]{0,80}[<(\[])?(?:mailto:)?"
    r"([^\s<>()\[\]:;,\"']+@[^\s<>()\[\]:;,\"']+)[>)\]]*[:.]?[ \t]*$",
    re.MULTILINE,
)
_RFC_ID = re.compile(r"^ ?Message-I[dD]: ?(<[^<>\s]+>)", re.MULTILINE)


def read_plain_bounce(facts):
    """Return the :class:`Report` of a bounce in words, or ``None``.

    :param facts: of a message that a mail system sent
    """
    told, rest = _split(facts.text)
    seen = f"{facts.subject}\n{told}"
    if _DELAYED.search(seen):
        action = DELAYED
    elif _FAILED.search(seen):
        action = FAILED
    else:
        return None
    named = [
        address.strip().lower()
        for value in facts.values("x-failed-recipients")  # Exim, Gmail
        for address in value.split(",")
        if "@" in address
    ]
    lines = {m.group(1).lower().rstrip("."): m.end() for m in _found(told)}
    addresses = list(dict.fromkeys(named or lines))[:MAX_RECIPIENTS]
    recipients = tuple(
        _reported(action, address, told, lines.get(address, 0)) for address in addresses
    )
    ids = original_ids(facts) or _ids_in(rest or facts.text)
    return Report(recipients or (_reported(action, "", told, 0),), ids)


def _split(text):
    """Return what the mail system says, and the original below it."""
    found = _SEPARATOR.search(text)
    return (text[: found.start()], text[found.start() :]) if found else (text, "")


def _found(told):
    return list(_ADDRESS_LINE.finditer(told))


def _ids_in(text):
    return read_identifiers(*_RFC_ID.findall(text))[-1:]


def _reported(action, address, told, start):
    """Return what is said of an address: the paragraph that follows it."""
    words = told[start:].strip().partition("\n\n")[0] if start else ""
    next_address = _ADDRESS_LINE.search(words)
    if next_address:
        words = words[: next_address.start()]
    words = " ".join(words.split())[:MAX_WORDS]
    searched = words or told
    return Reported(
        action=action,
        addresses=(address,) if address else (),
        status=status_in(searched),
        code=code_in(searched),
        words=words or _sentence(told),
    )


def _sentence(told):
    """Return the line in which the failure is told."""
    lines = [" ".join(line.split()) for line in told.split("\n")]
    said = [line for line in lines if status_in(line) or code_in(line)]
    said = said or [line for line in lines if _FAILED.search(line)]
    return next(iter(said or lines), "")[:MAX_WORDS]
