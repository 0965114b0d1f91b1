"""Writes events/env.json: every function's environment, as template.yaml gives it, in the form that
`sam local invoke --env-vars events/env.json` reads.

    python tools/env_json.py            writes it
    python tools/env_json.py --check    says whether it is stale; exit code 1 if so

Parameters have their defaults, the region is us-east-1 and the account 000000000000, as in the events. The issuer of the
callers' tokens has no default: it is that of the events. PyYAML is needed (.venv, .venv-peers).
"""

from __future__ import annotations

import json
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE = ROOT / "events" / "env.json"
TEMPLATE = ROOT / "template.yaml"
ISSUER = ROOT / "crates" / "local" / "src" / "issuer.rs"
FUNCTION = "AWS::Serverless::Function"
REGION, ACCOUNT = "us-east-1", "000000000000"
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "capstan",
}
# The id of an API, which `!Ref` gives, is nothing that the template says: that of the events.
API_ID = "b7k2m9q4x1"
# What `!Ref` gives for a resource, by its type: the property that names it, and the ARN if it is one.
NAMED = {
    "AWS::Serverless::Api": ("Name", API_ID),
    "AWS::DynamoDB::Table": ("TableName", "{name}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "{name}"),
    "AWS::S3::Bucket": ("BucketName", "{name}"),
    "AWS::SNS::Topic": ("TopicName", "arn:aws:sns:{region}:{account}:{name}"),
    "AWS::Serverless::Function": ("FunctionName", "{name}"),
    "AWS::Serverless::StateMachine": ("Name", "arn:aws:states:{region}:{account}:stateMachine:{name}"),
}


class Tagged(yaml.SafeLoader):
    """Reads CloudFormation's short tags as the long form: `!Sub x` is `{"Fn::Sub": "x"}`."""


def _long_form(loader: yaml.Loader, suffix: str, node: yaml.Node) -> dict:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Tagged.add_multi_constructor("!", _long_form)


def issuer() -> str:
    """The name of the issuer of the events' tokens, from where the local system has it."""
    found = re.search(r'^pub const ISSUER: &str = "([^"]+)";', ISSUER.read_text(), re.MULTILINE)
    if not found:
        sys.exit(f"{ISSUER.relative_to(ROOT)} has no `pub const ISSUER: &str`: the events' tokens name it")
    return found[1]


class Template:
    """The template with its parameters' values."""

    def __init__(self, parameters: dict[str, str] | None = None):
        self.whole = yaml.load(TEMPLATE.read_text(), Tagged)
        declared = self.whole.get("Parameters", {})
        defaults = {name: str(it["Default"]) for name, it in declared.items() if "Default" in it}
        self.parameters = PSEUDO | defaults | {"OidcIssuer": issuer()} | (parameters or {})

    def functions(self) -> dict[str, dict]:
        """Every function's properties, by its logical id."""
        resources = self.whole["Resources"].items()
        return {name: it["Properties"] for name, it in resources if it["Type"] == FUNCTION}

    def binaries(self) -> dict[str, str]:
        """Every function's logical id, by the name of its binary."""
        resources = self.whole["Resources"].items()
        functions = ((name, it) for name, it in resources if it["Type"] == FUNCTION)
        return {it["Metadata"]["BuildProperties"]["Binary"]: name for name, it in functions}

    def environment(self, function: str) -> dict[str, str]:
        """The environment of a function."""
        shared = self.whole.get("Globals", {}).get("Function", {})
        own = self.functions()[function]
        variables: dict = {}
        for part in (shared, own):
            variables |= part.get("Environment", {}).get("Variables", {})
        return {name: self.value(value) for name, value in variables.items()}

    def value(self, value: object) -> str:
        """A value with its functions carried out."""
        match value:
            case {"Ref": name}:
                return self._reference(name)
            case {"Fn::Sub": [text, own]}:
                return self._substitute(text, own)
            case {"Fn::Sub": text}:
                return self._substitute(text, {})
            case {"Fn::GetAtt": [name, "Arn" | "TopicArn"]}:
                return self._reference(name)
            case {"Fn::If": [condition, yes, no]}:
                return self.value(yes if self._holds({"Condition": condition}) else no)
            case {"Fn::Join": [between, parts]}:
                return between.join(self.value(part) for part in parts)
            case bool():
                return "true" if value else "false"
            case str() | int() | float():
                return str(value)
        sys.exit(f"template.yaml: tools/env_json.py can't work out {value}: teach it")

    def _holds(self, condition: dict) -> bool:
        match condition:
            case {"Condition": name}:
                return self._holds(self.whole["Conditions"][name])
            case {"Fn::Equals": [one, other]}:
                return self.value(one) == self.value(other)
            case {"Fn::Not": [other]}:
                return not self._holds(other)
            case {"Fn::And": parts}:
                return all(map(self._holds, parts))
            case {"Fn::Or": parts}:
                return any(map(self._holds, parts))
        sys.exit(f"template.yaml: tools/env_json.py can't work out the condition {condition}: teach it")

    def _substitute(self, text: str, own: dict) -> str:
        def replace(found: re.Match) -> str:
            name = found[1]
            return self.value(own[name]) if name in own else self._reference(name)

        return re.sub(r"\$\{([^!}]+)\}", replace, text).replace("${!", "${")

    def _reference(self, name: str) -> str:
        if name in self.parameters:
            return self.parameters[name]
        resource = self.whole["Resources"].get(name, {})
        known = NAMED.get(resource.get("Type"))
        if known is None:
            sys.exit(f"template.yaml: tools/env_json.py does not know what !Ref {name} gives: teach it")
        named, form = known
        given = self.value(resource["Properties"][named])
        return form.format(name=given, region=REGION, account=ACCOUNT)


def whole() -> dict[str, dict[str, str]]:
    """Every function's environment."""
    template = Template()
    return {function: template.environment(function) for function in sorted(template.functions())}


def main() -> None:
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    text = json.dumps(whole(), indent=2, sort_keys=True) + "\n"
    if sys.argv[1:] == ["--check"]:
        if not FILE.exists() or FILE.read_text() != text:
            sys.exit("events/env.json is not what template.yaml says: run `make env-json`")
        return
    FILE.write_text(text)


if __name__ == "__main__":
    main()
