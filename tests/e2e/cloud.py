"""The deployed system as an operator has it: emulated clouds, the stack that `sam deploy` put there, its API.

Nothing of Capstan's own code is used here: what is there is asked of the clouds by boto3, as the template and the
documentation name it.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import bootstraps  # noqa: E402
import env_json  # noqa: E402
import issuer  # noqa: E402
import peers  # noqa: E402
from items import plain  # noqa: E402

STACK = "capstan-e2e"
ENVIRONMENT = "dev"
BASE = "/api/admin/infrastructure"
# Whose tokens the stack believes. The key guards nothing but this test.
ISSUER = issuer.Issuer(b"a key that guards but this test.")
ACCOUNT = "000000000000"
# Seconds until an execution must be at its end: all waits are over at once here.
PATIENCE = 300

# What the emulated CloudFormation can't take, and is therefore not proved here: which resources, and why. An entry that
# fits nothing in the template is an error, so that the list does not outlive its reason.
NOT_TAKEN = [
    (lambda one: one["Type"] == "AWS::StepFunctions::StateMachineVersion", "it knows no versions of state machines"),
    (lambda one: one["Type"] == "AWS::StepFunctions::StateMachineAlias", "it knows no aliases of state machines"),
    (lambda one: one["Type"] == "AWS::CloudWatch::CompositeAlarm", "it knows no alarms over alarms"),
    (lambda one: one["Type"] == "AWS::Budgets::Budget", "it knows no budgets"),
    (
        lambda one: one["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in one["Properties"],
        "it knows alarms on one metric only, no metric math",
    ),
]


class Refused(Exception):
    """A command failed; its words are the message."""


def command(*words, env=None, cwd=ROOT):
    """Runs a command and gives its standard output."""
    done = subprocess.run([str(word) for word in words], env=env, cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(f"{' '.join(map(str, words))}\n{done.stdout[-4000:]}\n{done.stderr[-6000:]}")
    return done.stdout


def deployable(built: pathlib.Path) -> pathlib.Path:
    """The built template less what the peer can't take; beside it, since paths in it are relative."""
    template = yaml.load(built.read_text(), env_json.Tagged)  # noqa: S506, a loader of our own that makes plain data
    resources = template["Resources"]
    for fits, why in NOT_TAKEN:
        names = [name for name, resource in resources.items() if fits(resource)]
        if not names:
            raise Refused(f"nothing in the template is left out any more because {why}: take that off NOT_TAKEN")
        for name in names:
            del resources[name]
    less = built.with_name("deployable.json")
    less.write_text(json.dumps(template, indent=1))
    return less


class Deployed:
    """A deployed stack and the clouds it stands in."""

    def __init__(self, clouds: peers.Clouds, figures: dict[str, float]):
        self.clouds = clouds
        self.environment = clouds.environment()
        self.shell = peers.clean_environment() | self.environment | {"SAM_CLI_TELEMETRY": "0"}
        self.seconds = figures
        self._clients = {}

    def client(self, service: str):
        """A boto3 client of the cloud that has this service."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.clouds.endpoint(service),
                region_name=self.environment["AWS_REGION"],
                aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            )
        return self._clients[service]

    # ---- deploying

    def build_and_deploy(self, folder: pathlib.Path):
        """What is built, and `sam deploy`, with what stands outside the stack: a bucket and the model."""
        self.client("s3").create_bucket(Bucket="capstan-e2e")
        self.client("sagemaker").create_model(
            ModelName="cato-shadow-self",
            PrimaryContainer={"Image": "registry.example/shadow-self:1"},
            ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/shadow-self",
        )
        self.build(folder)
        self.deploy(folder)
        stack = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        self.publish()
        self.api = self.reached("ApiUrl") + BASE
        self.iops_api = self.reached("IopsApiUrl")

    def build(self, folder):
        """
        What `sam build` makes: the template with the paths of what is built, and each function's program in a folder of its name.

        `sam build` itself builds function by function, each with just what it wants of the SDK, which takes longer than all else
        here together; what it would build is built by `make bootstraps`.
        """
        began = time.monotonic()
        template = yaml.load((ROOT / "template.yaml").read_text(), env_json.Tagged)  # noqa: S506, see above
        for name, resource in template["Resources"].items():
            if resource["Type"] == "AWS::Serverless::Function":
                program = bootstraps.bootstrap(resource["Metadata"]["BuildProperties"]["Binary"])
                (folder / name).mkdir(parents=True, exist_ok=True)
                shutil.copy2(program, folder / name / "bootstrap")
                resource["Properties"]["CodeUri"] = name
            elif resource["Type"] == "AWS::Serverless::StateMachine":
                resource["Properties"]["DefinitionUri"] = str(ROOT / resource["Properties"]["DefinitionUri"])
        (folder / "template.yaml").write_text(json.dumps(template, indent=1))
        self.seconds["build"] = time.monotonic() - began
        self.architecture = "arm64" if os.uname().machine in ("aarch64", "arm64") else "x86_64"

    def deploy(self, folder, *parameters):
        """`sam deploy` of what was built, for the first time or as an upgrade."""
        began = time.monotonic()
        template = deployable(folder / "template.yaml")
        functions = {
            name: one
            for name, one in json.loads(template.read_text())["Resources"].items()
            if one["Type"] == "AWS::Serverless::Function"
        }
        self.crates = {name: one["Metadata"]["BuildProperties"]["Binary"] for name, one in functions.items()}
        self.programs = {name: folder / one["Properties"]["CodeUri"] / "bootstrap" for name, one in functions.items()}
        overrides = [
            f"Environment={ENVIRONMENT}", f"Architecture={self.architecture}", f"OidcIssuer={ISSUER.name}",
            "AlertEmail=ops@example.com",
            f"CollectionPrincipals=arn:aws:iam::{ACCOUNT}:role/tenant-app",
            *parameters,
        ]
        command(
            ROOT / ".venv/bin/sam", "deploy", "--template-file", template, "--stack-name", STACK,
            "--s3-bucket", "capstan-e2e", "--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM",
            "CAPABILITY_AUTO_EXPAND", "--no-confirm-changeset", "--no-fail-on-empty-changeset",
            "--parameter-overrides", *[one.replace(" ", "\\ ") for one in overrides],
            env=self.shell, cwd=folder,
        )
        self.seconds["sam deploy"] = time.monotonic() - began

    def reached(self, output):
        """Where the peer has the API of this output."""
        api = self.outputs[output].split("//")[1].split(".")[0]
        return f"{self.clouds.ministack}/restapis/{api}/{ENVIRONMENT}/_user_request_"

    def publish(self):
        """Version and alias of the state machine, in the place of the resources that the peer did not take."""
        machine = self.outputs["StateMachineArn"]
        workflows = self.client("stepfunctions")
        version = workflows.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
        workflows.create_state_machine_alias(
            name=self.outputs["WorkflowAliasArn"].rsplit(":", 1)[1],
            routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}],
        )

    # ---- operating

    def call(self, method, path, token=None, body=None):
        """One request to the deployed API: status and JSON body."""
        status, _, answer = self.asked(method, path, token, body)
        return status, answer

    def iops(self, method, path, token=None, body=None):
        """The same of the API of IOps."""
        status, _, answer = self.asked(method, path, token, body, api=self.iops_api)
        return status, answer

    def asked(self, method, path, token=None, body=None, headers=None, api=None):
        """The same, with headers there and back."""
        request = urllib.request.Request((api or self.api) + path, method=method, headers=headers or {})
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            text = refused.read()
            try:
                return refused.code, refused.headers, json.loads(text)
            except ValueError:
                return refused.code, refused.headers, text.decode(errors="replace")

    def settled(self, token):
        """Waits until no change of the token's tenant is under way, and gives `GET /tier`."""
        end = time.monotonic() + PATIENCE
        while True:
            status, tier = self.call("GET", "/tier", token)
            assert status == 200, tier
            if tier["transitionStatus"] in ("STABLE", "FAILED", "STUCK"):
                return tier
            assert time.monotonic() < end, self.call("GET", "/tier/transition-status", token)
            time.sleep(0.2)

    def resources(self, token):
        """What the API says there is, by kind: kind -> names."""
        status, answer = self.call("GET", "/tier/resources", token)
        assert status == 200, answer
        return {one["kind"]: one for one in answer["resources"] if one["state"] == "SERVING"}

    def items(self, table, tenant):
        """A tenant's rows, as the table has them."""
        answer = self.client("dynamodb").query(
            TableName=f"{table}-{ENVIRONMENT}",
            KeyConditionExpression="tenant_id = :t",
            ExpressionAttributeValues={":t": {"S": tenant}},
        )
        return [{name: plain(value) for name, value in item.items()} for item in answer["Items"]]


def token(role: str, tenant: str, subject: str = "grace") -> str:
    """A token of the issuer that the stack believes."""
    return ISSUER.token(role, tenant, subject)
