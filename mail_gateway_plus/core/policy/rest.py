"""What becomes of the part of a large message that stayed on the server."""

LEFT, ORDERED, FETCHED, WAIVED = "left", "ordered", "fetched", "waived"
# The states in which the server has more than we have.
ON_SERVER = (LEFT, ORDERED)
