"""The figures of a sync, out of what the simulated account counted."""

from __future__ import annotations

from typing import Any

import pytest

from bench import bars, brief, table
from bench.rates import SCALED
from bench.results import UNITS, results
from bench.sync.comparison import Comparison
from bench.sync.figures import Ran, figures
from bench.sync.scenarios import LARGE, SMALL, scenarios
from tests.documentation import page

SEEN = Comparison(missing=3, stale=2, extra=1, duplicates=0, held=1998)


def stats(requests: int = 21, throttled: int = 1) -> dict[str, Any]:
    """An account that let through 20 list calls with an include, three credits each."""
    endpoint = {"requests": requests, "throttled": throttled, "credits": 60}
    windows = [
        {"begins": 100.0, "credits": 30, "first_at": 100.0, "last_at": 104.9},
        {"begins": 105.0, "credits": 30, "first_at": 105.1, "last_at": 106.0},
    ]
    return {"total": endpoint, "endpoints": {"GET /tickets": endpoint}, "windows": windows}


def test_a_run_is_told_by_what_the_account_counted() -> None:
    found = figures(stats(), None, Ran(over_at=108.0, peak_rss=90_000_000), SEEN)

    assert found["duration"] == pytest.approx(8.0)
    assert (found["list_calls"], found["credits"], found["throttled"]) == (21, 60, 1)
    assert found["calls"] == 20
    assert (found["missing"], found["stale"], found["extra"], found["duplicates"]) == (3, 2, 1, 0)
    assert (found["held"], found["peak_rss"], found["failed"]) == (1998, 90, 0)
    assert "utilisation" not in found
    assert "writes_per_file" not in found
    assert "killed" not in found


def test_utilisation_is_of_credits_from_the_first_call_to_the_last() -> None:
    found = figures(stats(), SCALED, Ran(over_at=108.0), SEEN)

    assert found["utilisation"] == pytest.approx(60 / (100 * 6 / 5))
    assert "peak_rss" not in found


def test_a_subject_that_never_called_has_figures_too() -> None:
    nothing = {"requests": 0, "throttled": 0, "credits": 0}

    found = figures(
        {"total": nothing, "endpoints": {}, "windows": []},
        SCALED,
        Ran(over_at=108.0, failure="ImportError", killed=4),
        SEEN,
    )

    assert (found["list_calls"], found["failed"], found["killed"]) == (0, 1, 4)


def test_every_figure_has_a_unit_and_a_row() -> None:
    found = figures(stats(), SCALED, Ran(108.0, "x", 1, 1, 1.5), SEEN)

    assert found["writes_per_file"] == 1.5
    assert set(found) <= set(UNITS)
    assert set(found) <= set(table.LABELS)
    assert {metric for metric, _ in brief.SYNC_COLUMNS} <= set(table.LABELS)


def test_the_table_shows_the_peers_beside_the_bars() -> None:
    name = "sync 20,000 no limit"
    own = results(name, "freshbridge", {"records_per_s": 6000, "list_calls": 205, "peak_rss": 120})
    peers = results(name, "dlt", {"records_per_s": 1500, "peak_rss": 600})

    rows = {
        label: rest for label, *rest in table.rows_of([*own, *peers], name, ["freshbridge", "dlt"])
    }

    assert rows["records/s"] == ["6,000", "1,500", "≥ 5000", "✓", "x4.00"]
    assert rows["list calls"] == ["205", "-", "≤ 204", "✗", ""]
    assert rows["peak RSS, MB"] == ["120", "600", "≤ 150 MB", "✓", "x0.20"]


def test_the_page_of_the_benchmarks_lists_every_scenario() -> None:
    listed = page("docs/benchmarks.md")

    assert [one.name for one in scenarios(long=True) if f"`{one.name}`" not in listed] == []


def test_a_copy_at_a_limit_has_to_use_it_whatever_its_size() -> None:
    at_a_limit = [one for one in scenarios(long=False) if one.name.endswith("at 20 requests/s")]

    assert [one.tickets for one in at_a_limit] == [20_000, 60_000]
    for one in at_a_limit:
        assert {bars.FULL, bars.NO_429} <= set(bars.bars_of(one.name))


def test_a_run_after_few_changes_has_the_same_bar_whatever_the_account_holds() -> None:
    by_name = {one.name: one for one in scenarios(long=False)}

    assert by_name[SMALL].changes == by_name[LARGE].changes
    assert by_name[SMALL].tickets < by_name[LARGE].tickets
    assert bars.bars_of(SMALL) == bars.bars_of(LARGE)
