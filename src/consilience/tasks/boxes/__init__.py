"""Boxes in pictures: cells, geometry, the head that finds them, and the measure that judges them."""
