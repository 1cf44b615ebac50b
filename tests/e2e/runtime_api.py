"""Run one function as AWS Lambda runs it: the real runtime client against a Runtime API of our own.

`awslambdaric` is the program that Lambda's python3.11 runtime starts. It asks the Runtime API for
an event, calls the handler and posts the result, or the error with its type and trace. Here that
API is a server on 127.0.0.1, and the process sees what it would see on Lambda: the function's
artifact, the layer's, the runtime client and the libraries of the runtime.
Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from local import native_template
from local.emulator import REGION
from local.installer import venv_python
from local.ports import HOST
from local.processes import Child, Processes

DEADLINE_S = 30.0
# What Lambda's own runtime holds beside boto3: its client and what that stands on.
CLIENT = ("awslambdaric", "simplejson", "snapshot_restore_py")
RUNTIME_PATH = "/2018-06-01/runtime/"

Answer = Callable[["Request"], "Reply | None"]


@dataclass(frozen=True)
class Request:
    """One HTTP request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What to answer; `body` becomes JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def served(answer: Answer) -> Iterator[str]:
    """Answer HTTP requests on a port of 127.0.0.1; gives `host:port`. None hangs up."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = answer(Request(self.path, dict(self.headers.items()), body))
            if reply is None:
                return
            content = json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the names that http.server looks for

        def log_message(self, format: str, *args: object) -> None:
            """Keep requests out of the tests' output."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def unreachable() -> Iterator[str]:
    """An address that refuses every connection, and that nobody else can take meanwhile."""
    with socket.socket() as bound:
        bound.bind((HOST, 0))  # and never listens
        yield f"http://{HOST}:{bound.getsockname()[1]}"


class FakeAws:
    """Answers AWS's JSON protocols from `replies` by operation, refuses the rest, keeps count.

    `calls` holds each operation as its `X-Amz-Target` names it: `AmazonSQS.SendMessage`.
    """

    def __init__(self, replies: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._replies = replies or {}
        self.calls: list[str] = []

    def __call__(self, request: Request) -> Reply:
        """Answer one call."""
        operation = request.headers.get("X-Amz-Target", request.path)
        self.calls.append(operation)
        if operation in self._replies:
            return Reply(200, self._replies[operation])
        return Reply(400, {"__type": "AccessDeniedException", "message": "no reply is set"})


@dataclass(frozen=True)
class Report:
    """What the runtime client told: "ready", or how an invocation or the start ended.

    `body` is the handler's result ("response"), or `{"errorType", "errorMessage", "stackTrace"}`
    ("error", "init_error").
    """

    kind: str
    body: Any = None


class RuntimeApi:
    """The Runtime API of one process: hands it events and keeps its reports."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._invocations = 0
        self.events: queue.Queue[Any] = queue.Queue()
        self.reports: queue.Queue[Report] = queue.Queue()

    def __call__(self, request: Request) -> Reply | None:
        """Answer the runtime client; a None among the events hangs up on it."""
        call = request.path.removeprefix(RUNTIME_PATH)
        if call == "invocation/next":
            self.reports.put(Report("ready"))
            event = self.events.get()
            return None if event is None else Reply(200, event, self._invocation())
        kind = "init_error" if call == "init/error" else call.rpartition("/")[2]
        self.reports.put(Report(kind, json.loads(request.body)))
        return Reply(202, {"status": "OK"})

    def _invocation(self) -> dict[str, str]:
        self._invocations += 1
        return {
            "Lambda-Runtime-Aws-Request-Id": f"request-{self._invocations}",
            "Lambda-Runtime-Deadline-Ms": str(round((time.time() + self._timeout_s) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": (
                f"arn:aws:lambda:{REGION}:000000000000:function:contract"
            ),
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000",
        }


@dataclass(frozen=True)
class Function:
    """What the template says of a function, and where its code and its layer's lie."""

    name: str
    handler: str
    timeout_s: int
    memory_mb: int
    variables: Mapping[str, str]
    code: Path
    layers: tuple[Path, ...]


def functions_of(template: Path) -> dict[str, Function]:
    """Every function of a built template by logical id; made-up names stand for its resources."""
    sam = native_template.load(template.read_text())
    defaults = {name: given.get("Default") for name, given in sam["Parameters"].items()}
    shared = sam["Globals"]["Function"]

    def value(name: str, given: Any) -> str:
        if not isinstance(given, dict):
            return str(given)
        (target,) = given.values()
        target = target if isinstance(target, str) else target[0]
        if target in defaults:
            return str(defaults[target])
        made_up = f"made-up-{target.rpartition('::')[2].lower()}"
        return f"http://{HOST}/000000000000/{made_up}" if name.endswith("QUEUE_URL") else made_up

    found = {}
    for name, resource in sam["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            properties = shared | resource["Properties"]
            variables = shared["Environment"]["Variables"] | properties["Environment"]["Variables"]
            layers = [sam["Resources"][layer["Ref"]] for layer in properties["Layers"]]
            found[name] = Function(
                name=name,
                handler=properties["Handler"],
                timeout_s=properties["Timeout"],
                memory_mb=properties["MemorySize"],
                variables={key: value(key, given) for key, given in variables.items()},
                code=template.parent / properties["CodeUri"],
                layers=tuple(
                    template.parent / layer["Properties"]["ContentUri"] / "python"
                    for layer in layers
                ),
            )
    return found


def place_client(folder: Path) -> Path:
    """Fill a folder with the runtime client alone, from where the tests' libraries are."""
    for name in CLIENT:
        installed = distribution(name)
        for top in {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}:
            (folder / top).symlink_to(str(installed.locate_file(top)))
    return folder


class ExecutionEnvironment:
    """One process of a function, warm after its first invocation."""

    def __init__(self, child: Child, api: RuntimeApi) -> None:
        self._child = child
        self._api = api

    def start(self) -> Report:
        """Wait until the handler's module is imported: "ready", or "init_error"."""
        return self._next()

    def invoke(self, event: Any) -> Report:
        """Hand over an event; its "response" or "error". An "init_error" comes from any call."""
        if (started := self._next()).kind != "ready":
            return started
        self._api.events.put(event)
        return self._next()

    def log(self) -> str:
        """What the process has printed."""
        return self._child.log.read_text(errors="replace")

    def _next(self) -> Report:
        end = time.monotonic() + DEADLINE_S
        while True:
            # Asked before looking: what it reported last is still there when it has ended.
            alive = self._child.is_alive() and time.monotonic() < end
            try:
                return self._api.reports.get(timeout=0.05)
            except queue.Empty:
                assert alive, f"no report came:\n{self._child.last_lines(40)}"


@contextmanager
def running(
    function: Function, client: Path, aws_url: str, processes: Processes, **variables: str
) -> Iterator[ExecutionEnvironment]:
    """Start a function's process; `client` is what `place_client` filled."""
    api = RuntimeApi(function.timeout_s)
    folder = processes.logs.absolute()
    paths = [function.code, *function.layers, client]
    with served(api) as address:
        environment = {
            **function.variables,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "testing",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": aws_url,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "contract",
            "AWS_LAMBDA_RUNTIME_API": address,
            "LAMBDA_TASK_ROOT": str(function.code),
            "_HANDLER": function.handler,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PATH": os.defpath,
            "HOME": str(folder),  # no configuration of whoever runs the tests
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONNOUSERSITE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",  # Lambda's file system is read-only
            "PYTHONUNBUFFERED": "1",
            **variables,
        }
        command = [str(venv_python("runtime").absolute()), "-m", "awslambdaric", function.handler]
        name = f"{function.name}-{address.rpartition(':')[2]}"
        child = processes.start(name, command, environment, cwd=function.code)
        try:
            yield ExecutionEnvironment(child, api)
        finally:
            processes.end(child)
            # The thread that still waits for an event to hand over ends with it.
            api.events.put(None)
