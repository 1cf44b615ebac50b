"""Fill a rule's parameters from an event.

`"{{ ticket.id }}"` alone keeps the value's type; inside other text it becomes text. A name that
the event does not have is an error, not an empty text: a note on ticket "" helps nobody. The
engine is minijinja: a value has no way into Python, and fuel ends a loop that would not.
"""

from __future__ import annotations

import re
from typing import Any

from minijinja import Environment, TemplateError

from freshbridge.errors import InvalidRequest

FUEL = 50_000
LONGEST_OUTPUT = 256 * 1024
_ONE_EXPRESSION = re.compile(r"\s*\{\{((?:(?!\}\}|\{\{).)*)\}\}\s*", re.DOTALL)


class InvalidTemplate(InvalidRequest):
    """A template that does not parse, or names what the event does not have."""

    code = "invalid_template"


def _environment() -> Environment:
    # Debug output would quote the event's values in the error.
    return Environment(debug=False, fuel=FUEL, undefined_behavior="strict")


def check(parameters: dict[str, Any], path: str = "parameters") -> None:
    """Refuse templates that cannot be parsed.

    Raises:
        InvalidTemplate: with the parameter's path and the line of the error.
    """
    environment = _environment()
    for place, text in _texts(parameters, path):
        try:
            environment.undeclared_variables_in_str(text)
        except TemplateError as error:
            raise InvalidTemplate(f"{place}: {_reason(error)}") from None


def render(parameters: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """The parameters with every template filled from `context`.

    Raises:
        InvalidTemplate: naming the parameter; the event's values are never quoted.
    """
    environment = _environment()
    return {
        name: _filled(environment, value, context, f"parameters.{name}")
        for name, value in parameters.items()
    }


def _filled(environment: Environment, value: Any, context: dict[str, Any], path: str) -> Any:
    if isinstance(value, dict):
        return {k: _filled(environment, v, context, f"{path}.{k}") for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(environment, v, context, f"{path}[{i}]") for i, v in enumerate(value)]
    if not isinstance(value, str) or "{" not in value:
        return value
    try:
        alone = _ONE_EXPRESSION.fullmatch(value)
        if alone:
            result = environment.eval_expr(alone[1], **context)
            if result is not None:
                return result
        text = environment.render_str(value, **context)
    except TemplateError as error:
        raise InvalidTemplate(f"{path}: {_reason(error)}") from None
    if len(text) > LONGEST_OUTPUT:
        raise InvalidTemplate(f"{path}: its text is over {LONGEST_OUTPUT} characters")
    return text


def _texts(value: Any, path: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [found for k, v in value.items() for found in _texts(v, f"{path}.{k}")]
    if isinstance(value, list):
        return [found for i, v in enumerate(value) for found in _texts(v, f"{path}[{i}]")]
    return [(path, value)] if isinstance(value, str) else []


def _reason(error: TemplateError) -> str:
    return f"{str(error).splitlines()[0]} (line {error.line})"
