"""Fill a rule's parameters from an event.

`"{{ ticket.id }}"` alone keeps the value's type; inside other text it becomes text. A name that
the event does not have is an error, or an empty text where the rule says so: a note on ticket ""
helps nobody. So is a null inside other text: nobody is to read "agent None".

The engine is minijinja; template_language says what may be written. Its fuel ends a loop that would
not, and is less for a large event, whose texts it could repeat. Each rendering works on a copy, and
only JSON values leave it. In HTML, and in what Slack reads for mentions and links, what a template
puts in is escaped, unless its last filter is `safe`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from minijinja import Environment, TemplateError

from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.rules import slack_text
from freshbridge.rules.template_language import (
    GUARDED,
    LONGEST_OUTPUT,
    NotAllowed,
    check_language,
)
from freshbridge.rules.template_paths import paths_in

MOST_FUEL, LEAST_FUEL = 50_000, 200
FUEL_BYTES = 48 * 1024 * 1024
"""Fuel times the event's size; each step gives at most the event once more."""
MOST_TEMPLATES = 200
"""In one action."""
_FUNCTIONS = frozenset({"range"})
RESULTS = frozenset({"results", "steps"})
"""Names that only an ordered rule's later actions have: what the earlier ones came to."""
# What these errors tell is a name out of the template; the others may quote a value of the event.
_TELLS_A_NAME = frozenset(
    {"SyntaxError", "UnknownFilter", "UnknownTest", "UnknownFunction", "UnknownMethod"}
)
_TELL_NO_VALUE = frozenset({"invalid operation: range has too many elements"})
_TEMPLATE = re.compile(r"\{[{%#]")
_GROWS_IN_HTML = ("<", ">", "&", "'", "/", '\\"')
_GROWTH = 5
"""Characters that one of them has more when it is escaped, at most."""
_CHAIN = re.compile(r"[\w.\[\]'\"-]*\Z")
_LONGEST_SHOWN = 100
_ONE_EXPRESSION = re.compile(r"\s*\{\{((?:(?!\}\}|\{\{).)*)\}\}\s*", re.DOTALL)


class InvalidTemplate(InvalidRequest):
    """A template that does not parse, or names what the event does not have."""

    code = "invalid_template"

    def _detail(self) -> str:
        # What was wrong names its field already.
        return ""


class _NullInText(Exception):
    """A null would be written out; the engine passes it on as it is."""


def _invalid(path: str, why: str) -> InvalidTemplate:
    return InvalidTemplate(f"{path}: {why}", fields=[FieldError(path, why)])


def _environment(
    fuel: int = MOST_FUEL,
    *,
    lenient: bool = False,
    html: bool = False,
    slack: bool = False,
    writes_null: bool = False,
) -> Environment:
    # Debug output would quote the event's values in the error.
    environment = Environment(
        debug=False,
        fuel=fuel,
        undefined_behavior="chainable" if lenient else "strict",
        pycompat=False,
        auto_escape_callback=(lambda _name: "html") if html else None,
        finalizer=None if writes_null else _finalizer(lenient=lenient, slack=slack),
    )
    for name, function in GUARDED.items():
        environment.add_filter(name, function)
    return environment


def _finalizer(*, lenient: bool, slack: bool) -> Callable[[Any], Any]:
    def written(value: Any) -> Any:
        if value is None:
            # With `lenient` the engine gives null for what is missing, too.
            if lenient:
                return ""
            raise _NullInText
        return slack_text.finalize(value) if slack else NotImplemented

    return written


def check(parameters: dict[str, Any], path: str = "parameters") -> set[str]:
    """Refuse templates that cannot be parsed or say too much; what they name of their context.

    Raises:
        InvalidTemplate: with the parameter's path and the line of the error.
    """
    environment = _environment()
    named: set[str] = set()
    texts = [(place, text) for place, text in _texts(parameters, path) if "{" in text]
    if len(texts) > MOST_TEMPLATES:
        raise _invalid(path, f"holds more than {MOST_TEMPLATES} templates")
    for place, text in texts:
        try:
            named |= set(environment.undeclared_variables_in_str(text))
            check_language(text)
        except TemplateError as error:
            raise _invalid(place, _reason(error, text)) from None
        except NotAllowed as error:
            raise _invalid(place, str(error)) from None
    return named


def names(parameters: dict[str, Any], path: str = "parameters") -> Iterator[tuple[str, str]]:
    """Each name that templates take from their context, `steps.refund.data`, after its place."""
    environment = _environment()
    for place, text in _texts(parameters, path):
        if "{" in text:
            found = environment.undeclared_variables_in_str(text, nested=True)
            yield from ((place, name) for name in sorted(found - _FUNCTIONS))


def holds_template(value: Any) -> bool:
    """Whether a template is in the value, or in one within it."""
    return any(_TEMPLATE.search(text) for _place, text in _texts(value, ""))


def render(
    parameters: dict[str, Any],
    context: dict[str, Any],
    *,
    lenient: bool = False,
    path: str = "parameters",
    html: Collection[str] = (),
    slack: bool = False,
) -> dict[str, Any]:
    """The parameters with every template filled from `context`.

    `lenient` makes a missing value an empty text. `html` are the dotted paths of those parameters
    that are HTML: what is filled in there is escaped. `slack` says that they are a Slack message's:
    its texts are escaped as Slack wants it.

    Raises:
        InvalidTemplate: naming the parameter; the event's values are never quoted.
    """
    text = json.dumps(context)
    fuel = _fuel(len(text))
    plain = _environment(fuel, lenient=lenient)
    escaping = plain
    if html or slack:
        larger = len(text) + _GROWTH * sum(map(text.count, _GROWS_IN_HTML))
        escaping = _environment(_fuel(larger), lenient=lenient, html=not slack, slack=slack)
    rendering = _Rendering(
        plain, escaping, json.loads(text), fuel=fuel, lenient=lenient, html=html, slack=slack
    )
    return {
        name: rendering.filled(value, f"{path}.{name}", name) for name, value in parameters.items()
    }


def _fuel(size: int) -> int:
    return min(MOST_FUEL, max(LEAST_FUEL, FUEL_BYTES // size))


class _Rendering:
    """One action's parameters being filled."""

    def __init__(
        self,
        plain: Environment,
        escaping: Environment,
        context: Any,
        *,
        fuel: int,
        lenient: bool,
        html: Collection[str],
        slack: bool,
    ) -> None:
        self._fuel = fuel
        self._plain = plain
        self._escaping = escaping
        self._context = context
        self._lenient = lenient
        self._html = html
        self._slack = slack

    def filled(self, value: Any, path: str, name: str) -> Any:
        """`path` is where the value is in the rule, `name` its dotted path for `html`."""
        if isinstance(value, dict):
            return {k: self.filled(v, f"{path}.{k}", f"{name}.{k}") for k, v in value.items()}
        if isinstance(value, list):
            return [self.filled(v, f"{path}[{i}]", name) for i, v in enumerate(value)]
        if not isinstance(value, str) or "{" not in value:
            return value
        try:
            check_language(value)
            escape = slack_text.is_text(name) if self._slack else name in self._html
            result = self._result(value, escape=escape)
            text = json.dumps(result, ensure_ascii=False, allow_nan=False)
        except TemplateError as error:
            raise _invalid(path, _reason(error, value)) from None
        except (NotAllowed, _NullInText) as error:
            raise _invalid(path, str(error) or self._null_in(value)) from None
        except Exception as error:  # a value of the event, or a filter, raises whatever it likes
            raise _invalid(path, f"gives no JSON value ({type(error).__name__})") from None
        if len(text) > LONGEST_OUTPUT:
            raise _invalid(path, f"its text is over {LONGEST_OUTPUT} characters")
        return json.loads(text)

    def _result(self, value: str, *, escape: bool) -> Any:
        environment = self._escaping if escape else self._plain
        alone = _ONE_EXPRESSION.fullmatch(value)
        if not alone:
            return environment.render_str(value, **self._context)
        result = environment.eval_expr(alone[1], **self._context)
        if escape and isinstance(result, str):
            # Only rendering escapes.
            return environment.render_str(value.strip(), **self._context)
        if escape and self._slack:
            result = slack_text.escaped_whole(result)
        if result is None:
            # Both null and a missing name evaluate to None; only rendering tells them apart.
            telling = _environment(self._fuel, lenient=self._lenient, writes_null=True)
            shown = telling.render_str(value, **self._context)
            return "" if self._lenient and shown.strip() == "" else None
        return result

    def _null_in(self, source: str) -> str:
        """Which names are null: the engine does not say."""
        named = sorted(".".join(path) for path in paths_in(source) if self._is_null(path))
        shown = ", ".join(named)[:_LONGEST_SHOWN] or "a value"
        return f"null value: {shown} (|default('…') writes something else)"

    def _is_null(self, path: Sequence[str]) -> bool:
        value = self._context
        for step in path:
            value = value.get(step, "") if isinstance(value, dict) else ""
        return value is None


def _texts(value: Any, path: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [found for k, v in value.items() for found in _texts(v, f"{path}.{k}")]
    if isinstance(value, list):
        return [found for i, v in enumerate(value) for found in _texts(v, f"{path}[{i}]")]
    return [(path, value)] if isinstance(value, str) else []


def _reason(error: TemplateError, source: str) -> str:
    words = str(error).splitlines()[0].partition(" (in <")[0]
    if error.kind not in _TELLS_A_NAME and words not in _TELL_NO_VALUE:
        words = words.partition(":")[0]
    if error.kind == "UndefinedError" and (expression := _expression(error, source)):
        words = f"{words}: {expression}"
    return f"{words} ({_place(error, source)})"


def _place(error: TemplateError, source: str) -> str:
    if error.range is None or error.name == "<expression>":
        return f"line {error.line}"
    before = source.encode()[: error.range[0]].decode(errors="ignore")
    return f"line {error.line}, column {len(before) - before.rfind(chr(10))}"


def _expression(error: TemplateError, source: str) -> str:
    """What the template says where the error is: never a value of the event."""
    alone = _ONE_EXPRESSION.fullmatch(source)
    # The engine counts bytes, within the expression where it was given no more than that.
    text = (alone[1] if alone and error.name == "<expression>" else source).encode()
    start, end = error.range or (0, 0)
    # Of a chain of names it marks the end alone: `.nothing` of `ticket.nothing`.
    before = _CHAIN.search(text[:start].decode(errors="ignore"))
    marked = text[start:end].decode(errors="ignore")
    return f"{before[0] if before else ''}{marked}"[:_LONGEST_SHOWN]
