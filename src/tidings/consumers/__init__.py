"""The taps: readers of the log, each behind its own position."""
