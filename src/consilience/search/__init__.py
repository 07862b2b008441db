"""Recipes compared on validation rows: a space of fields, trials, the best one trained as an ordinary run."""
