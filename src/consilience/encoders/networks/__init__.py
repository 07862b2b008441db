"""Image networks of other libraries, each cut off before its classifier."""
