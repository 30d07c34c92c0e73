"""A step of the ladder: the provider hands out the token of an app."""

from .advice_keys import Advice
from .bounded import within
from .steps import Finding, Protocol, StepState

TOKEN_SECONDS = 20.0
# The app's rights in Microsoft Entra: "Office 365 Exchange Online", of the kind
# "application".
ROLES = {
    Protocol.SMTP: "SMTP.SendAsApp",
    Protocol.IMAP: "IMAP.AccessAsApp",
    Protocol.POP: "POP.AccessAsApp",
}


def token(climb):
    """Fetch a new token, and look whether the app has the right that is needed.

    A new one although another may be at hand: the settings are what is tested.

    :raises TokenFailed: with the provider's words
    """
    _user, source = climb.target.app_login.arguments
    app = source.registration
    climb.details = {"host": app.host, "tenant": app.tenant, "client_id": app.client_id}
    found = within(climb.seconds(TOKEN_SECONDS), source.new_token)
    climb.transcript.hide(found.value)
    climb.transcript.note(f"{app.host} handed out a token")
    details = {
        **climb.details,
        "minutes": found.seconds // 60,
        "role": ROLES[climb.target.protocol],
        "roles": found.roles,
    }
    if found.roles is not None and details["role"] not in found.roles:
        return Finding(details, StepState.WARNING, Advice.APP_NO_CONSENT)
    return Finding(details)
