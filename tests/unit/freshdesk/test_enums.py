"""Names for Freshdesk's numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.freshdesk.enums import (
    AssociationType,
    ConversationSource,
    LabelledNumber,
    Priority,
    SatisfactionRating,
    Source,
    Status,
    TicketFilter,
    TicketScope,
    status_number,
)

ENUMS = [
    Status,
    Priority,
    Source,
    ConversationSource,
    AssociationType,
    TicketScope,
    SatisfactionRating,
]


@pytest.mark.parametrize("kind", ENUMS)
def test_every_member_is_found_by_number_label_and_name(kind: type[LabelledNumber]) -> None:
    for member in kind:
        spellings: list[str | int] = [
            member.value,
            str(member.value) if member.value >= 0 else member.label,
            member.label,
            member.label.upper(),
            f"  {member.label.lower().replace(' ', '-')} ",
            member.name if "_" in member.name else member.label,
        ]
        assert {kind.parse(spelling) for spelling in spellings} == {member}


@pytest.mark.parametrize("value", ["", "urgentest", 0, 5, True, "True", "1.0", 3.0, None])
def test_anything_else_is_refused_with_the_choices(value: object) -> None:
    with pytest.raises(ValueError, match=r"Low \(1\), Medium \(2\), High \(3\), Urgent \(4\)"):
        Priority.parse(value)  # type: ignore[arg-type]  # what a careless caller might pass


def test_the_numbers_go_out_as_numbers() -> None:
    assert Priority.parse("High") == 3
    assert Status.WAITING_ON_CUSTOMER.label == "Waiting on Customer"
    assert str(TicketFilter.DELETED) == "deleted"


def test_an_accounts_own_status_is_a_number_too() -> None:
    own = {"Waiting for parts": 8, "Open": 2, "Parked": 3}
    assert status_number("waiting-for PARTS", own) == 8
    assert status_number("Parked", own) == 3
    assert status_number("Resolved", own) == 4
    assert status_number(12) == 12
    assert status_number("12") == 12
    assert status_number(2) == 2


@pytest.mark.parametrize("value", [True, "Waiting for parts", 1, -9, "-9", "²"])
def test_an_unknown_status_is_refused_with_the_choices(value: str | int) -> None:
    with pytest.raises(ValueError, match=r"Open, Pending.*Mine"):
        status_number(value, {"Mine": 9})


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    try:
        assert status_number(text) >= 2
    except ValueError as error:
        assert "Status is none of" in str(error)
