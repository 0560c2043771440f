"""Pure steps of `tidings.read`, tested with values."""
