"""The table and the bars: what is met, what is missed, and by whom."""

import pytest

from bench import bars, table
from bench.results import Result, result

SUBJECTS = ["freshbridge", "naive", "pyrate-limiter"]


def found(**values: tuple[float, float, float]) -> list[Result]:
    """Results of "backlog steady", a value per subject for each metric."""
    return [
        result("backlog steady", subject, metric, value)
        for metric, each in values.items()
        for subject, value in zip(SUBJECTS, each, strict=True)
    ]


def rows(results: list[Result]) -> dict[str, list[str]]:
    made = table.rows_of(results, "backlog steady", SUBJECTS)
    return {label.strip(): rest for label, *rest in made}


def test_subjects_stand_side_by_side_with_the_bar_and_how_they_compare() -> None:
    shown = rows(found(utilisation=(0.98, 0.49, 0.7), lost=(0, 3, 0)))

    assert shown["utilisation"] == ["98.0%", "49.0%", "70.0%", "≥ 97%", "✓", "x1.40"]
    assert shown["lost"] == ["0", "3", "0", "≤ 0", "✓", ""]


@pytest.mark.parametrize(
    ("metric", "value", "mark"),
    [
        ("utilisation", 0.97, "✓"),
        ("utilisation", 0.9699, "✗"),
        ("throttled", 0, "✓"),
        ("throttled", 1, "✗"),
        ("ledger_writes_per_call", 1.0, "✓"),
        ("ledger_writes_per_call", 1.01, "✗"),
    ],
)
def test_a_bar_is_met_up_to_its_edge(metric: str, value: float, mark: str) -> None:
    label = table.LABELS[metric].strip()

    assert rows(found(**{metric: (value, 1, 1)}))[label][4] == mark


def test_only_the_projects_own_figures_have_to_meet_the_bars() -> None:
    results = found(lost=(0, 9, 9), duplicates=(2, 0, 0))

    assert bars.missed(results, "freshbridge") == [
        "backlog steady: duplicates is 2, wanted ≤ 0: read the timeline of the doubled tickets' "
        "action records"
    ]


def test_what_was_not_measured_is_a_dash_and_no_verdict() -> None:
    results = [one for one in found(utilisation=(0.9, 0.5, 0.5)) if one.subject != "freshbridge"]

    assert rows(results)["utilisation"] == ["-", "50.0%", "50.0%", "≥ 97%", "?", ""]


def test_columns_are_aligned_whatever_is_in_them() -> None:
    results = found(utilisation=(1, 0.05, 1), calls=(123456, 1, 20), lost=(0, 0, 0))

    lines = table.text(results, ["backlog steady"], SUBJECTS).splitlines()

    ends = {
        line.index(word) + len(word) for line in lines for word in ("naive", "5.0%") if word in line
    }
    assert len(ends) == 1
    assert lines[2] == "backlog steady"


def test_a_scenario_that_was_not_run_is_left_out() -> None:
    shown = table.text(found(lost=(0, 0, 0)), ["backlog steady", "fairness"], SUBJECTS)

    assert "fairness" not in shown


@pytest.mark.parametrize(
    ("unit_metric", "value", "shown"),
    [
        ("p99", 0.1234, "123 ms"),
        ("p99", 12.34, "12.3 s"),
        ("throttled_share", 0.0123, "1.2%"),
        ("receives_per_message", 1.234, "1.23"),
        ("calls", 2000, "2,000"),
    ],
)
def test_a_cell_reads_as_a_person_would_write_it(
    unit_metric: str, value: float, shown: str
) -> None:
    assert table.shown(result("any", "naive", unit_metric, value)) == shown
