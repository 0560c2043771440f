"""Laws that hold for every input, checked over generated ones."""
