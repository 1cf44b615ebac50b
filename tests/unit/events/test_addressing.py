"""Which instance a webhook is for."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events.addressing import AGE_S, Addressees, InstanceNotNamed, plain_id
from freshbridge.instances.model import Instance
from freshbridge.instances.registry import UnknownInstance
from tests import builders


class Kept:
    """Instances in memory; `listed` counts how often all were asked for."""

    def __init__(self, *instances: Instance) -> None:
        self.instances = list(instances)
        self.listed = 0

    def get(self, instance_id: str) -> Instance:
        for instance in self.instances:
            if instance.instance_id == instance_id:
                return instance
        raise UnknownInstance("no such instance")

    def all(self) -> Iterator[Instance]:
        self.listed += 1
        yield from self.instances


DESK = builders.instance(instance_id="1")
SECOND = builders.instance(instance_id="2")
SALES = builders.instance(instance_id="3", platform="freshsales", element="freshsales")


@pytest.mark.parametrize(
    ("platform", "path", "headers", "expected"),
    [
        ("freshdesk", "1", {}, "1"),
        ("freshdeskv2", "1", {}, "1"),
        ("freshdesk", "", {"x-freshbridge-instance": "2"}, "2"),
        ("freshdesk", "", {"element-instances": " 2 "}, "2"),
        ("freshdesk", "1", {"x-freshbridge-instance": "2"}, "1"),
        ("freshsales", "", {}, "3"),
    ],
)
def test_it_is_found(platform: str, path: str, headers: dict[str, str], expected: str) -> None:
    found = Addressees(Kept(DESK, SECOND, SALES)).find(platform, path, headers)

    assert found.instance_id == expected


def test_an_instance_of_another_platform_is_not_meant() -> None:
    for platform, named in (("freshsales", "1"), ("freshdesk", "3"), ("", "1"), ("freshdesk", "9")):
        with pytest.raises(UnknownInstance):
            Addressees(Kept(DESK, SALES)).find(platform, named, {})


def test_one_of_several_has_to_be_named_and_how_is_told() -> None:
    with pytest.raises(InstanceNotNamed, match="X-Freshbridge-Instance"):
        Addressees(Kept(DESK, SECOND)).find("freshdesk", "", {})


def test_of_no_instance_it_is_told_that_there_is_none() -> None:
    with pytest.raises(UnknownInstance, match="there is no freshsales instance"):
        Addressees(Kept(DESK)).find("freshsales", "", {})


def test_strangers_cannot_make_every_call_a_listing() -> None:
    now = [0.0]
    kept = Kept(DESK)
    addressees = Addressees(kept, clock=lambda: now[0])

    for _ in range(5):
        assert addressees.find("freshdesk", "", {}) == DESK
        with pytest.raises(UnknownInstance):
            addressees.find("other", "", {})
    assert kept.listed == 2

    now[0] = AGE_S
    kept.instances.append(SECOND)
    with pytest.raises(InstanceNotNamed):
        addressees.find("freshdesk", "", {})
    for number in range(300):
        with pytest.raises(UnknownInstance):
            addressees.find(f"made-up-{number}", "", {})
    assert len(addressees._of) <= 100


@given(st.integers(1, 10**12))
def test_an_encoded_id_is_read_back(number: int) -> None:
    standard = base64.b64encode(str(number).encode()).decode()

    assert plain_id(standard) == str(number)
    assert plain_id(standard.rstrip("=")) == str(number)
    assert plain_id(standard.replace("=", "%3D")) == str(number)
    assert plain_id(base64.urlsafe_b64encode(str(number).encode()).decode()) == str(number)


@pytest.mark.parametrize("text", ["193000001", "", "ä", "not base64!", "bm90IGRpZ2l0cw=="])
def test_what_is_no_encoded_id_is_taken_as_it_is(text: str) -> None:
    assert plain_id(text) == text
