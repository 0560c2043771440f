"""A metadata catalog that tells you what changed."""
