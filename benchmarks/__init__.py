"""The speed of the whole way, each figure beside the raw limit measured in the same run (see docs/explanation/performance.md)."""
