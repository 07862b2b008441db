"""References of forecasts: what repeats, what is linear in the past, and exponential smoothing."""
