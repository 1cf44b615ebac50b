"""What the documentation tells a person to paste is what is installed."""

from __future__ import annotations

import json
import re

from freshbridge.webhooks.automation import CONTENT, RULE_HEADER, SECRET_HEADER
from freshbridge.webhooks.choice import BY_WEBHOOK
from tests.documentation import everything, page

PAGE = page("docs/webhooks.md")


def test_the_content_to_paste_is_the_installed_one_in_its_order() -> None:
    found = re.search(r'```\n(\{"freshdesk_webhook": .*?)```', PAGE, re.DOTALL)
    assert found is not None
    content = json.loads(found[1])["freshdesk_webhook"]
    assert list(content.items()) == list(CONTENT.items())


def test_every_event_and_the_header_are_named() -> None:
    for name in (*BY_WEBHOOK, SECRET_HEADER):
        assert f"`{name}" in PAGE
    assert RULE_HEADER not in everything()  # a person's own rules carry no mark
