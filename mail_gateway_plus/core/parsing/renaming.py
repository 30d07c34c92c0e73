"""Give a message another Message-ID and leave everything else as it is."""

from .structure import Scanner


def rename(raw, message_id, parent_id=""):
    """Return the message under another name.

    The name that it had stays in ``X-Original-Message-ID``.

    :param parent_id: another message that it belongs to, put last into References
    """

    def describe(part):
        part.content_type = "application/octet-stream"  # nothing below is of interest

    root = Scanner(raw, describe, max_depth=0, max_parts=1).scan()
    end = b"\r\n" if b"\r\n" in raw[:2000] else b"\n"
    head, references = b"Message-ID: " + message_id.encode("ascii") + end, b""
    kept, position = [], root.first_header
    for field in root.fields:
        value = b" ".join(raw[field.value_start : field.end].split())
        if field.name == "message-id":
            head += b"X-Original-Message-ID: " + value + end
        elif field.name == "references" and parent_id:
            references += value + end + b" "
        else:
            continue
        kept.append(raw[position : field.start])
        position = field.end
    if parent_id:
        parent = parent_id.encode("ascii", "ignore")
        head += b"References: " + references + parent + end
    if root.body == root.start:  # no header section, nor its empty line
        head += end
    return raw[: root.first_header] + head + b"".join(kept) + raw[position:]
