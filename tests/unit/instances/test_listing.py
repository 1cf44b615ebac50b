"""Pages of instances neither repeat nor skip one, whatever comes and goes between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.instances.listing import InstancePage, InvalidPage, NothingFound, select
from freshbridge.instances.model import Instance
from tests import builders

IDS = st.integers(1, 10**12)


def instances(ids: set[int]) -> list[Instance]:
    return [builders.instance(instance_id=str(number)) for number in ids]


@given(
    ids=st.sets(IDS, min_size=1, max_size=30),
    size=st.integers(1, 12),
    between=st.lists(st.tuples(st.sets(IDS, max_size=3), st.sets(IDS, max_size=3)), max_size=40),
    data=st.data(),
)
def test_pages_neither_repeat_nor_skip_while_instances_come_and_go(
    ids: set[int], size: int, between: list[tuple[set[int], set[int]]], data: st.DataObject
) -> None:
    # Given pages with creations and deletions between them
    now, ever_deleted, seen = set(ids), set[int](), list[int]()
    page = select(instances(now), page_size=str(size))
    while True:
        assert page.total == len(now)
        assert len(page.instances) <= size
        seen += [int(found.instance_id) for found in page.instances]
        if page.next_page is None:
            break
        if between:
            created, deleted = between.pop()
            deleted |= data.draw(st.sets(st.sampled_from(sorted(now)), max_size=2))
            now = (now - deleted) | (created - ever_deleted - deleted)
            ever_deleted |= deleted
        if not now:
            return
        page = select(instances(now), page_size=str(size), next_page=page.next_page)

    # Then none came twice, and all that were there all the time came
    assert seen == sorted(set(seen))
    assert set(ids) - ever_deleted <= set(seen)


@given(ids=st.sets(IDS, min_size=1, max_size=20), size=st.integers(1, 25))
def test_without_changes_the_pages_are_the_whole_list(ids: set[int], size: int) -> None:
    held, seen, following = instances(ids), list[str](), None
    for _ in ids:
        page = select(held, page_size=str(size), next_page=following)
        seen += [found.instance_id for found in page.instances]
        following = page.next_page
        if following is None:
            break
        assert len(page.instances) == size

    assert following is None
    assert seen == [str(number) for number in sorted(ids)]


def test_all_tags_and_a_part_of_the_name_in_any_case_must_fit() -> None:
    held = [
        builders.instance(instance_id="1", name="Acme EU", tags=("a", "b")),
        builders.instance(instance_id="2", name="Acme US", tags=("a",)),
        builders.instance(instance_id="3", name="Other", tags=("a", "b"), element="freshdesk"),
    ]

    def ids(page: InstancePage) -> list[str]:
        return [found.instance_id for found in page.instances]

    assert ids(select(held, tags=["a", "b"])) == ["1", "3"]
    assert ids(select(held, search_text="aCME")) == ["1", "2"]
    assert ids(select(held, tags=["b"], search_text="acme")) == ["1"]
    assert ids(select(held, element="freshdesk")) == ["3"]
    for none in ({"tags": ["c"]}, {"search_text": "x"}, {"element": "slack"}):
        with pytest.raises(NothingFound):
            select(held, **none)
    with pytest.raises(NothingFound):
        select([])


@given(st.text(max_size=40))
def test_any_page_parameter_is_taken_or_refused_by_name(text: str) -> None:
    held = instances({1, 2, 3})
    for name in ("pageSize", "nextPage"):
        given_one = {"page_size" if name == "pageSize" else "next_page": text}
        try:
            select(held, **given_one)
        except InvalidPage as error:
            assert [field.field for field in error.fields] == [name]
