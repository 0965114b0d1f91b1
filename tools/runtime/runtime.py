"""The Lambda Runtime API for one function: starts a bootstrap, hands it events, takes its answers.

    python tools/runtime/runtime.py BOOTSTRAP EVENT.json [NAME=VALUE …]     one event through one bootstrap; prints its answer

As a library: `with runtime.Function([bootstrap], environment) as function: function.invoke(event)`. It is the part of
the cloud that a bootstrap talks to (`GET …/invocation/next`, `POST …/response`, `…/error`, `…/init/error`), by plain
sockets on one thread, so that what is measured is the function. Nothing but Python's own library is needed.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import selectors
import socket
import subprocess
import sys
import time
import uuid

# Seconds until an answer must be there. It is what a step of the workflow has (template.yaml, Globals).
PATIENCE = 60.0
API = "/2018-06-01/runtime/"
# What Lambda sets besides the function's own variables; a bootstrap of ours does not start without them.
LAMBDA = {
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/local",
    "AWS_LAMBDA_LOG_STREAM_NAME": "local",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "LAMBDA_TASK_ROOT": "/",
    "PATH": os.environ.get("PATH", ""),
}


class Broken(Exception):
    """The function did not do what the Runtime API demands: it ended, kept silent, or failed at its start."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came of an event, and how long it took."""

    body: object
    failed: bool
    seconds: float

    def error(self) -> tuple[str, str]:
        """Name and message of a failure."""
        said = self.body if isinstance(self.body, dict) else {}
        return said.get("errorType", ""), said.get("errorMessage", "")


@dataclasses.dataclass(frozen=True)
class Memory:
    """Resident memory in bytes, as the kernel counts it."""

    peak: int
    now: int


@dataclasses.dataclass(frozen=True)
class _Request:
    connection: socket.socket
    method: str
    path: str
    body: bytes


class Function:
    """A process that serves events. The clock of the first answer runs from before the process is made."""

    def __init__(
        self,
        command: list[str],
        environment: dict[str, str],
        name: str = "function",
        log: pathlib.Path | None = None,
        folder: pathlib.Path | None = None,
    ):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self._listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._unread: dict[socket.socket, bytes] = {}
        self._asking: list[socket.socket] = []
        self._name = name
        host, port = self._listener.getsockname()
        whole = LAMBDA | {
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_RUNTIME_API": f"{host}:{port}",
            **environment,
        }
        sink = log.open("ab") if log else subprocess.DEVNULL
        self.begun = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            env=whole,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            close_fds=False,
        )
        if log:
            sink.close()
        self.first_answer: float | None = None

    def __enter__(self) -> Function:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def invoke(self, event: object, patience: float = PATIENCE) -> Answer:
        """Hands over an event and waits for what comes of it. `seconds` begin when the event is sent; for the first
        event, see `first_answer`, the seconds since before the process was made."""
        request_id = str(uuid.uuid4())
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        deadline = time.monotonic() + patience
        while not self._asking:
            self._refuse_unasked(self._next(deadline))
        begun = time.perf_counter()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + patience) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:us-east-1:000000000000:function:{self._name}",
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
        }
        self._send(self._asking.pop(), "200 OK", payload, headers)
        while True:
            request = self._next(deadline)
            seconds = time.perf_counter()
            if request.path == f"invocation/{request_id}/response":
                answer, failed = request.body, False
            elif request.path == f"invocation/{request_id}/error":
                answer, failed = request.body, True
            else:
                self._refuse_unasked(request)
                continue
            self._send(request.connection, "202 Accepted", b'{"status":"OK"}', {})
            if self.first_answer is None:
                self.first_answer = seconds - self.begun
            return Answer(json.loads(answer) if answer else None, failed, seconds - begun)

    def idle(self, patience: float = PATIENCE) -> None:
        """Waits until the function asks for its next event, so that nothing of the last one still runs."""
        deadline = time.monotonic() + patience
        while not self._asking:
            self._refuse_unasked(self._next(deadline))

    def memory(self) -> Memory | None:
        """How much memory the process has taken; `None` where the system does not tell."""
        try:
            lines = pathlib.Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        except OSError:
            return None
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        kilobytes = {name: int(fields[name].split()[0]) for name in ("VmHWM", "VmRSS") if name in fields}
        if len(kilobytes) < 2:
            return None
        return Memory(peak=kilobytes["VmHWM"] * 1024, now=kilobytes["VmRSS"] * 1024)

    def close(self) -> None:
        """Ends the process and closes every connection."""
        self._process.kill()
        self._process.wait()
        for connection in [*self._unread, self._listener]:
            connection.close()
        self._selector.close()

    def _refuse_unasked(self, request: _Request) -> None:
        """Takes in what is no answer: the question for the next event, or a failure at the start."""
        if (request.method, request.path) == ("GET", "invocation/next"):
            self._asking.append(request.connection)
            return
        if request.path == "init/error":
            raise Broken(f"{self._name} failed at its start: {request.body.decode(errors='replace')}")
        self._send(request.connection, "404 Not Found", b"{}", {})

    def _next(self, deadline: float) -> _Request:
        """The next whole request, on whichever connection it comes."""
        while True:
            for connection in list(self._unread):
                if request := self._parse(connection):
                    return request
            self._wait(deadline)

    def _wait(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Broken(f"{self._name} did not answer in time")
        # Woken every now and then to see whether the process still lives.
        ready = self._selector.select(min(left, 0.25))
        if not ready and self._process.poll() is not None:
            raise Broken(f"{self._name} ended with exit code {self._process.returncode}")
        for key, _ in ready:
            if key.fileobj is self._listener:
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._unread[connection] = b""
                self._selector.register(connection, selectors.EVENT_READ)
                continue
            try:
                received = key.fileobj.recv(65536)
            except ConnectionError:
                received = b""
            if received:
                self._unread[key.fileobj] += received
            else:
                self._forget(key.fileobj)

    def _forget(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._unread[connection]
        self._asking = [asking for asking in self._asking if asking is not connection]
        connection.close()

    def _parse(self, connection: socket.socket) -> _Request | None:
        unread = self._unread[connection]
        end = unread.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = unread[:end].decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        rest = unread[end + 4 :]
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body, after = _chunks(rest)
        else:
            length = int(headers.get("content-length", 0))
            body, after = (rest[:length], rest[length:]) if len(rest) >= length else (None, rest)
        if body is None:
            return None
        self._unread[connection] = after
        return _Request(connection, method, path.removeprefix(API), body)

    @staticmethod
    def _send(connection: socket.socket, status: str, body: bytes, headers: dict[str, str]) -> None:
        lines = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.setblocking(True)
        connection.sendall(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)


def _chunks(data: bytes) -> tuple[bytes | None, bytes]:
    """A body in chunks, and what follows it; `None` if its end has not come yet."""
    body, rest = b"", data
    while True:
        line, found, rest = rest.partition(b"\r\n")
        if not found:
            return None, data
        length = int(line.split(b";")[0], 16)
        if len(rest) < length + 2:
            return None, data
        body, rest = body + rest[:length], rest[length + 2 :]
        if length == 0:
            return body, rest


def main() -> None:
    if len(sys.argv) < 3 or any("=" not in pair for pair in sys.argv[3:]):
        sys.exit(__doc__)
    event = json.loads(pathlib.Path(sys.argv[2]).read_text())
    environment = dict(pair.split("=", 1) for pair in sys.argv[3:])
    with Function([sys.argv[1]], environment) as function:
        answer = function.invoke(event)
        print(json.dumps(answer.body, indent=2, ensure_ascii=False))
        took = function.first_answer * 1e3
        print(f"{'failed' if answer.failed else 'answered'} {took:.1f} ms after the start", file=sys.stderr)
        sys.exit(1 if answer.failed else 0)


if __name__ == "__main__":
    main()
