"""Every promise of Tidings, held by a test; which folder holds what stands in `tests/README.md`."""
