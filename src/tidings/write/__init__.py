"""The way in: from a command to positions in the log. Read submit.py first."""
