"""What the README tells a person to paste is what is installed."""

from __future__ import annotations

import json
import re
from pathlib import Path

from freshbridge.webhooks.automation import CONTENT, RULE_HEADER, SECRET_HEADER
from freshbridge.webhooks.choice import BY_WEBHOOK

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_content_to_paste_is_the_installed_one_in_its_order() -> None:
    found = re.search(r'```\n(\{"freshdesk_webhook": .*?)```', README, re.DOTALL)
    assert found is not None
    content = json.loads(found[1])["freshdesk_webhook"]
    assert list(content.items()) == list(CONTENT.items())


def test_every_event_and_the_header_are_named() -> None:
    for name in (*BY_WEBHOOK, SECRET_HEADER):
        assert f"`{name}" in README
    assert RULE_HEADER not in README  # a person's own rules carry no mark
