"""docs/deploy.md: upgrading while tenants are moved, the lines for going back and for alarms, and removing the stack.

The last of all files by its name, since the stack is gone afterwards.
"""

import concurrent.futures
import json
import re
import time
import uuid

import cloud
from conftest import FOLDER
from test_runbook import run
from test_transitions import REASON, everything_named, moved
from test_trouble import ended, stem_of

PAGE = (cloud.ROOT / "docs" / "deploy.md").read_text()


def line_with(part):
    """The page's line that has this in it, whole, for the stack of this test."""
    whole = PAGE.replace("\\\n", " ")
    [line] = [line for line in whole.splitlines() if part in line and not line.startswith("|")]
    return re.sub(r"\s+", " ", line).replace("capstan-dev", cloud.STACK)


def asked(look):
    """What a look at the system gives. The emulator's upgrade kills runs and lets the API fail for moments, where AWS lets
    runs come to their end; so it is asked again, for as long as a change may take."""
    end = time.monotonic() + cloud.PATIENCE
    while True:
        try:
            return look()
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def test_tenants_are_moved_while_the_stack_is_upgraded(stack):
    def move():
        tenant = str(uuid.uuid4())
        stem = asked(lambda: stem_of(stack, tenant))
        body = {"targetTier": "STAGING", "reason": REASON}
        status, answer = stack.call("POST", "/tier/change", cloud.token("admin", tenant), body)
        # What the emulator itself says has no code.
        assert status == 200 or "code" not in answer, answer
        end = asked(lambda: ended(stack, tenant))
        if end == ("DEV", "STABLE"):
            assert status != 200 and not stack.items("cato_tier_change_log", tenant)
        return *end, everything_named(stack, stem)

    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        upgrade = beside.submit(stack.deploy, FOLDER / "build", "RetentionGraceDays=2")
        ends = [move()]
        while not upgrade.done():
            ends.append(move())
        upgrade.result()
    assert len(ends) >= 3, "the upgrade was over before a change was under way"
    for tier, status, left in ends:
        assert (tier, status) in [("STAGING", "STABLE"), ("DEV", "STABLE"), ("DEV", "FAILED")], ends
        assert tier == "STAGING" or not any(left.values()), left
    assert any(tier == "STAGING" for tier, _, _ in ends), ends
    settings = stack.client("lambda").get_function_configuration(FunctionName="cato-reap-retired-dev")
    assert settings["Environment"]["Variables"]["GRACE_DAYS"] == "2"
    moved(stack, str(uuid.uuid4()), "STAGING")


def test_the_lines_of_the_page(stack):
    assert run(stack, line_with("OutputKey=='ApiUrl'").split("$(")[1].rstrip(")")).stdout.strip() == stack.outputs["ApiUrl"]
    assert run(stack, line_with("describe-alarms")).returncode == 0
    versions = run(stack, line_with("machine=$(") + "\n" + line_with("list-state-machine-versions"))
    [version] = json.loads(versions.stdout)["stateMachineVersions"]
    back = line_with("update-state-machine-alias").replace("<version>", version["stateMachineVersionArn"])
    done = run(stack, line_with("machine=$(") + "\n" + back)
    assert done.returncode == 0, done.stderr
    moved(stack, str(uuid.uuid4()), "STAGING")


def test_the_tables_and_the_audit_s_key_outlive_the_stack(stack):
    cloud.command(
        cloud.ROOT / ".venv/bin/sam", "delete", "--stack-name", cloud.STACK, "--no-prompts", "--region", "us-east-1",
        env=stack.shell,
    )
    stacks = stack.client("cloudformation").list_stacks()["StackSummaries"]
    assert [one["StackStatus"] for one in stacks if one["StackName"] == cloud.STACK] == ["DELETE_COMPLETE"]
    functions = stack.client("lambda").list_functions()["Functions"]
    assert not [one["FunctionName"] for one in functions if one["FunctionName"].startswith("cato-")]
    tables = stack.client("dynamodb").list_tables()["TableNames"]
    assert len([name for name in tables if name.startswith("cato_")]) == 10, tables
    # Its alias is gone with the stack; the key is what the seals in the tables are verified with.
    keys = [one["KeyId"] for one in stack.client("kms").list_keys()["Keys"]]
    described = [stack.client("kms").describe_key(KeyId=key)["KeyMetadata"] for key in keys]
    assert [one["KeyState"] for one in described if one["KeyUsage"] == "SIGN_VERIFY"] == ["Enabled"], described
