"""The documentation tells the truth: examples run, and each setting, command and error code is described."""
