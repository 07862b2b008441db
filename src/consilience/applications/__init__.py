"""Applications: whole jobs made of the house's parts, each a package of its own."""
