"""The conformance table of crates/states, as Python reads it, and how what came of a machine is held against it."""

import dataclasses
import json
import pathlib
import typing

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONFORMANCE = ROOT / "crates/states/tests/conformance"
# What a row can differ in.
KINDS = ("status", "output", "error", "cause", "calls")


@dataclasses.dataclass
class Ended:
    """What came of a machine. `RUNNING` means that it hung, `TAKEN` that it should
    have been refused and was not; `said` is for people."""

    status: str
    output: typing.Any = None
    error: str | None = None
    cause: str | None = None
    calls: list = dataclasses.field(default_factory=list)
    said: str = ""


def table() -> list[dict]:
    """All rows, each with its whole definition, in which functions are still `${name}`."""
    rows = []
    for file in sorted((CONFORMANCE / "table").glob("*.json")):
        rows += json.loads(file.read_text())
    for row in rows:
        row.setdefault("input", {})
        if "file" in row:
            row["definition"] = json.loads((ROOT / row["file"]).read_text())
    return rows


def functions(value) -> set[str]:
    """The functions that a definition names."""
    if isinstance(value, str):
        return {function(value)} if value.startswith("${") else set()
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*(functions(each) for each in inner))


def function(placeholder: str) -> str:
    return placeholder.removeprefix("${").removesuffix("}").removesuffix("FunctionArn")


def with_arns(value, arn):
    """The definition with `arn(name)` for every function."""
    if isinstance(value, str):
        return arn(function(value)) if value.startswith("${") else value
    if isinstance(value, dict):
        return {name: with_arns(each, arn) for name, each in value.items()}
    return [with_arns(each, arn) for each in value] if isinstance(value, list) else value


def answer(row: dict, used: dict[str, int], name: str, given) -> dict:
    """What a function says to a call; `used` counts its calls."""
    answers = row.get("tasks", {}).get(name)
    if answers is None:
        return {"return": given}
    for each in answers:
        if "for" in each and each["for"] == given:
            return each
    at = used.get(name, 0)
    used[name] = at + 1
    return answers[min(at, len(answers) - 1)]


def masked(value, key=""):
    """With texts that nobody promises taken out."""
    hidden = {"Cause": "<cause>", "cause": "<cause>", "token": "<token>"}
    if isinstance(value, str):
        return hidden.get(key, value)
    if isinstance(value, dict):
        return {name: masked(each, name) for name, each in value.items()}
    return [masked(each) for each in value] if isinstance(value, list) else value


def text(value) -> str:
    return json.dumps(masked(value), sort_keys=True)


def differences(row: dict, ended: Ended) -> dict[str, str]:
    """What differs from the row's expectations: the kind, and a sentence."""
    expect, found = row["expect"], {}
    if ended.status != expect["status"]:
        found["status"] = f"{expect['status']} expected, {ended.status} it was {ended.said}".strip()
    if "RUNNING" in ended.status or "REFUSED" in (ended.status, expect["status"]):
        return found
    if ended.status == "SUCCEEDED" == expect["status"] and text(ended.output) != text(expect.get("output")):
        found["output"] = f"{text(expect.get('output'))} expected, {text(ended.output)} it was"
    if ended.status != "SUCCEEDED" and ended.error != expect.get("error"):
        found["error"] = f"{expect.get('error')} expected, {ended.error} it was ({(ended.cause or '')[:120]})"
    if "cause" in expect and ended.cause != expect["cause"]:
        found["cause"] = f"{expect['cause']} expected, {ended.cause} it was"
    if not same_calls(expect.get("calls", []), ended.calls):
        found["calls"] = f"{text(expect.get('calls', []))} expected, {text(ended.calls)} it was"
    return found


def same_calls(expected: list, made: list) -> bool:
    rest = [text(call) for call in made]
    for step in expected:
        group = step["together"] if isinstance(step, dict) else [step]
        if sorted(map(text, group)) != sorted(rest[: len(group)]):
            return False
        rest = rest[len(group) :]
    return not rest
