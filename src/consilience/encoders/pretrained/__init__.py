"""Encoders whose weights were learned elsewhere: found on this machine, never fetched from a network."""
