"""Says what is wrong with a server and what to do about it."""
