"""The command line: one command or group a file; program.py puts them together."""

from tidings.cli.program import main

__all__ = ["main"]
