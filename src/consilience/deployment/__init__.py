"""From a run to a bundle that is proved equal and needs no torch."""
