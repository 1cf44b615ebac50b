"""Responses that a destination tracks: each a row in S3 and an event on the stack's bus.

The row is `actions/responses/<destination>/<run>/<row>.json` of the PayloadBucket. Tracking is told
of what has happened already, so where it fails that is logged and nothing is sent again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws
from freshbridge.observability import function_logger

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_s3 import S3Client

DETAIL_TYPE = "destination_response"
LARGEST_DETAIL = 240 * 1024


class ResponseLog:
    """Keeps responses and tells of them."""

    def __init__(
        self,
        bucket: str,
        bus: str,
        *,
        s3: S3Client | None = None,
        events: EventBridgeClient | None = None,
    ) -> None:
        """`bus`: the name of the stack's EventBus; "" for no events. The clients are for tests."""
        self._bucket = bucket
        self._bus = bus
        self._s3 = s3
        self._events = events

    def keep(self, row: dict[str, Any]) -> str:
        """Keep one response and tell of it; returns its key, "" where that failed.

        `row` has destination_id, run_id, row, instance_id, outcome, request and response.
        """
        key = f"actions/responses/{row['destination_id']}/{row['run_id']}/{row['row']}.json"
        text = json.dumps(row, separators=(",", ":"))
        try:
            (self._s3 or aws.s3()).put_object(
                Bucket=self._bucket, Key=key, Body=text.encode(), ContentType="application/json"
            )
            if self._bus:
                self._tell(row | {"s3_key": key})
        except (ClientError, BotoCoreError) as error:
            told = {"error": aws.error_name(error), "run_id": row["run_id"]}
            function_logger().warning("response not tracked", extra=told)
            return ""
        return key

    def _tell(self, row: dict[str, Any]) -> None:
        detail = json.dumps(row)
        if len(detail.encode()) > LARGEST_DETAIL:
            # The row in S3 has them whole.
            detail = json.dumps({**row, "request": None, "response": None, "truncated": True})
        answer = (self._events or aws.events()).put_events(
            Entries=[
                {
                    "EventBusName": self._bus,
                    "Source": "freshbridge.freshsales",
                    "DetailType": DETAIL_TYPE,
                    "Detail": detail,
                }
            ]
        )
        if answer["FailedEntryCount"]:
            told = {"error": answer["Entries"][0].get("ErrorCode", ""), "run_id": row["run_id"]}
            function_logger().warning("response not told", extra=told)
