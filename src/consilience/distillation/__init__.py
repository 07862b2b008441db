"""A small student of a trained run: taught on training rows, compared on test rows."""
