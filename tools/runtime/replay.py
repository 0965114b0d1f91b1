"""A cloud that answers at once: it says again what the emulated clouds said, so that a function's own time is left.

    python tools/runtime/replay.py RECORD.json      prints its port, then serves until its input ends

RECORD.json is a list of {service, operation, body, status, kind, answer} (tools/runtime/bench_lambda.py writes it). A request
is answered by the first unused answer to the same request, else to the same operation. `GET /-/turn` begins anew, and
tells how many requests there were since the last time and how many seconds they were in here. One thread.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import pathlib
import selectors
import socket
import sys
import time

import front


class Replay:
    """What was recorded, and what of it has been used in this turn."""

    def __init__(self, record: list[dict]):
        self._record = [(one, base64.b64decode(one["body"]), _response(one)) for one in record]
        self._unused = list(range(len(record)))
        self.calls, self.seconds = 0, 0.0
        self.unknown: list[str] = []

    def turn(self) -> bytes:
        told = {"calls": self.calls, "seconds": self.seconds, "unknown": self.unknown}
        self._unused = list(range(len(self._record)))
        self.calls, self.seconds, self.unknown = 0, 0.0, []
        body = json.dumps(told).encode()
        return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    def answer(self, service: str, operation: str, body: bytes) -> bytes:
        self.calls += 1
        fitting = [
            at
            for at in self._unused
            if (self._record[at][0]["service"], self._record[at][0]["operation"]) == (service, operation)
        ]
        if not fitting:
            self.unknown.append(f"{service} {operation}")
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"
        chosen = next((at for at in fitting if self._record[at][1] == body), fitting[0])
        self._unused.remove(chosen)
        return self._record[chosen][2]


def _response(one: dict) -> bytes:
    answer = base64.b64decode(one["answer"])
    head = (
        f"HTTP/1.1 {one['status']} Answered\r\nContent-Type: {one['kind']}\r\nContent-Length: {len(answer)}\r\n\r\n"
    )
    return head.encode("latin-1") + answer


def request(unread: bytes) -> tuple[str, str, object, bytes, bytes] | None:
    """Method, path, headers and body of a whole request, and what comes after it."""
    end = unread.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, _, lines = unread[: end + 4].partition(b"\r\n")
    method, path, _ = first.decode("latin-1").split(" ", 2)
    headers = http.client.parse_headers(io.BytesIO(lines))
    length = int(headers.get("content-length", 0))
    rest = unread[end + 4 :]
    return (method, path, headers, rest[:length], rest[length:]) if len(rest) >= length else None


def serve(replay: Replay) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    print(listener.getsockname()[1], flush=True)
    unread: dict[socket.socket, bytes] = {}
    while True:
        for key, _ in selector.select():
            connection = key.fileobj
            if connection is sys.stdin:
                return
            if connection is listener:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                unread[connection] = b""
                selector.register(connection, selectors.EVENT_READ)
                continue
            try:
                received = connection.recv(1 << 20)
            except ConnectionError:
                received = b""
            begun = time.perf_counter()
            if not received:
                selector.unregister(connection)
                del unread[connection]
                connection.close()
                continue
            unread[connection] += received
            while whole := request(unread[connection]):
                method, path, headers, body, unread[connection] = whole
                if path == "/-/turn":
                    connection.sendall(replay.turn())
                    continue
                service, operation, _ = front.named(method, path, headers, body)
                connection.sendall(replay.answer(service, operation, body))
                replay.seconds += time.perf_counter() - begun
                begun = time.perf_counter()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    serve(Replay(json.loads(pathlib.Path(sys.argv[1]).read_text())))
