"""The files under deploy/ fit the program: its settings, ports, commands, limits and versions."""
