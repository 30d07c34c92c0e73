"""Reads Authentication-Results (RFC 8601), as servers really write them."""

import re
from dataclasses import dataclass, field

MAX_RESULTS = 50

_PROPERTY = re.compile(
    r"([A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+|\s*/\s*\d+)?)\s*=\s*(\"[^\"]*\"|[^\s\"]+)"
)
_POLICY = re.compile(r"\bp=(none|quarantine|reject)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Result:
    """One method's result: ``properties`` such as ``header.d``, in lower case.

    ``policy`` is the domain's, where the server tells it in a comment.
    """

    method: str
    value: str
    properties: dict = field(default_factory=dict)
    policy: str = ""


def read_results(text):
    """Return the id of the server that wrote the field, and its results.

    The id is empty where there is none. What cannot be read is left out.
    """
    head, *rest = _split(text)
    if "=" in head[0]:
        authserv_id, rest = "", [head, *rest]
    else:
        words = head[0].split()
        authserv_id = words[0].strip('"').lower() if words else ""
    results = [_result(*part) for part in rest[:MAX_RESULTS]]
    return authserv_id, [result for result in results if result]


def _result(text, comments):
    pairs = [
        (re.sub(r"\s", "", name).lower(), value.strip('"').lower())
        for name, value in _PROPERTY.findall(text)
    ]
    if not pairs:
        return None
    (method, value), *properties = pairs
    policy = _POLICY.search(comments)
    return Result(
        method=method.partition("/")[0],
        value=value,
        properties=dict(reversed(properties)),
        policy=policy[1].lower() if policy else "",
    )


def _split(text):
    """Return the parts between semicolons, each as its text and its comments.

    Neither counts inside a quoted string or a comment, which may hold another
    (RFC 5322 section 3.2.2): a domain in a comment is the sender's word.
    """
    parts, plain, comments = [], [], []
    depth, is_quoted, is_escaped = 0, False, False
    for char in text:
        if is_escaped:
            is_escaped = False
        elif char == "\\" and (depth or is_quoted):
            is_escaped = True
            continue
        elif depth == 0 and char == '"':
            is_quoted = not is_quoted
        elif not is_quoted and char == "(":
            depth += 1
            continue
        elif not is_quoted and char == ")" and depth:
            depth -= 1
            plain.append(" ")
            continue
        elif not is_quoted and not depth and char == ";":
            parts.append(("".join(plain), "".join(comments)))
            plain, comments = [], []
            continue
        (comments if depth else plain).append(char)
    parts.append(("".join(plain), "".join(comments)))
    return parts
