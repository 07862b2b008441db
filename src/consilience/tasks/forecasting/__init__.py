"""The parts of the task `forecast`: its head and its measures."""
