"""Vehicles in the video of a fixed camera: detected, tracked, counted, measured, forecast."""
