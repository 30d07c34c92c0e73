"""Decides: what a message's identity is, what became of it, when to try again."""
