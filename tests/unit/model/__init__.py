"""Pure steps of `tidings.model`, tested with values."""
