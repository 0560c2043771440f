"""Of several that could do something one does it; killed with no chance to say so, it is replaced, and nothing is lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from tests.acceptance.program import TOKEN, Program, running
from tests.acceptance.test_tag_travels import AT_ONCE, all_events
from tests.api.door import until
from tests.docs.scenarios import ORDERS, asset, ref
from tests.postgres import open_store
from tidings.client import Client
from tidings.consumers.propagation import TASK
from tidings.model.errors import ClientError
from tidings.testing import Catalog
from tidings.wiring import load_types

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]
COLUMNS = 3_000


class Tail:
    """A ``tidings tail --cursor`` as a process, whose lines go to a file."""

    def __init__(self, program: Program, file: Path, said: IO[str]) -> None:
        self.file = file
        command = ["tail", "--cursor", "c", "--after", "0", "--lease", "3"]
        with file.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tidings", *command],
                stdout=out,
                stderr=said,
                env=os.environ | {"TIDINGS_URL": program.url, "TIDINGS_TOKEN": TOKEN},
            )

    def printed(self) -> list[int]:
        """The positions that were printed, in order; a line that was cut off does not count."""
        *lines, _ = self.file.read_bytes().split(b"\n")
        return [json.loads(line)["tidings"]["position"] for line in lines]


@contextlib.contextmanager
def tails(program: Program, folder: Path, count: int) -> Iterator[list[Tail]]:
    with (folder / "said").open("w") as said:
        made = [Tail(program, folder / f"tail{number}", said) for number in range(count)]
        try:
            yield made
        finally:
            for one in made:
                one.process.kill()
                one.process.wait(60)


def working(tails: list[Tail]) -> list[Tail]:
    """The one that has printed a good deal."""
    return [one for one in tails if len(one.printed()) > 50]


class Writer(threading.Thread):
    """Saves something again and again until it is told to stop."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program = program
        self.stopping = threading.Event()

    def run(self) -> None:
        with Client(self.program.url, TOKEN) as client:
            number = 0
            while not self.stopping.wait(0.01):
                number += 1
                client.save([asset("Table", "default/x/1/d/s/t", description=str(number))])


def test_a_tail_that_is_killed_is_replaced_and_nothing_is_left_out(tmp_path: Path) -> None:
    with (
        running(tmp_path / "c.db") as program,
        Client(program.url, TOKEN) as client,
        tails(program, tmp_path, 3) as made,
    ):
        writer = Writer(program)
        writer.start()
        left, turns = list(made), []
        while len(left) > 1:
            [holder] = until(partial(working, left))
            holder.process.send_signal(signal.SIGKILL)
            holder.process.wait(60)
            turns.append(holder.printed())
            left.remove(holder)
        last = left[0]
        until(lambda: len(last.printed()) > 50)
        writer.stopping.set()
        writer.join()
        head = client.head()
        until(lambda: last.printed()[-1:] == [head])
        until(lambda: client.cursor("c")["position"] == head)
        turns.append(last.printed())
    for printed, following in zip(turns, [*turns[1:], []], strict=True):
        assert printed == list(range(printed[0], printed[-1] + 1))
        assert not following or following[0] <= printed[-1] + 1
    assert (turns[0][0], turns[-1][-1]) == (1, head)


def test_a_server_that_is_killed_in_the_middle_of_a_task_is_replaced(postgres_url: str) -> None:
    head = _made(postgres_url)
    with (
        running(postgres_url, *AT_ONCE) as first,
        running(postgres_url, *AT_ONCE) as second,
        Client(first.url, TOKEN) as client,
    ):
        client.put_tag({"typeName": "PII"}, [client.get_by_name("Table", ORDERS)["guid"]])
        until(lambda: client.head() - head > 200)
        holder = _holder(postgres_url)
        killed, other = (first, second) if holder == first.process.pid else (second, first)
        assert holder == killed.process.pid
        killed.process.kill()
        killed.process.wait(60)
        with Client(other.url, TOKEN) as rest:
            assert rest.head() - head < COLUMNS + 1
            until(lambda: not _tasks(rest))
            events = all_events(rest, head)
    told = [one["tidings"] for one in events]
    assert {one["message"]["operationType"] for one in events} == {"CLASSIFICATION_ADD"}
    assert len({one["message"]["entity"]["guid"] for one in events}) == len(events) == COLUMNS + 1
    assert [one["causeIndex"] for one in told] == list(range(1, COLUMNS + 2))
    command = [sys.executable, "-m", "tidings", "check", "--database", postgres_url]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert report["sound"]


def _made(url: str) -> int:
    """A catalog with a table of many columns and a tag; the head of its log."""
    with contextlib.closing(open_store(url)) as store:
        it = Catalog(store, load_types(), "documented")
        it.define({"classificationDefs": [{"name": "PII", "displayName": "PII"}]})
        it.save(
            asset("Table", ORDERS),
            *(asset("Column", f"{ORDERS}/{one}", table=ref("Table", ORDERS)) for one in range(COLUMNS)),
        )
        return store.head()


def _holder(url: str) -> int:
    """The number of the process that works at the task."""
    with contextlib.closing(open_store(url)) as store, store.snapshot() as snapshot:
        lease = snapshot.lease(TASK)
    assert lease is not None
    return int(lease.holder.split(":")[-2])


def _tasks(client: Client) -> bool:
    try:
        return bool(client._ask("GET", "/api/tasks", dict)["tasks"])
    except ClientError:
        return True
