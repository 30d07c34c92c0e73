"""Find words in what people write, whatever their case, accents or line breaks."""

import re
import unicodedata

# Enough to see what a letter is about; more would cost time on hostile ones.
MAX_TEXT = 100_000


def plain(text):
    """Return text in small letters, without accents and with single spaces."""
    decomposed = unicodedata.normalize("NFKD", text[:MAX_TEXT])
    kept = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(kept.casefold().split())


def compile_words(words):
    """Return a pattern that finds any of these words; ``*`` stands for word parts.

    The pattern has no nested repetition, so that its time grows with the text only.
    """
    alternatives = []
    for word in words:
        parts = [re.escape(part) for part in plain(word).split("*")]
        if any(parts):
            alternatives.append(r"\w{0,30}".join(parts))
    if not alternatives:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})(?!\w)")


def find_word(pattern, text):
    """Return the first word of the pattern in ``text``, or an empty string."""
    found = pattern and pattern.search(text)
    return found[0] if found else ""
