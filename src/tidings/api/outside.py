"""To be replaced."""


def explain(path: str) -> str:
    return f"there is nothing at {path}"
