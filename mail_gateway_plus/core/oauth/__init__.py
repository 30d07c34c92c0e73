"""Logging in with a token that a provider hands out to an app of its customer's."""
