"""What is raised for a rule that cannot be saved. Pure."""

from __future__ import annotations

import json
import re

from freshbridge.errors import FieldError, InvalidRequest


class InvalidRule(InvalidRequest):
    """A rule that cannot be saved; the message and the field name the path inside it."""

    code = "invalid_rule"
    default_advice = "Correct the rule and send it again."

    def _detail(self) -> str:
        # What was wrong names its field already.
        return ""


def invalid(path: str, why: str, *, advice: str = "") -> InvalidRule:
    """The error of one place: `trigger.conditions.priority` and what is wrong there."""
    shown = path or "the rule"
    return InvalidRule(f"{shown} {why}", fields=[FieldError(shown, why)], advice=advice)


def member(name: str) -> str:
    """A member's name as a part of a path; one that is no word is quoted, and cut."""
    return name if re.fullmatch(r"[\w.-]{1,64}", name) else json.dumps(name[:64])
