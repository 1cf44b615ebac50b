"""The front page and the pages behind it: links that lead somewhere, figures that agree."""

from __future__ import annotations

import re

import pytest

from tests.documentation import (
    FRONT,
    PAGES,
    ROOT,
    anchors,
    is_ours,
    links,
    page,
    reachable,
    tables,
    target,
)

TEXTS = {name: page(name) for name in PAGES}
BEHIND = [name for name in PAGES if name != FRONT]
LONGEST_FRONT = 225
"""Lines: what somebody reads who has never heard of the project."""
LONG = 90
"""Lines from which on a page says at its top what is in it."""


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    for link in filter(is_ours, links(TEXTS[name])):
        path, anchor = target(name, link)
        assert (ROOT / path).exists(), f"{name}: {link}"
        if anchor:
            assert anchor in anchors(TEXTS[path]), f"{name}: {link}"


def test_every_page_can_be_reached_from_the_front_page_and_leads_back() -> None:
    assert reachable(TEXTS, FRONT) == set(PAGES)
    assert len(BEHIND) > 10
    for name in BEHIND:
        back = {target(name, link)[0] for link in links(TEXTS[name].partition("\n## ")[0])}
        assert FRONT in back, name


def test_the_front_page_is_short_and_lists_the_others_by_their_titles() -> None:
    titles = dict(re.findall(r"(?m)^\| \[(.+?)\]\((docs/\w[\w-]*\.md)\) \|", TEXTS[FRONT]))

    assert TEXTS[FRONT].count("\n") <= LONGEST_FRONT
    assert sorted(titles.values()) == BEHIND
    for title, name in titles.items():
        assert TEXTS[name].startswith(f"# {title}\n"), name


@pytest.mark.parametrize("name", BEHIND)
def test_a_page_says_whom_it_is_for_and_a_long_one_what_is_in_it(name: str) -> None:
    opening, *sections = TEXTS[name].split("\n## ")
    inside = {target(name, link) for link in links(opening)}

    assert len(re.findall(r"\w+", opening)) > 15
    if TEXTS[name].count("\n") > LONG:
        headings = "\n".join(f"## {section.splitlines()[0]}" for section in sections)
        assert {anchor for path, anchor in inside if path == name} >= anchors(headings)


def test_the_front_page_quotes_the_benchmarks_as_they_were_printed() -> None:
    printed = {}
    for table in tables(TEXTS["docs/benchmarks.md"]):
        scenario = ""
        for row in table:
            scenario = row.get("scenario") or scenario
            for column, value in row.items():
                printed[scenario, row.get("subject", ""), column] = value
    [quoted] = [table for table in tables(TEXTS[FRONT]) if "Freshbridge" in table[0]]

    assert len(quoted) > 5
    name = ""
    for row in quoted:
        named = re.match(r"`(.+?)`", row["Scenario"])
        name = named[1] if named else name
        # "naive 15.0 s, dlt 2,610": a comma may be in a number too.
        beside = [one.split(" ", 1) for one in re.split(r", (?=[a-z])", row["Beside it"])]
        for subject, value in [["freshbridge", row["Freshbridge"]], *beside]:
            assert printed[name, subject, row["Figure"]] == value, (name, subject)
