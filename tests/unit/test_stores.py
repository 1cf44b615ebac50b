"""What stores in tables and buckets stand on: clients looked up late, expiry reckoned in days."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge import aws
from freshbridge.bucket_store import BucketStore
from freshbridge.table_store import ExpiringStore, LargeItemStore, TableStore, TimedStore


class Asked:
    """Stands for the process's clients and counts how often one was asked for."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Any:
        self.times += 1
        return f"client {self.times}"


@pytest.mark.parametrize(
    ("maker", "name", "attribute"),
    [
        (lambda given: TableStore("t", given), "dynamodb", "_client"),
        (lambda given: TimedStore("t", given), "dynamodb", "_client"),
        (lambda given: ExpiringStore("t", given, days=1), "dynamodb", "_client"),
        (
            lambda given: LargeItemStore("t", cast("Any", None), days=1, client=given),
            "dynamodb",
            "_client",
        ),
        (lambda given: BucketStore("b", given), "s3", "_client"),
        (lambda given: BucketStore("b", given), "s3_presigning", "_signer"),
    ],
    ids=["table", "timed", "expiring", "large-items", "bucket", "urls"],
)
def test_a_store_asks_for_the_process_client_at_each_use_unless_it_was_given_one(
    monkeypatch: pytest.MonkeyPatch, maker: Any, name: str, attribute: str
) -> None:
    asked = Asked()
    monkeypatch.setattr(aws, name, asked)
    own, injected = maker(None), maker("given client")

    assert asked.times == 0
    # A client that was forgotten in between is not used any more.
    assert [getattr(own, attribute), getattr(own, attribute)] == ["client 1", "client 2"]
    assert getattr(injected, attribute) == "given client"
    assert asked.times == 2


@given(now=st.floats(0, 4e9), days=st.integers(1, 3650))
def test_an_item_is_kept_for_whole_days_from_now_in_whole_seconds(now: float, days: int) -> None:
    expiry = ExpiringStore("t", days=days, clock=lambda: now).expiry()

    assert isinstance(expiry, int)
    assert 0 <= now + days * 86_400 - expiry < 1
