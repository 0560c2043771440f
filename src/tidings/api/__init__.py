"""The door: HTTP in, HTTP out, no decisions. One resource a file."""
