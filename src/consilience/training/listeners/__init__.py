"""Readers of the event stream: the run folder's JSON Lines, TensorBoard."""
