"""How good forecasts are at each step, and some of them as a picture."""
