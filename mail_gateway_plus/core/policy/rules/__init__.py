"""Rules of people: which messages they are about, and what is to become of those."""
