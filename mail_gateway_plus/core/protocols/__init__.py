"""Talks to mail servers: one module a protocol, plain values in and out."""
