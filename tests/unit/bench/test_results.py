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


def test_writing_keeps_the_figures_of_scenarios_that_were_not_run(tmp_path: Path) -> None:
    # given two scenarios of an earlier run, one of them with two subjects
    path = tmp_path / "results.json"
    earlier = [
        result("interactive", "naive", "p99", 1.5),
        result("interactive", "freshbridge", "p99", 0.5),
        result("fairness", "naive", "p99", 9.0),
    ]
    write(earlier, path)

    # when one of the two is run again, for one subject
    write([result("interactive", "freshbridge", "p99", 0.4)], path)

    # then nothing stays of its earlier run, and all of the other's
    entries = json.loads(path.read_text())
    assert all(set(entry) == ENTRY for entry in entries)
    assert [(one["scenario"], one["subject"], one["value"]) for one in entries] == [
        ("interactive", "freshbridge", 0.4),
        ("fairness", "naive", 9.0),
    ]
    assert list(tmp_path.iterdir()) == [path]


def test_every_metric_has_a_unit() -> None:
    for metric in UNITS:
        assert isinstance(result("scenario", "subject", metric, 1), Result)
