"""Whether an account has sent a message: its own folder of sent mail tells."""

from imapclient.imapclient import SENT

# An IMAP server reads each message of a folder for a search that it has no index for.
MAX_LOOKED_UP = 20


def find_sent(client, message_ids):
    """Look messages up in an account's folder of sent mail, changing nothing.

    The folder is the one that the server names for it (RFC 6154 section 2), else one
    of a usual name.

    :param client: a logged-in ``IMAPClient``
    :returns: the folder's name, ``None`` where there is none, and the set of those
        Message-IDs that are in it
    """
    folder = client.find_special_folder(SENT)
    if folder is None:
        return None, set()
    client.select_folder(folder, readonly=True)
    found = {
        message_id
        for message_id in list(dict.fromkeys(message_ids))[:MAX_LOOKED_UP]
        if client.search(["HEADER", "Message-ID", message_id])
    }
    return folder, found
