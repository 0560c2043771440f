"""A small client of our own API: one method a call, errors as ``ClientError``, a live stream that survives drops."""

from tidings.client.client import ASSETS_A_PAGE, ATTEMPTS, LONGEST_RUN, LONGEST_STEP, OUTAGE, SILENCE, Client, Page
from tidings.client.forms import DeleteType, Direction, Form, JsonObject, Target
from tidings.client.snapshot import Snapshot
from tidings.client.stream import LONGEST_PAUSE, Frame, back_off, frames, lines

DEFAULT_URL = "http://127.0.0.1:8585"

__all__ = [
    "ASSETS_A_PAGE",
    "ATTEMPTS",
    "DEFAULT_URL",
    "LONGEST_PAUSE",
    "LONGEST_RUN",
    "LONGEST_STEP",
    "OUTAGE",
    "SILENCE",
    "Client",
    "DeleteType",
    "Direction",
    "Form",
    "Frame",
    "JsonObject",
    "Page",
    "Snapshot",
    "Target",
    "back_off",
    "frames",
    "lines",
]
