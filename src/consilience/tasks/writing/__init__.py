"""Modules that write text: a vocabulary of the targets, decoders, and the search for a good text."""
