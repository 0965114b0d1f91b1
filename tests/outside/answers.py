"""Holds the answers of the functions against docs/openapi.yaml: that of every event for a route, as the snapshots have them.

    .venv-peers/bin/python tests/outside/answers.py

The document itself must be a valid one. For every event of `events/` that comes through the API, the answer in
`tests/tests/snapshots` must be one that the document gives that operation: status, media type, schema, headers. What the
document gives and no event brings forth is counted.
"""

import json
import pathlib
import re
import sys

import jsonschema_rs
import yaml
from openapi_spec_validator import validate

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DOCUMENT = ROOT / "docs/openapi.yaml"


def main() -> None:
    document = yaml.safe_load(DOCUMENT.read_text())
    validate(document)
    wrong, seen, count = [], set(), 0
    for event_file in sorted((ROOT / "events").glob("*/*.json")):
        event = json.loads(event_file.read_text())
        operation = of_event(document, event)
        if operation is None:
            continue
        name = f"{event_file.parent.name}/{event_file.stem}"
        answer = snapshot(name)
        status = str(answer["statusCode"])
        seen.add((operation["operationId"], status))
        count += 1
        wrong += [f"events/{name}.json: {what}" for what in differences(document, operation, status, answer)]
    given = {(operation["operationId"], status) for operation in operations(document) for status in operation["responses"]}
    if not count:
        wrong.append("no event came through the API: are the events where they were?")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"   {count} answers are as docs/openapi.yaml says; of its {len(given)} kinds of answers they show {len(seen)}")


def operations(document: dict):
    for path in document["paths"].values():
        yield from (operation for method, operation in path.items() if method in ("get", "post", "put", "delete"))


def of_event(document: dict, event: object) -> dict | None:
    if not isinstance(event, dict) or event.get("type") == "REQUEST":
        return None
    path = document["paths"].get(event.get("resource"), {})
    return path.get(str(event.get("httpMethod")).lower())


def snapshot(name: str) -> dict:
    file = ROOT / "tests/tests/snapshots" / f"{name.replace('/', '__')}.snap"
    return json.loads(file.read_text().split("---\n", 2)[2])


def differences(document: dict, operation: dict, status: str, answer: dict) -> list[str]:
    response = operation["responses"].get(status)
    if response is None:
        return [f"answered by {status}, which docs/openapi.yaml does not give {operation['operationId']}"]
    response = resolved(document, response)
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    media = response["content"].get(headers["content-type"])
    if media is None:
        return [f"{status} as {headers['content-type']}, which docs/openapi.yaml does not give {operation['operationId']}"]
    found = [
        f"the header {name} is missing"
        for name, header in response.get("headers", {}).items()
        if resolved(document, header).get("required") and name.lower() not in headers
    ]
    schema = {**media["schema"], "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    for error in validator.iter_errors(answer["body"]):
        place = "/".join(map(str, error.instance_path))
        message = re.sub(r"\s+", " ", error.message)[:300]
        found.append(f"{status}: at /{place}: {message}")
    return found


def resolved(document: dict, node: dict) -> dict:
    while "$ref" in node:
        target = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


if __name__ == "__main__":
    main()
