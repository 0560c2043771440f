"""The speed of the whole way, each figure as a ratio to the raw limit measured in the same run."""
