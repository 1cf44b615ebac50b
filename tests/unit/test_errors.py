"""The error tree: what each type asks of the caller, and that its text can be shown to anyone."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge import errors
from freshbridge.errors import (
    Conflict,
    FieldError,
    FreshbridgeError,
    InvalidRequest,
    NotFound,
    ProviderDown,
    Redirected,
    Reject,
    Retry,
    Throttled,
    Unreachable,
    class_for_status,
    mask_emails,
)

LAYER = Path(__file__).parents[2] / "layers" / "freshbridge"


def _leaves(root: type[FreshbridgeError]) -> list[type[FreshbridgeError]]:
    found = [root]
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            found += _leaves(child)
    return found


def test_every_type_has_its_own_snake_case_code_and_says_what_to_do() -> None:
    # Given every type of the tree below the base
    types = [kind for kind in _leaves(FreshbridgeError) if kind is not FreshbridgeError]

    # When their codes are collected
    codes = [kind.code for kind in types]

    # Then each has one of its own, and its text ends with advice
    assert len(types) >= 17
    assert len(set(codes)) == len(codes)
    assert all(code == code.lower() and code.replace("_", "").isalpha() for code in codes)
    assert all(str(kind("It broke")).endswith(kind.default_advice) for kind in types)
    assert all(kind.default_advice.endswith(".") for kind in types)


@pytest.mark.parametrize("kind", _leaves(FreshbridgeError)[1:])
def test_the_module_draws_every_type_on_the_right_branch(kind: type[FreshbridgeError]) -> None:
    # Given the tree as the module draws it
    drawing = errors.__doc__ or ""
    retry_part, reject_part = drawing.split("└── Reject")

    # Then a Retry stands above the Reject branch, a Reject below it
    part = retry_part if issubclass(kind, Retry) else "Reject" + reject_part
    assert f"{kind.__name__} " in part


def test_the_sentence_says_what_where_and_what_to_do() -> None:
    # Given a refused request
    error = InvalidRequest(
        "Freshdesk refuses the request",
        where="POST /api/v2/tickets",
        status=400,
        provider_message="Validation failed",
        fields=[
            FieldError("priority", "It should be one of these values: '1,2,3,4'", "invalid_value"),
            FieldError("", "Something else."),
        ],
        advice="Correct them.",
    )

    # Then it reads as a sentence
    assert str(error) == (
        "Freshdesk refuses the request: Validation failed: priority: It should be one of these "
        "values: '1,2,3,4' [invalid_value]; Something else (POST /api/v2/tickets, HTTP 400). "
        "Correct them."
    )
    assert repr(error) == f"InvalidRequest({str(error)!r})"


def test_an_error_without_context_is_still_a_sentence() -> None:
    assert str(NotFound("No such instance")) == (
        "No such instance. Check the id; the record may have been deleted."
    )
    assert str(FreshbridgeError("It broke")) == "It broke."


@pytest.mark.parametrize(
    "text",
    [
        "mira@client.example",
        "'mira@client.example' is taken",
        "Mira <mira@client.example>, bob@x.example",
        "GET /contacts?email=mira%40client.example",
        "jürgen+tag@bücher.example",
    ],
)
def test_addresses_are_masked_wherever_text_enters(text: str) -> None:
    # Given an error built from text that names people
    error = Conflict(
        text,
        where=text,
        advice=text,
        provider_message=text,
        provider_code=text,
        provider_request_id=text,
        existing_id=7,
        fields=[FieldError(text, text, text)],
    )

    # Then neither its text nor any attribute shows them
    seen = f"{error!s} {error!r} {vars(error)} {error.args}"
    for secret in ("mira@", "bob@", "%40", "client.example", "bücher.example"):
        assert secret not in seen
    assert error.existing_id == 7


def test_a_long_or_multi_line_quote_is_cut_to_one_line() -> None:
    # Given a provider that answers with an essay, with an address on the edge of the quote
    error = NotFound("Gone", provider_message="first\nsecond " + "x" * 480 + " mira@client.example")

    # Then it is one short line without a piece of the address
    assert "\n" not in str(error)
    assert len(error.provider_message) <= 500
    assert error.provider_message.endswith("…")
    assert "mira" not in error.provider_message


@given(
    st.from_regex(r"[a-z0-9.+_-]{1,20}@[a-z0-9-]{1,20}\.[a-z]{2,5}", fullmatch=True),
    st.sampled_from([" ", "<", "'", '"', "(", ",", ":", "="]),
    st.text(max_size=30),
)
def test_no_address_survives_masking(address: str, before: str, around: str) -> None:
    # When an address stands anywhere in a text
    masked = mask_emails(f"{around}{before}{address} {around}")

    # Then it is gone
    assert address not in masked
    assert "[e-mail]" in masked


@given(st.text(max_size=200))
def test_masking_leaves_text_without_addresses_alone(text: str) -> None:
    plain = text.replace("@", "").replace("%40", "")
    if "%40" not in plain:
        assert mask_emails(plain) == plain


@given(st.one_of(st.none(), st.floats()))
def test_the_floor_of_a_retry_is_never_negative_nor_endless(after: float | None) -> None:
    floor = Throttled("Later", after=after).after
    assert floor is None or (floor >= 0 and math.isfinite(floor))
    if after is not None and math.isfinite(after):
        assert floor == max(0.0, after)


def test_an_outcome_is_known_unless_said_otherwise() -> None:
    assert Unreachable("Gone").outcome_unknown is False
    assert Unreachable("Gone", outcome_unknown=True).outcome_unknown is True


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, Throttled),
        (408, ProviderDown),
        (425, ProviderDown),
        (500, ProviderDown),
        (599, ProviderDown),
        (100, ProviderDown),
        (700, ProviderDown),
        (302, Redirected),
        (404, NotFound),
        (422, InvalidRequest),
        (409, Conflict),
        (418, Reject),
    ],
)
def test_a_status_decides_the_type(status: int, kind: type[FreshbridgeError]) -> None:
    assert class_for_status(status) is kind


def test_importing_the_pure_modules_loads_no_http_library() -> None:
    # Given a fresh interpreter
    code = (
        "import sys, freshbridge.errors, freshbridge.http_message, freshbridge.freshdesk.client\n"
        "heavy = {'requests', 'urllib3', 'boto3', 'pydantic', 'aws_lambda_powertools'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )

    # When it imports everything of the Freshdesk room
    done = subprocess.run(  # noqa: S603  # the interpreter running this test, with fixed arguments
        [sys.executable, "-c", code], cwd=LAYER, capture_output=True, text=True, check=True
    )

    # Then nothing heavy came along
    assert done.stdout.strip() == "[]"
