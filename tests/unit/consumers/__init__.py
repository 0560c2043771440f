"""Unit tests of the consumers."""
