"""Both secrets open the API; nobody is told which was wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.instances.access import AccessDenied, read_authorization, require

# What a generated secret is made of, and more: anything but blanks and commas.
SECRETS = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1).filter(
    lambda text: "," not in text
)
BLANKS = st.text(" \t", max_size=3)


@given(
    SECRETS,
    SECRETS,
    BLANKS,
    BLANKS,
    st.booleans(),
    st.sampled_from([str.upper, str.lower, str.title]),
)
def test_the_pairs_come_in_any_order_spacing_and_case(  # noqa: PLR0917 - one drawn value each
    user: str, organization: str, before: str, after: str, swapped: bool, case: object
) -> None:
    assert callable(case)
    parts = [f"{case('user')} {user}", f"{case('organization')}\t{organization}"]
    header = f"{before}{f'{after},{before}'.join(reversed(parts) if swapped else parts)}{after}"

    assert read_authorization(header) == {"user": user, "organization": organization}
    require(header, user_secret=user, organization_secret=organization)


def test_an_element_token_may_stand_beside_them() -> None:
    header = "User u1, Organization o1, Element e1=="

    assert read_authorization(header) == {"user": "u1", "organization": "o1", "element": "e1=="}


@pytest.mark.parametrize(
    "header",
    ["", "User", "User u1,", ",", "User a b, Organization o1", "User u1, User u1, Organization o1",
     "Bearer", "User u1; Organization o1", "Basic dTpv=, ", "User: u1, Organization: o1"],
)  # fmt: skip
def test_any_other_header_reads_as_nothing_that_opens(header: str) -> None:
    with pytest.raises(AccessDenied):
        require(header, user_secret="u1", organization_secret="o1")


@given(st.text(st.characters(codec="utf-8")))
def test_no_header_whatever_raises_while_it_is_read(header: str) -> None:
    assert all(value for value in read_authorization(header).values())


def test_a_refusal_does_not_say_which_half_was_wrong() -> None:
    said = set()
    for header in ("", "User wrong, Organization o1", "User u1, Organization wrong", "User u1"):
        with pytest.raises(AccessDenied) as raised:
            require(header, user_secret="u1", organization_secret="o1")
        said.add(str(raised.value))
    assert len(said) == 1


@pytest.mark.parametrize(("user", "organization"), [("", "o1"), ("u1", ""), ("", "")])
@pytest.mark.parametrize("header", ["", "User u1, Organization o1", "Organization o1", "User u1"])
def test_an_unset_secret_matches_nothing(user: str, organization: str, header: str) -> None:
    with pytest.raises(AccessDenied):
        require(header, user_secret=user, organization_secret=organization)
