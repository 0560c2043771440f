"""Pure steps, tested with values. Mirrors `src/tidings`; no database, no network, no clock."""
