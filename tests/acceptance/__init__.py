"""The program itself, a subprocess on port 0, used as its users would; real clients included."""
