"""``tidings copy`` in small parts, in a process that gets a signal at a place of the test's choice.

``python -m tests.acceptance.copying SIGNAL PLACE COUNT FROM TO``: the signal comes when it gets to the place for the
COUNT-th time. Places: ``part`` (in a transaction, before its rows), ``filled`` (in it, behind them), ``unmarked`` (in the last
one), ``end`` (all is on disk, nothing is said yet).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from tidings.cli import copy as command
from tidings.cli import main
from tidings.store import comparing, copying

PLACES: dict[str, tuple[Any, str, bool]] = {
    "part": (copying, "_write", True),
    "filled": (copying, "_write", False),
    "unmarked": (copying, "_unmark", False),
    "end": (command, "_show", True),
}


def struck(call: Callable[..., None], number: int, is_before: bool, times: int) -> Callable[..., None]:
    left = times

    def around(*args: Any, **more: Any) -> None:
        nonlocal left
        left -= 1
        if is_before and left == 0:
            os.kill(os.getpid(), number)
        call(*args, **more)
        if not is_before and left == 0:
            os.kill(os.getpid(), number)

    return around


if __name__ == "__main__":
    number, place, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    comparing.PART_ROWS = 7
    module, name, is_before = PLACES[place]
    setattr(module, name, struck(getattr(module, name), number, is_before, count))
    sys.argv[1:] = ["copy", *sys.argv[4:]]
    main()
