"""What a server tells about itself: metrics, log lines, and spans for whoever collects them."""

from tidings.telemetry.logs import announce, fields, log, set_up_logs
from tidings.telemetry.metrics import CONTENT_TYPE, SHARED_METRICS, Metrics
from tidings.telemetry.traces import at_work
from tidings.telemetry.work import Work, at_hand, take_up

__all__ = [
    "CONTENT_TYPE", "SHARED_METRICS", "Metrics", "Work", "announce", "at_hand", "at_work", "fields", "log", "set_up_logs",
    "take_up",
]  # fmt: skip
