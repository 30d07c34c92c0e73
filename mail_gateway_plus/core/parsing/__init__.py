"""Reads any message without raising."""
