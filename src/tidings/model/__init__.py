"""The words of the house: what an asset, a type, a change and an event are. No I/O."""
