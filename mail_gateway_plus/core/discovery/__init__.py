"""Finds a mail account's servers, given nothing but its address."""
