"""Calls on deals. Facts: https://developers.freshworks.com/crm/api/#deals."""

from __future__ import annotations

from typing import ClassVar

from freshbridge.freshsales.records import CrmRecords


class Deals(CrmRecords):
    """Business that may be won. Names are not unique; amounts come as decimal texts."""

    collection: ClassVar = "deals"
    wrapper: ClassVar = "deal"
