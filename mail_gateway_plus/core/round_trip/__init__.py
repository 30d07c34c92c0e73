"""Mail to ourselves: that it arrives, when, where, and by what way."""
