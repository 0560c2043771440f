"""From settings to running parts. The only room that knows every other."""
