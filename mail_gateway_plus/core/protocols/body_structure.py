"""What a message consists of, as an IMAP server tells (RFC 3501 section 7.4.2)."""

from dataclasses import dataclass
from email.message import Message

from ..parsing.envelope import read_text

# The index of the disposition, which text and message parts have other fields before.
_DISPOSITION = {"text": 9, "message/rfc822": 11}
# Deeper than any mail program nests; a hostile structure ends here.
MAX_DEPTH = 50


@dataclass(frozen=True)
class Section:
    """A part without parts; ``number`` is its name for FETCH, ``size`` in bytes."""

    number: str
    content_type: str
    charset: str = ""
    encoding: str = ""
    name: str = ""
    size: int = 0
    is_attachment: bool = False

    @property
    def is_text(self):
        """Whether a person reads it in the message itself."""
        is_shown = not (self.is_attachment or self.name)
        return is_shown and self.content_type in ("text/plain", "text/html")


def sections(structure):
    """Return the :class:`Section` list of a parsed BODYSTRUCTURE.

    Of alternative texts only the one that Odoo would show is listed.

    :raises ValueError: when the server's answer makes no sense
    """
    try:
        return _sections(structure, "", 0)
    except (TypeError, IndexError, AttributeError, KeyError) as error:
        raise ValueError("BODYSTRUCTURE") from error


def _sections(node, number, depth):
    if not isinstance(node[0], (tuple, list)):
        return [_leaf(node, number or "1")]
    if depth > MAX_DEPTH:
        raise ValueError("BODYSTRUCTURE")
    # The library has the children in a list; unparsed they stand in a row.
    children = node[0] if isinstance(node[0], list) else _leading_tuples(node)
    subtype = _text(node[1] if isinstance(node[0], list) else node[len(children)])
    prefix = f"{number}." if number else ""
    lists = [
        _sections(child, f"{prefix}{n}", depth + 1)
        for n, child in enumerate(children, start=1)
    ]
    if subtype.lower() == "alternative":
        lists = _chosen(lists)
    return [section for each in lists for section in each]


def _chosen(lists):
    """Return the alternatives without the texts that HTML stands in for."""
    with_html = [
        index
        for index, each in enumerate(lists)
        if any(s.is_text and s.content_type == "text/html" for s in each)
    ]
    if not with_html:
        return lists
    return [
        each if index == with_html[-1] else [s for s in each if not s.is_text]
        for index, each in enumerate(lists)
    ]


def _leading_tuples(node):
    children = []
    for element in node:
        if not isinstance(element, (tuple, list)):
            break
        children.append(element)
    return children


def _leaf(node, number):
    content_type = f"{_text(node[0])}/{_text(node[1])}".lower()
    params = _params(node[2])
    index = _DISPOSITION.get(content_type) or _DISPOSITION.get(
        content_type.partition("/")[0], 8
    )
    disposition = node[index] if len(node) > index else None
    kind, names = "", {}
    if isinstance(disposition, (tuple, list)) and disposition:
        kind = _text(disposition[0]).lower()
        names = _params(disposition[1] if len(disposition) > 1 else None)
    return Section(
        number=number,
        content_type=content_type,
        charset=params.get("charset", ""),
        encoding=_text(node[5]),
        name=_file_name(names, params),
        size=max(int(node[6] or 0), 0),
        is_attachment=kind == "attachment",
    )


def _params(pairs):
    """Return a list of names and values as a dictionary with lower-case names."""
    if not pairs:
        return {}
    texts = [_text(each) for each in pairs]
    return dict(zip(map(str.lower, texts[::2]), texts[1::2], strict=False))


def _file_name(disposition, params):
    """Return the decoded name, whichever way it is written (RFC 2231, RFC 2047)."""
    holder = Message()
    for header, found in (("disposition", disposition), ("type", params)):
        parts = "".join(
            f'; {name}="{_quoted(value)}"' if "*" not in name else f"; {name}={value}"
            for name, value in found.items()
            if name.startswith(("filename", "name"))
        )
        holder[f"Content-{header}"] = f"x/x{parts}"
    return read_text(holder.get_filename() or "")


def _quoted(value):
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _text(value):
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").replace("\r", "").replace("\n", "")
    return "" if value is None else str(value)
