"""The results file: one figure an entry, in a form that other programs can rely on."""

import json
import math
from pathlib import Path

import pytest

from bench.results import UNITS, Result, result, results, to_text, write

ENTRY = {"scenario", "subject", "metric", "value", "unit"}


def test_an_entry_has_the_five_keys_and_its_metrics_unit() -> None:
    found = json.loads(
        to_text([result("backlog steady", "freshbridge", "utilisation", 0.98123456)])
    )

    assert found == [
        {
            "scenario": "backlog steady",
            "subject": "freshbridge",
            "metric": "utilisation",
            "value": 0.981235,
            "unit": "share",
        }
    ]


def test_a_figure_that_was_not_measured_makes_no_entry() -> None:
    found = results("interactive", "naive", {"p50": None, "p99": 1.5, "samples": 7})

    assert [one.metric for one in found] == ["p99", "samples"]


def test_an_unknown_metric_and_no_number_are_refused() -> None:
    with pytest.raises(ValueError, match="no metric is called 'utilization'"):
        result("backlog steady", "naive", "utilization", 1.0)
    with pytest.raises(ValueError, match="p99 is nan"):
        result("interactive", "naive", "p99", math.nan)


def test_writing_replaces_the_file_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text("what a run before has left, which is much longer than what comes now")

    write([result("interactive", "naive", "p99", 1.5)], path)

    [entry] = json.loads(path.read_text())
    assert set(entry) == ENTRY
    assert list(tmp_path.iterdir()) == [path]


def test_every_metric_has_a_unit() -> None:
    for metric in UNITS:
        assert isinstance(result("scenario", "subject", metric, 1), Result)
