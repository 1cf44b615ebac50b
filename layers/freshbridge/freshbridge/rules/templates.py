"""Fill a rule's parameters from an event.

`"{{ ticket.id }}"` alone keeps the value's type; inside other text it becomes text. A name that
the event does not have is an error, not an empty text: a note on ticket "" helps nobody. The
engine is minijinja: fuel ends a loop that would not. It lets a template call the methods of
dictionaries and lists, so each rendering works on a copy and only JSON values leave it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from minijinja import Environment, TemplateError

from freshbridge.errors import InvalidRequest

FUEL = 50_000
LONGEST_OUTPUT = 256 * 1024
# What these errors tell is a name out of the template; the others may quote a value of the event.
_TELLS_A_NAME = frozenset(
    {"SyntaxError", "UnknownFilter", "UnknownTest", "UnknownFunction", "UnknownMethod"}
)
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
    context = json.loads(json.dumps(context))
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
    return _rendered(environment, value, context, path)


def _rendered(environment: Environment, value: str, context: dict[str, Any], path: str) -> Any:
    try:
        alone = _ONE_EXPRESSION.fullmatch(value)
        if alone:
            result = environment.eval_expr(alone[1], **context)
            if result is None:
                # Both null and a missing name evaluate to None; only rendering tells them apart.
                environment.render_str(value, **context)
        else:
            result = environment.render_str(value, **context)
        text = json.dumps(result, ensure_ascii=False, allow_nan=False)
    except TemplateError as error:
        raise InvalidTemplate(f"{path}: {_reason(error)}") from None
    except Exception as error:  # a method that the template calls raises whatever it likes
        raise InvalidTemplate(f"{path}: gives no JSON value ({type(error).__name__})") from None
    if len(text) > LONGEST_OUTPUT:
        raise InvalidTemplate(f"{path}: its text is over {LONGEST_OUTPUT} characters")
    return json.loads(text)


def _texts(value: Any, path: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [found for k, v in value.items() for found in _texts(v, f"{path}.{k}")]
    if isinstance(value, list):
        return [found for i, v in enumerate(value) for found in _texts(v, f"{path}[{i}]")]
    return [(path, value)] if isinstance(value, str) else []


def _reason(error: TemplateError) -> str:
    words = str(error).splitlines()[0].partition(" (in <")[0]
    if error.kind not in _TELLS_A_NAME:
        words = words.partition(":")[0]
    return f"{words} (line {error.line})"
