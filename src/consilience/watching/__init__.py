"""After deployment: the log of predictions, drift, performance, and the audit chain. No torch."""
