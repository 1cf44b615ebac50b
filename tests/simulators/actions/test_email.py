"""email.send against a stand-in for Amazon SES, over real HTTP and with the real AWS client."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from freshbridge import aws
from freshbridge.actions.action import Outcome
from freshbridge.errors import ProviderDown, Reject, Throttled, Unreachable
from freshbridge.mail.ses import Mailer
from tests.fakes.actions import run_action
from tests.fakes.provider import FakeTransport

MAIL = {"to": "on-call@acme.example", "subject": "Urgent", "text": "Ticket 7", "html": "<p>7</p>"}


class Ses(BaseHTTPRequestHandler):
    """Takes mails, or answers as it is told."""

    protocol_version = "HTTP/1.1"
    seen: list[dict[str, Any]]
    answers: list[tuple[int, str]]

    def do_POST(self) -> None:
        """One call of SendEmail."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append({"path": self.path, **body})
        status, code = self.answers.pop(0) if self.answers else (200, "")
        if status == 0:
            self.close_connection = True
            return
        content = json.dumps({"MessageId": "0100-made-up"} if not code else {"message": "no"})
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if code:
            self.send_header("x-amzn-ErrorType", code)
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


class World:
    """A served SES, and the action on it."""

    def __init__(self, seen: list[dict[str, Any]], answers: list[tuple[int, str]]) -> None:
        self.seen = seen
        self.answers = answers

    def send(self) -> Outcome:
        """Run email.send."""
        return run_action(
            "send", MAIL, FakeTransport(), platform="email", client=object(),
            mail=Mailer("support@acme.example", ("acme.example",)),
        )  # fmt: skip


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    seen: list[dict[str, Any]] = []
    answers: list[tuple[int, str]] = []
    handler = type("Handler", (Ses,), {"seen": seen, "answers": answers})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    aws.forget_clients()
    yield World(seen, answers)
    aws.forget_clients()
    server.shutdown()
    server.server_close()
    thread.join(30)


def test_a_mail_arrives_as_it_was_written(ses: World) -> None:
    outcome = ses.send()

    [seen] = ses.seen
    assert seen["path"] == "/v2/email/outbound-emails"
    assert seen["FromEmailAddress"] == "support@acme.example"
    assert seen["Destination"]["ToAddresses"] == ["on-call@acme.example"]
    body = seen["Content"]["Simple"]["Body"]
    assert (body["Text"]["Data"], body["Html"]["Data"]) == ("Ticket 7", "<p>7</p>")
    assert outcome.data == {"message_id": "0100-made-up", "recipients": 1}


@pytest.mark.parametrize(
    ("status", "code", "kind", "unknown"),
    [
        (429, "TooManyRequestsException", Throttled, False),
        (500, "InternalFailure", ProviderDown, True),
        (0, "", Unreachable, True),
    ],
)
def test_whatever_goes_wrong_it_is_called_once(
    ses: World, status: int, code: str, kind: type[Any], *, unknown: bool
) -> None:
    ses.answers.append((status, code))

    with pytest.raises(kind) as raised:
        ses.send()

    assert raised.value.outcome_unknown is unknown
    assert len(ses.seen) == 1


def test_what_ses_rejects_is_not_tried_again(ses: World) -> None:
    ses.answers.append((400, "MessageRejected"))

    with pytest.raises(Reject, match="sandbox"):
        ses.send()

    assert len(ses.seen) == 1
