"""Walking a graph breadth first, over plain dicts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import pytest

from tests.catalog import TYPES
from tidings.read.lineage import depth_of, flow_of, hops_of, is_process, levels

GRAPH = {1: [10], 10: [3, 2], 2: [20], 3: [20, 30], 20: [4], 30: [1, 4]}


class Steps:
    """One step over a graph; counts how often it was asked."""

    def __init__(self, graph: Mapping[int, Collection[int]]) -> None:
        self.graph = graph
        self.asked = 0

    def __call__(self, ids: Collection[int]) -> Iterator[int]:
        self.asked += 1
        return (to for own in ids for to in self.graph.get(own, ()))


def test_nearest_first_each_once_and_cycles_end() -> None:
    steps = Steps(GRAPH)
    assert list(levels(1, steps, 100)) == [[10], [2, 3], [20, 30], [4]]
    assert steps.asked == 5


def test_no_deeper_than_asked() -> None:
    assert list(levels(1, Steps(GRAPH), 2)) == [[10], [2, 3]]
    assert list(levels(1, Steps(GRAPH), 0)) == list(levels(4, Steps(GRAPH), 9)) == []


def test_nothing_is_asked_before_it_is_wanted() -> None:
    steps = Steps(GRAPH)
    assert next(levels(1, steps, 100)) == [10]
    assert steps.asked == 1


def test_what_is_left_out_is_not_gone_on_from() -> None:
    assert list(levels(1, Steps(GRAPH), 100, lambda ids: [own for own in ids if own != 30])) == [
        [10],
        [2, 3],
        [20],
        [4],
    ]
    assert list(levels(1, Steps(GRAPH), 100, lambda ids: [])) == []


@pytest.mark.parametrize(("from_process", "depths"), [(False, [1, 1, 2, 2]), (True, [1, 2, 2, 3])])
def test_a_process_and_what_lies_behind_it_are_of_one_depth(from_process: bool, depths: list[int]) -> None:
    assert [depth_of(hop, from_process) for hop in (1, 2, 3, 4)] == depths
    assert [max(hop for hop in range(9) if depth_of(hop, from_process) <= depth) for depth in (1, 2)] == [
        hops_of(depth, from_process) for depth in (1, 2)
    ]
    assert hops_of(0, from_process) == 0


def test_the_flow_of_the_shipped_types() -> None:
    flow = flow_of(TYPES)
    assert flow.inputs[0] == {"catalog_process_inputs", "connection_process_inputs", "airflow_task_inputs"}
    assert flow.inputs[1] == {"catalog_input_to_spark_jobs"}
    assert flow.outputs[1] == {"catalog_output_from_spark_jobs"}
    assert set().union(*flow.inputs, *flow.outputs) == TYPES.lineage
    assert flow.along("INPUT") == flow.along("OUTPUT")[::-1]
    known = {
        name
        for name in ("Process", "ColumnProcess", "SparkJob", "AirflowTask", "Table")
        if is_process(TYPES.type(name))
    }
    assert known == {"Process", "ColumnProcess", "SparkJob", "AirflowTask"}
