"""Unit tests of what a server tells about itself."""
