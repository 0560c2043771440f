"""Schemathesis against the program: requests made from the OpenAPI document, sound ones and broken ones.

``TIDINGS_FUZZ_EXAMPLES`` says how many requests for each operation.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.acceptance.program import PROXIES, TOKEN, Program, running
from tidings.api.app import ENDPOINTS
from tidings.api.openapi import document

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

EXAMPLES = int(os.environ.get("TIDINGS_FUZZ_EXAMPLES", "10"))
BEARER = {"authorization": f"Bearer {TOKEN}"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A server of its own, since its catalog will be full of nonsense."""
    with pytest.MonkeyPatch.context() as patch:
        for name in PROXIES:
            patch.delenv(name, raising=False)
        with running(Path(tmp_path_factory.mktemp("fuzz"), "catalog.db")) as program:
            yield program
            assert program.process.poll() is None
        assert "Traceback" not in "".join(program.said), "".join(program.said)


# The document that the server shows, without asking it: operations are wanted before a server runs.
schema = schemathesis.openapi.from_dict(document(ENDPOINTS, "any")).exclude(path="/api/events/stream")  # it has no end


@schema.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_no_request_breaks_the_server_or_its_word(fuzzed: Program, case: Any) -> None:
    (case.query or {}).pop("wait", None)  # so that no request waits on purpose
    case.call_and_validate(base_url=fuzzed.url, headers=BEARER, checks=CHECKS)
