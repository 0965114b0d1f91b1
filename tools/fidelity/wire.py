"""Holds what our adapters say on the wire against AWS's own service models, as botocore ships them.

    python tools/fidelity/wire.py [FILE …]      reads recorded exchanges (default: target/conformance/wire-*.jsonl), prints a table
                                       of operations and all problems by name; ends with 1 if there is one
    python tools/fidelity/wire.py --self-test   proves that it finds what it must find

A line of such a file is one exchange: peer, method, uri, requestHeaders, requestBody, status, responseHeaders and
responseBody (bodies in base64). The request is parsed as its protocol says, and every member must be known, of its type,
within its bounds, and there if it is required. The answer must be readable by botocore's own parser. An answer that we
wrote ourselves (peer `recorded`) must besides hold only known members and all required ones, and an error only a code that
the operation or AWS at large has: else it would prove nothing but our own imagination.

Run it with .venv-peers/bin/python (`make tools`).
"""

import base64
import collections
import dataclasses
import functools
import glob
import json
import os
import pathlib
import sys
import urllib.parse
import xml.etree.ElementTree

import botocore.parsers
import botocore.session
import wire_cases
from shapes import Check, Text

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Where the tests leave their evidence: what `CONFORMANCE_OUT` says, or here.
RECORDS = pathlib.Path(os.environ.get("CONFORMANCE_OUT") or ROOT / "target" / "conformance")

# The services that the adapters call, by botocore's names.
SERVICES = [
    "apigateway",
    "application-autoscaling",
    "ce",
    "cloudwatch",
    "dynamodb",
    "elasticache",
    "kinesis",
    "kms",
    "lambda",
    "neptune",
    "opensearch",
    "opensearchserverless",
    "resourcegroupstaggingapi",
    "s3",
    "sagemaker",
    "sagemaker-runtime",
    "sns",
    "stepfunctions",
]

# Codes that every service may answer with, without `Exception` at their end.
COMMON_ERRORS = {
    "AccessDenied",
    "ExpiredToken",
    "IncompleteSignature",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InvalidAction",
    "InvalidClientTokenId",
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "InvalidSignature",
    "MissingAuthenticationToken",
    "NotAuthorized",
    "OptInRequired",
    "RequestExpired",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "Throttling",
    "ThrottlingException",
    "UnrecognizedClient",
    "Validation",
    "ValidationError",
}

# Problems that are a peer's, not ours, and why they are let pass: (peer, service, operation, part of the problem).
PECULIARITIES = {
    ("moto", "cloudwatch", "GetMetricData", "can't be read"): "it does not speak CBOR, and answers in XML",
    ("moto", "cloudwatch", "DescribeAlarms", "can't be read"): "it does not speak CBOR, and answers in XML",
    ("moto", "cloudwatch", "SetAlarmState", "can't be read"): "it does not speak CBOR, and answers in XML",
    ("moto", "cloudwatch", "DescribeAlarmHistory", "can't be read"): "it does not speak CBOR, and answers in XML",
}

# What a test sends wrong on purpose, to see it refused: (service, operation, part of the problem), and the case.
ON_PURPOSE = {
    ("sagemaker", "CreateEndpointConfig", "InitialInstanceCount has 0"): "an instance is the least",
    ("opensearch", "CreateDomain", "DomainName has 45 characters"): "a name has 28 characters at most",
    ("stepfunctions", "StartExecution", "name has 92 characters"): "a name has 80 characters at most",
}


@dataclasses.dataclass
class Exchange:
    """One call and what is wrong with it."""

    peer: str
    service: str
    operation: str
    status: int
    problems: list[str]


@functools.cache
def models():
    """The service models by name."""
    session = botocore.session.get_session()
    return {name: session.get_service_model(name) for name in SERVICES}


# ── Whose request it is ─────────────────────────────────────────────────────────────────────────────────────────────


def identify(line):
    """Service and operation of an exchange, by its protocol's own marks; raises LookupError."""
    headers = line["requestHeaders"]
    if target := headers.get("x-amz-target"):
        prefix, _, operation = target.rpartition(".")
        for name, model in models().items():
            if model.metadata.get("targetPrefix") == prefix:
                return name, operation
        raise LookupError(f"no service has the target {target}")
    name = by_signature(headers.get("authorization", ""))
    path = urllib.parse.urlsplit(line["uri"]).path
    if "smithy-protocol" in headers:
        return name, path.rpartition("/operation/")[2]
    if name == "sagemaker" and path.startswith("/endpoints/"):
        return "sagemaker-runtime", "InvokeEndpoint"
    if name == "s3":
        said = urllib.parse.parse_qs(urllib.parse.urlsplit(line["uri"]).query).get("x-id")
        return name, said[0] if said else "HeadObject"
    if models()[name].protocol == "rest-json":
        return name, rest_operation(models()[name], line["method"], path)[0]
    form = dict(urllib.parse.parse_qsl(base64.b64decode(line["requestBody"]).decode()))
    if form.get("Version") != models()[name].api_version:
        raise LookupError(f"{name} has not the version {form.get('Version')}")
    return name, form.get("Action", "")


def by_signature(authorization):
    """The service that a request is signed for."""
    scope = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    signed = scope[3] if len(scope) == 5 else "nothing"
    for name, model in models().items():
        if model.signing_name == signed:
            return name
    raise LookupError(f"signed for {signed}, which is none of ours")


def rest_operation(model, method, path):
    """The operation of a REST API by method and path, and the path's labels. A literal part goes before a label."""
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        template = http["requestUri"].partition("?")[0].rstrip("/").split("/")
        parts = path.rstrip("/").split("/")
        if http["method"] != method or len(template) != len(parts):
            continue
        labels = {mark.strip("{}+"): urllib.parse.unquote(part) for mark, part in zip(template, parts) if "{" in mark}
        if all("{" in mark or mark == part for mark, part in zip(template, parts)):
            found.append((len(labels), name, labels))
    if not found:
        raise LookupError(f"no operation is {method} {path}")
    _, name, labels = min(found, key=lambda each: each[:2])
    return name, labels


# ── Reading a request into plain values ─────────────────────────────────────────────────────────────────────────────


def read_request(line, model, operation, check):
    """The members of a request. What is text on the wire (forms, paths, queries) stays text: `check` reads it."""
    body = base64.b64decode(line["requestBody"])
    shape = model.operation_model(operation).input_shape
    headers = line["requestHeaders"]
    if "smithy-protocol" in headers:
        return cbor(body) if body else {}
    if "x-amz-target" in headers:
        return json.loads(body or b"{}")
    if model.service_name == "s3":
        return read_object(line, shape, body)
    if model.protocol == "rest-json":
        return read_rest(line, model, operation, shape, body)
    form = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    tree = {}
    for key, value in form:
        if key in ("Action", "Version"):
            continue
        node = tree
        *parents, last = key.split(".")
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value
    return unflatten(tree, shape, check, "")


def read_object(line, shape, body):
    """Bucket and key from the path; the object's bytes are its own."""
    _, bucket, key = urllib.parse.urlsplit(line["uri"]).path.split("/", 2)
    params = {"Bucket": Text(bucket), "Key": Text(urllib.parse.unquote(key))}
    return params | ({"Body": body} if "Body" in shape.members else {})


def read_rest(line, model, operation, shape, body):
    """Labels, query, headers and body of a REST call, by the names of their members."""
    url = urllib.parse.urlsplit(line["uri"])
    _, labels = rest_operation(model, line["method"], url.path)
    query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
    payload = shape.serialization.get("payload")
    params = {payload: body} if payload else json.loads(body) if body else {}
    for member, inner in shape.members.items():
        place, name = inner.serialization.get("location"), inner.serialization.get("name", member)
        if place == "uri" and name in labels:
            params[member] = Text(labels[name])
        elif place == "querystring" and name in query:
            params[member] = Text(query.pop(name))
        elif place == "header" and name.lower() in line["requestHeaders"]:
            params[member] = Text(line["requestHeaders"][name.lower()])
    for name in query:
        params[f"?{name}"] = query[name]
    return params


def unflatten(tree, shape, check, path):
    """A form's tree (`Tags.Tag.1.Key`) as the nested value of its shape. What does not fit is a problem."""
    if shape is None or shape.type_name not in ("structure", "list", "map"):
        if isinstance(tree, dict):
            check.add(path, f"has parts {sorted(tree)}, but is a {shape.type_name if shape else 'nothing'}")
            return Text("")
        return Text(tree)
    if not isinstance(tree, dict):
        # An empty list is sent as an empty value.
        return {} if shape.type_name != "list" else []
    if shape.type_name == "structure":
        names = {inner.serialization.get("name", member): member for member, inner in shape.members.items()}
        return {
            names.get(key, key): unflatten(value, shape.members[names[key]], check, f"{path}.{names[key]}")
            if key in names
            else value
            for key, value in tree.items()
        }
    flat = shape.serialization.get("flattened")
    if shape.type_name == "list":
        wrap = shape.member.serialization.get("name", "member")
        items = tree if flat else only(tree, wrap, check, path)
        return [unflatten(item, shape.member, check, f"{path}[{number}]") for number, item in numbered(items)]
    items = tree if flat else only(tree, "entry", check, path)
    key_name, value_name = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
    return {
        str(item.get(key_name)): unflatten(item.get(value_name, ""), shape.value, check, f"{path}[{number}]")
        for number, item in numbered(items)
    }


def only(tree, wrap, check, path):
    """The inside of a list's or map's wrapping element."""
    for name in tree:
        if name != wrap:
            check.add(path, f"has a part `{name}` where only `{wrap}` may be")
    return tree.get(wrap, {})


def numbered(items):
    """The items of `1.…, 2.…` in order."""
    return sorted(((int(number), item) for number, item in items.items() if number.isdigit()), key=lambda pair: pair[0])


def cbor(body):
    """A CBOR value, by botocore's own reader."""
    parser = botocore.parsers.RpcV2CBORParser()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))


# ── The answer ──────────────────────────────────────────────────────────────────────────────────────────────────────


def check_answer(line, model, operation, check):
    """The answer must be readable by botocore, and one that we wrote must be one that the service could give."""
    shape = model.operation_model(operation).output_shape
    # An object's bytes, or a model's answer, are whatever they are.
    payload = shape.serialization.get("payload") if shape else None
    said = base64.b64decode(line["responseBody"])
    body = b"" if payload else said
    protocol = "smithy-rpc-v2-cbor" if "smithy-protocol" in line["requestHeaders"] else model.protocol
    answer = {"status_code": line["status"], "headers": line["responseHeaders"], "body": body}
    try:
        parsed = botocore.parsers.create_parser(protocol).parse(answer, shape)
    except Exception as error:  # Whatever botocore raises: it can't read it.
        # An emulator that breaks down answers with a page of its web server; the adapter takes that for a 5xx.
        if line["peer"] == "recorded" or line["status"] < 500:
            check.add("the answer", f"can't be read: {str(error).partition(chr(10))[0]}")
        return
    if line["peer"] != "recorded":
        return
    if line["status"] >= 300:
        check_error(parsed.get("Error", {}).get("Code", ""), model, operation, check)
    elif protocol == "query":
        check_xml(body, shape, operation, check)
    elif protocol == "smithy-rpc-v2-cbor":
        check.value(cbor(body), shape, "the answer")
    else:
        members = {payload: said} if payload else json.loads(body or b"{}")
        bound = {name for name, inner in (shape.members if shape else {}).items() if "location" in inner.serialization}
        check.value(members | {name: parsed[name] for name in bound if name in parsed}, shape, "the answer")


def check_error(code, model, operation, check):
    """The code must be one that the operation's model has, or that every service may use."""
    shapes = model.operation_model(operation).error_shapes
    known = {shape.name for shape in shapes} | {shape.metadata.get("error", {}).get("code") for shape in shapes}
    plain = code.rpartition("#")[2].partition(":")[0]
    if plain not in known and plain.removesuffix("Exception") not in COMMON_ERRORS:
        check.add("the answer's error", f"is `{plain}`, which {operation} does not have")


def check_xml(body, shape, operation, check):
    """An XML answer: the wrapping elements, then every member."""
    root = xml.etree.ElementTree.fromstring(body)
    if bare(root) != f"{operation}Response":
        check.add("the answer", f"begins with `{bare(root)}` and not `{operation}Response`")
    if shape is None:
        return
    wrapper = shape.serialization.get("resultWrapper")
    inner = next((child for child in root if bare(child) == wrapper), None)
    if inner is None:
        return check.add("the answer", f"has no {wrapper}")
    check.value(from_xml(inner, shape), shape, "the answer")


def bare(element):
    return element.tag.rpartition("}")[2]


def from_xml(element, shape):
    """An element as the nested value of its shape; members that are not known keep their name."""
    if shape.type_name == "structure":
        names = {inner.serialization.get("name", member): (member, inner) for member, inner in shape.members.items()}
        value = {}
        for child in element:
            member, inner = names.get(bare(child), (bare(child), None))
            if inner is not None and inner.type_name == "list" and inner.serialization.get("flattened"):
                value.setdefault(member, []).append(from_xml(child, inner.member))
            else:
                value[member] = Text(child.text or "") if inner is None else from_xml(child, inner)
        return value
    if shape.type_name == "list":
        name = shape.member.serialization.get("name", "member")
        return [from_xml(child, shape.member) if bare(child) == name else {f"<{bare(child)}>": ""} for child in element]
    if shape.type_name == "map":
        pairs = [{bare(part): part for part in entry} for entry in element]
        return {pair["key"].text: from_xml(pair["value"], shape.value) for pair in pairs}
    return Text(element.text or "")


# ── The report ──────────────────────────────────────────────────────────────────────────────────────────────────────


def examine(line):
    """An exchange, with what is wrong with it."""
    check = Check()
    try:
        service, operation = identify(line)
        model = models()[service]
        if operation not in model.operation_names:
            raise LookupError(f"{service} has no operation {operation}")
    except LookupError as error:
        return Exchange(line["peer"], "unknown", f"{line['method']} {line['uri']}", line["status"], [str(error)])
    try:
        params = read_request(line, model, operation, check)
        check.value(params, model.operation_model(operation).input_shape)
    except ValueError as error:
        check.add("the request", f"can't be read: {error}")
    check_answer(line, model, operation, check)
    return Exchange(line["peer"], service, operation, line["status"], check.problems)


def read(paths):
    """Every exchange of these files."""
    return [examine(json.loads(line)) for path in paths for line in pathlib.Path(path).read_text().splitlines()]


def explaining(each, problem):
    """The entries of the two lists that a problem of an exchange is known by."""
    peculiar = [key for key in PECULIARITIES if key[:3] == (each.peer, each.service, each.operation)]
    meant = [key for key in ON_PURPOSE if key[:2] == (each.service, each.operation)]
    return [key for key in peculiar + meant if key[-1] in problem]


def unexplained(exchanges):
    """Problems that nothing explains, named with their peer and operation."""
    return sorted(
        {
            f"{each.peer}: {each.service} {each.operation}: {problem}"
            for each in exchanges
            for problem in each.problems
            if not explaining(each, problem)
        }
    )


def stale(exchanges):
    """Entries of the two lists that explain nothing, though the operation was called."""
    used = {key for each in exchanges for problem in each.problems for key in explaining(each, problem)}
    called = {(each.peer, each.service, each.operation) for each in exchanges}
    called |= {key[1:] for key in called if key[0] != "recorded"}
    listed = [key for key in [*PECULIARITIES, *ON_PURPOSE] if key[:-1] in called and key not in used]
    return [f"{' '.join(key)}: listed as known, and is not there any more" for key in listed]


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    paths = arguments or sorted(glob.glob(str(RECORDS / "wire-*.jsonl")))
    if not paths:
        print(f"nothing is recorded in {RECORDS}: run the conformance tests against the peers first", file=sys.stderr)
        return 1
    exchanges = read(paths)
    peers = sorted({each.peer for each in exchanges})
    counts = collections.Counter((each.service, each.operation, each.peer) for each in exchanges)
    rows = sorted({key[:2] for key in counts})
    width = max(len(f"{service} {operation}") for service, operation in rows)
    print("".ljust(width), *(peer.rjust(10) for peer in peers))
    for service, operation in rows:
        figures = (str(counts[service, operation, peer] or "-").rjust(10) for peer in peers)
        print(f"{service} {operation}".ljust(width), *figures)
    problems = unexplained(exchanges) + stale(exchanges)
    for problem in problems:
        print(problem)
    print(f"{len(exchanges)} exchanges, {len(rows)} operations, {len(problems)} problems")
    return 1 if problems else 0


def self_test():
    wrong, cases = 0, list(wire_cases.cases(models()))
    for line, expected in cases:
        problems = examine(line)
        found = problems.problems
        if (found if expected is None else not any(expected in problem for problem in found)):
            wrong += 1
            print(f"{problems.service} {problems.operation}: expected {expected!r}, found {found}", file=sys.stderr)
    print(f"{len(cases)} cases, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
