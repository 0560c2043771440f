"""``python -m tidings``."""

from tidings.cli import main

if __name__ == "__main__":  # the processes of ``serve --workers`` import this file as well
    main()
