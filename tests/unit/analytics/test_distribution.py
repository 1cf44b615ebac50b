"""Percentiles against the standard library's, which knows nothing of ours."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.analytics.distribution import Distribution, percentile

DURATIONS = st.lists(st.integers(0, 10**9), min_size=2, max_size=200)


def shown(values: list[int]) -> dict[str, float]:
    distribution = Distribution()
    for value in values:
        distribution.add(value)
    return distribution.shown()


@given(DURATIONS)
def test_mean_median_and_p90_are_those_of_the_standard_library(values: list[int]) -> None:
    deciles = statistics.quantiles(values, n=10, method="inclusive")

    assert shown(values) == {
        "count": len(values),
        "mean_s": pytest.approx(statistics.fmean(values), abs=0.06),
        "median_s": pytest.approx(statistics.median(values), abs=0.06),
        "p90_s": pytest.approx(deciles[8], abs=0.06),
    }


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1), st.integers(0, 100))
def test_a_percentile_lies_between_the_ends(values: list[int], percent: int) -> None:
    values.sort()

    assert values[0] <= percentile(values, percent) <= values[-1]


def test_one_value_is_all_of_them() -> None:
    assert shown([7]) == {"count": 1, "mean_s": 7.0, "median_s": 7.0, "p90_s": 7.0}


def test_nothing_has_no_mean() -> None:
    assert shown([]) == {"count": 0, "mean_s": None, "median_s": None, "p90_s": None}
