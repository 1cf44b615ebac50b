"""E-mail is off until it is asked for, and then goes out as one sender only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from local import native_template

TEMPLATE: dict[str, Any] = native_template.load(
    (Path(__file__).resolve().parents[2] / "template.yaml").read_text()
)
POLICY = TEMPLATE["Resources"]["EmailPolicy"]


def test_there_is_no_permission_without_a_sender() -> None:
    assert TEMPLATE["Parameters"]["EmailSender"]["Default"] == ""
    assert POLICY["Condition"] == "HasEmailSender"
    others = [
        name
        for name, resource in TEMPLATE["Resources"].items()
        if name != "EmailPolicy" and "ses:" in str(resource)
    ]
    assert others == []


def test_the_permission_is_for_that_sender_s_identity() -> None:
    [statement] = POLICY["Properties"]["PolicyDocument"]["Statement"]

    assert statement["Action"] == "ses:SendEmail"
    assert all(":identity/${" in str(one) for one in statement["Resource"])
    assert "*" not in str(statement["Resource"])
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": {"Ref": "EmailSender"}}}


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("EmailSender", ["", "support@acme.example", "a.b+c@mail.acme.example"],
         ["acme.example", "Support <support@acme.example>", "a@b@c", "*@acme.example x"]),
        ("EmailRecipientDomains", ["", "acme.example", "acme.example,other.example"],
         ["acme.example, other.example", "@acme.example", ","]),
        ("AllowedProviderOrigins", ["", "https://a.example", "https://*.a.example,http://b:1"],
         ["a.example", "https://*", "https://a.*.example", "https://a.example/"]),
    ],
)  # fmt: skip
def test_a_parameter_takes_what_it_says(parameter: str, good: list[str], bad: list[str]) -> None:
    pattern = TEMPLATE["Parameters"][parameter]["AllowedPattern"]

    assert [text for text in good if not re.fullmatch(pattern, text)] == []
    assert [text for text in bad if re.fullmatch(pattern, text)] == []
