"""Where a message goes while it is prepared: noted, not sent."""


class Collector:
    """Stands in for a session in ``ir.mail_server.send_email``.

    All that Odoo and other addons do to a message on its way to ``send_message`` is
    done; what comes out is kept in ``noted``: message, sender, recipients. What else
    they look at is the session's.
    """

    def __init__(self, session):
        self._session = session
        self.noted = None

    def __getattr__(self, name):
        return getattr(self._session, name)

    def send_message(self, message, from_addr, to_addrs, *_options):
        """Note the message; nobody is refused."""
        if isinstance(to_addrs, str):
            to_addrs = [to_addrs]
        self.noted = (message, from_addr, list(dict.fromkeys(to_addrs)))
        return {}
