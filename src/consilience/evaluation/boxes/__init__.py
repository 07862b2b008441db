"""What the report says of boxes: figures of each class, curves, and pictures with boxes drawn in."""
