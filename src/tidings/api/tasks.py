"""Our own call that lists work which takes more than one transaction and is not finished."""

from __future__ import annotations

from starlette.responses import Response

from tidings.api.endpoint import Call, Endpoint, json_answer
from tidings.model.events import encode
from tidings.model.tag import Task


def list_tasks(call: Call) -> Response:
    with call.parts.store.snapshot() as snapshot:
        tasks = snapshot.tasks()
    return json_answer(b'{"tasks":[%b]}' % b",".join(map(_form, tasks)))


def _form(task: Task) -> bytes:
    return b'{"kind":%b,"subject":%b,"state":%b}' % (encode(task.kind), encode(task.subject), task.encoded)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET", "/api/tasks", list_tasks, "read", "Long work that is not finished", group="Catalog",
        answer="For each task its kind, its subject and its state: for a connection that is being deleted its "
               "qualifiedName, and how much is done, out of how much, under which cause.",
    ),
)  # fmt: skip
