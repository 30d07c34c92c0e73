"""A login with the token of an app: SASL XOAUTH2, as Exchange Online speaks it."""


def xoauth2(user, token):
    """Return the response of XOAUTH2 for a mailbox, not encoded."""
    return f"user={user}\1auth=Bearer {token}\1\1"


def log_in_with_token(user, source, log_in, is_refusal):
    """Log in; once more with a new token if the server does not take the one at hand.

    Rights that were withdrawn and given back, or a changed secret, end a token before
    its time.

    :param source: a :class:`~.store.TokenSource`
    :param log_in: called with the response of XOAUTH2; raises if it is not accepted
    :param is_refusal: says of what it raised whether it was that, and not the line
    """
    token = source.token()
    try:
        return log_in(xoauth2(user, token.value))
    except Exception as refusal:
        if not is_refusal(refusal):
            raise
        renewed = source.renewed(token)
        if renewed is None:
            raise
        try:
            return log_in(xoauth2(user, renewed.value))
        except Exception as error:
            if is_refusal(error):
                raise
            # Some hang up after a refusal. What they said counts, and the new token is
            # at hand for the next session.
            raise refusal from error
