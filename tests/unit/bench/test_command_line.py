"""Which scenarios and subjects are run, against which limits."""

import pytest

from bench import bars, scenarios
from bench.plan import Plan, parser, plan
from bench.rates import OFF, PRO_MINUTE, SCALED, Rates
from bench.sync import scenarios as sync_scenarios
from bench.table import LABELS


def planned(*arguments: str) -> Plan:
    return plan(parser(None).parse_args(arguments))


def test_everything_is_run_when_nothing_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LONG", raising=False)

    found = planned()

    assert found.rates is SCALED
    assert found.subjects == ["freshbridge", "naive", "pyrate-limiter"]
    assert found.sync_subjects == ["freshbridge", "tap-freshdesk", "dlt"]
    areas = {one.name.split()[0] for one in found.scenarios}
    assert areas == {"machine", "backlog", "chaos", "interactive", "fairness"}
    assert {one.name.split()[0] for one in found.sync_scenarios} == {"sync"}


def test_words_choose_scenarios_and_a_number_their_size() -> None:
    arguments = ["--only", "lost", "--only", "inter", "--messages", "50", "--subjects", "naive"]

    found = planned(*arguments)

    assert [(one.name, one.messages) for one in found.scenarios] == [
        ("chaos lost replies", 50),
        ("interactive", 50),
    ]
    assert found.subjects == ["naive"]
    assert (found.sync_scenarios, found.sync_subjects) == ([], [])


def test_the_sync_can_be_run_alone() -> None:
    found = planned("--only", "sync")

    assert found.scenarios == []
    assert found.sync_scenarios == sync_scenarios.scenarios(long=False)
    assert [one.name for one in planned("--only", "killed").sync_scenarios] == ["sync killed"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "bakclog"], "no scenario's name contains 'bakclog'"),
        (["--subjects", "naive,celery"], "no subject is called celery"),
        (["--messages", "0"], "--messages takes a number above 0"),
    ],
)
def test_a_name_that_does_not_exist_is_said(arguments: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        planned(*arguments)


def test_long_measures_in_the_plans_own_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONG", "1")

    found = planned()

    assert found.rates is PRO_MINUTE
    assert "backlog real minutes" in [one.name for one in found.scenarios]
    assert max(one.tickets for one in found.sync_scenarios) == 200_000


def test_every_bar_is_of_a_scenario_that_is_run_and_of_a_row_of_the_table() -> None:
    known: list[scenarios.Named] = [
        *scenarios.scaled_down(1),
        *scenarios.real_minutes(),
        *sync_scenarios.scenarios(long=True),
    ]

    barred = {one.name: bars.bars_of(one.name) for one in known if bars.bars_of(one.name)}
    assert set(barred) == {one.name for one in known} - {scenarios.MACHINE}
    assert all(bar.metric in LABELS for each in barred.values() for bar in each)


def test_three_replies_of_a_hundred_are_lost_and_only_those_of_creations() -> None:
    faults = scenarios.lost_replies(7)

    assert sum(fault["rate"] for fault in faults) == pytest.approx(0.03)
    assert {fault["match"] for fault in faults} == {"POST /tickets$"}
    assert len({fault["seed"] for fault in faults}) == len(faults)


def test_the_narrower_limit_decides_how_long_a_backlog_takes() -> None:
    assert PRO_MINUTE.creations == 160
    assert SCALED.seconds_for(2000) == pytest.approx(100)
    assert SCALED.seconds_for(700, share=0.7) == pytest.approx(50)


def test_limits_are_set_for_every_bucket() -> None:
    config = Rates(total=100, window_s=5.0).config()

    assert config == {
        "window_s": 5.0,
        "limits": {
            "total": 100,
            "ticket_create": None,
            "ticket_update": None,
            "ticket_list": None,
            "contact_list": None,
        },
    }
    assert OFF.per_second > 1000
