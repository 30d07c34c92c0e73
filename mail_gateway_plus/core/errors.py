"""Errors of the gateway: one root, the facts on the instance."""


class GatewayError(Exception):
    """Root of what the gateway itself raises.

    :param detail: the other side's own words, or what was found instead.
    """

    def __init__(self, detail=""):
        super().__init__(detail)
        self.detail = detail


class LoginRefused(GatewayError):
    """The server was reached and does not accept the user or the secret."""


class FolderUnavailable(GatewayError):
    """The mailbox has no such folder, or does not let us open it."""


class MessageGone(GatewayError):
    """The mailbox does not hand out a message that it held."""


class OutOfTime(GatewayError):
    """What was asked of a server did not come in the time that there is."""


class DatabaseLost(GatewayError):
    """The connection to the database ended in the midst of the work."""


class ProtocolViolation(GatewayError):
    """The server lacks something that the gateway needs, or breaks the protocol."""
