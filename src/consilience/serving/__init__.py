"""HTTP: answers requests with loaded models. No torch."""
