"""What the system knows of running processes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import psutil


def children(pid: int) -> list[psutil.Process]:
    """The processes that ``pid`` started itself and that are still known; none where it is gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return list(psutil.Process(pid).children())
    return []


def command_line(process: psutil.Process) -> str:
    """Its whole command line; empty where it has ended meanwhile."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


def alive(pids: Iterable[int]) -> set[int]:
    """Those that run; one that has ended and of whose end nobody took note yet does not."""
    return {pid for pid in pids if _runs(pid)}


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def resident_megabytes(pid: int) -> float:
    """Its resident memory in MB of 1024². Raises psutil.NoSuchProcess."""
    return float(psutil.Process(pid).memory_info().rss) / 1024**2
