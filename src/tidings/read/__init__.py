"""The way out: what readers get to see."""
