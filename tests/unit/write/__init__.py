"""Pure steps of `tidings.write`, tested with values."""
