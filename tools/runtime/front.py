"""A proxy before an emulated cloud: it writes down what is asked, and makes faults.

As a library: `with front.Front(url) as cloud: … cloud.url …; cloud.faults = [Fault(…)]; cloud.asked`; with a `pace`,
resources have life cycles (tools/runtime/pace.py). One thread a connection, plain sockets, keep-alive on both sides; bodies
are passed whole. Nothing but Python's own library is needed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import re
import socket
import threading
import urllib.parse

import pace

# What a refusal says, by the kind of the fault: the simulated cloud's own words.
WORDS = {
    "throttled": "Rate exceeded",
    "error": "An internal error occurred",
    "denied": "The caller is not authorized",
    "quota": "A limit of the account is reached",
}
# The services' codes for them.
CODES = {
    "throttled": (400, "ThrottlingException"),
    "error": (500, "InternalServerError"),
    "denied": (400, "AccessDeniedException"),
    "quota": (400, "LimitExceededException"),
}
QUOTA_OF = {
    "sagemaker": "ResourceLimitExceeded",
    "elasticache": "NodeQuotaForCustomerExceeded",
    "neptune": "DBClusterQuotaExceededFault",
}
# The protocol's header names the service in the API's older words.
TARGETS = {
    "SageMaker": "sagemaker",
    "AnyScaleFrontendService": "application-autoscaling",
    "OpenSearchServerless": "opensearchserverless",
    "Kinesis_20131202": "kinesis",
    "DynamoDB_20120810": "dynamodb",
    "AWSStepFunctions": "states",
    "ResourceGroupsTaggingAPI_20170126": "tagging",
    "AWSInsightsIndexService": "ce",
    "GraniteServiceVersion20100801": "cloudwatch",
    "TrentService": "kms",
}
SIGNED = {"rds": "neptune", "es": "opensearch", "aoss": "opensearchserverless", "monitoring": "cloudwatch"}
# OpenSearch is asked by paths.
REST = [
    ("POST", r"/opensearch/domain$", "CreateDomain"),
    ("POST", r"/opensearch/domain/[^/]+/config$", "UpdateDomainConfig"),
    ("DELETE", r"/opensearch/domain/[^/]+$", "DeleteDomain"),
    ("GET", r"/opensearch/domain/[^/]+$", "DescribeDomain"),
    ("GET", r"/tags/?$", "ListTags"),
]


@dataclasses.dataclass(frozen=True)
class Fault:
    """Every call of this operation (`*`: of any) is refused."""

    service: str
    operation: str
    kind: str

    @staticmethod
    def read(text: str) -> Fault | None:
        """A fault as the simulated cloud writes it, `SERVICE:OPERATION:NTH:KIND`; `None` for one that was to be met
        once and has been."""
        service, operation, nth, kind = text.split(":")
        return Fault(service, operation, kind) if nth == "*" else None

    def fits(self, service: str, operation: str) -> bool:
        return self.service in ("*", service) and self.operation in ("*", operation)

    def code(self) -> tuple[int, str]:
        status, code = CODES[self.kind]
        return status, QUOTA_OF.get(self.service, code) if self.kind == "quota" else code


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request as it came in, and what was answered; `refused` if that was a fault and the peer never saw it."""

    service: str
    operation: str
    body: bytes
    status: int
    kind: str
    answer: bytes
    refused: bool = False


class Front:
    """The proxy, until the block ends."""

    def __init__(self, target: str):
        parts = urllib.parse.urlsplit(target)
        self._peer = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.pace: pace.Pace | None = None

    def __enter__(self) -> Front:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        peer = http.client.HTTPConnection(*self._peer, timeout=30)
        with (
            connection,
            contextlib.closing(peer),
            contextlib.suppress(ConnectionError),
            connection.makefile("rb") as lines,
        ):
            while first := lines.readline():
                method, path, _ = first.decode("latin-1").split(" ", 2)
                headers = http.client.parse_headers(lines)
                body = _body(lines, headers)
                status, reason, kind, answer = self._answer(peer, method, path, headers, body)
                head = f"HTTP/1.1 {status} {reason}\r\nContent-Length: {len(answer)}\r\n"
                connection.sendall((head + f"Content-Type: {kind}\r\n\r\n").encode("latin-1") + answer)

    def _answer(self, peer, method, path, headers, body) -> tuple[int, str, str, bytes]:
        service, operation, form = named(method, path, headers, body)
        for fault in self.faults:
            if fault.fits(service, operation):
                status, reason, kind, said = _refusal(fault, form)
                self.asked.append(Asked(service, operation, body, status, kind, said, refused=True))
                return status, reason, kind, said
        sent = {
            name: value
            for name, value in headers.items()
            if name.lower() not in ("host", "content-length", "connection")
        }
        answer, seen = _passed(peer, method, path, body, sent)
        status, kind = answer.status, answer.headers.get("content-type", "application/json")
        if self.pace:
            status, seen = self.pace.answer(service, operation, path, body, status, seen)
        self.asked.append(Asked(service, operation, body, status, kind, seen))
        return status, "Answered", kind, seen


def _passed(peer, method, path, body, headers) -> tuple[http.client.HTTPResponse, bytes]:
    """The peer's answer."""
    for last in (False, True):
        try:
            peer.request(method, path, body, headers)
            answer = peer.getresponse()
            return answer, answer.read()
        except (ConnectionError, http.client.HTTPException):
            # An idle connection that the peer has closed meanwhile.
            peer.close()
            if last:
                raise
    raise AssertionError("the loop has returned or raised")


def named(method: str, path: str, headers, body: bytes) -> tuple[str, str, bool]:
    """Service and operation of a request, and whether it speaks the query protocol (forms and XML)."""
    if target := headers.get("x-amz-target"):
        stem, _, operation = target.partition(".")
        return TARGETS.get(stem, stem), operation, False
    if found := re.search(r"/service/(\w+)/operation/(\w+)$", path):
        return TARGETS.get(found[1], found[1]), found[2], False
    signed = re.search(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/", headers.get("authorization", ""))
    service = SIGNED.get(signed[1], signed[1]) if signed else ""
    if action := re.search(rb"(?:^|&)Action=(\w+)", body):
        return service, action[1].decode(), True
    for verb, pattern, operation in REST:
        if verb == method and re.search(pattern, path.split("?")[0]):
            return service, operation, False
    return service, f"{method} {path.split('?')[0]}", False


def _body(lines, headers) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return lines.read(int(headers.get("content-length", 0)))
    body = b""
    while length := int(lines.readline().split(b";")[0], 16):
        body += lines.read(length)
        lines.readline()
    lines.readline()
    return body


def _refusal(fault: Fault, form: bool) -> tuple[int, str, str, bytes]:
    status, code = fault.code()
    words = WORDS[fault.kind]
    if form:
        code = code.removesuffix("Exception")
        kind = "Sender" if status < 500 else "Receiver"
        error = f"<Error><Type>{kind}</Type><Code>{code}</Code><Message>{words}</Message></Error>"
        xml = f"<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>"
        return status, "Refused", "text/xml", xml.encode()
    return status, "Refused", "application/x-amz-json-1.0", json.dumps({"__type": code, "message": words}).encode()
