"""A snapshot of the whole catalog, as it is read."""

from __future__ import annotations

from collections.abc import Iterator

from tidings.client.forms import JsonObject
from tidings.model.errors import ClientError
from tidings.model.events import decode


class Snapshot:
    """Every asset as of ``position``, one after the other: go on from there with ``stream``. Made by ``Client.snapshot``.

    ``time`` is when it was taken, in milliseconds. Iterating comes to its end only where it is whole; else it raises
    ClientError.
    """

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        head = _sound_line(next(lines, b""), 0)
        self.position: int = head["position"]
        self.catalog_id: str = head["catalogId"]
        self.time: int = head["time"]

    def __iter__(self) -> Iterator[JsonObject]:
        return map(decode, self.lines())

    def lines(self) -> Iterator[bytes]:
        """The same assets as the server wrote them."""
        count = 0
        for line in self._lines:
            if not line.startswith(_NO_ASSET):
                count += 1
                yield line
            elif _sound_line(line, count)["assets"] == count:
                return
        _sound_line(b"", count)


_NO_ASSET = (b'{"end":', b'{"error":')
"""How lines begin that are no assets: these have other members first."""


def _sound_line(line: bytes, count: int) -> JsonObject:
    """A line of a snapshot that is no asset, behind ``count`` assets; raises ClientError for an error, and for no line."""
    if not line:
        raise ClientError(f"the snapshot broke off after {count:,} assets and is not whole; read it again")
    told = decode(line)
    if "error" in told:
        raise ClientError(told["error"]["errorMessage"], (), 0, told["error"]["errorCode"])
    return told
