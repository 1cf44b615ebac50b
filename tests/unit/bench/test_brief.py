"""The table in brief is a Markdown table of what was measured, and of nothing else."""

from __future__ import annotations

from bench import brief
from bench.results import result


def test_each_measured_subject_has_a_line_and_what_is_not_measured_a_dash() -> None:
    found = [
        result("backlog steady", "freshbridge", "utilisation", 0.981),
        result("backlog steady", "freshbridge", "lost", 0),
        result("backlog steady", "naive", "lost", 3),
        result("fairness", "freshbridge", "lost", 0),
    ]

    head, rule, *lines = brief.text(
        found, ["backlog steady", "fairness"], ["freshbridge", "naive"]
    ).splitlines()

    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[:2] for row in cells] == [
        ["backlog steady", "freshbridge"],
        ["", "naive"],
        ["fairness", "freshbridge"],
    ]
    assert cells[0][2:5] == ["98.1%", "-", "0"]
    assert cells[1][2:5] == ["-", "-", "3"]
    assert {len(line) for line in (head, rule, *lines)} == {len(head)}
    assert rule.count("|") == head.count("|")
