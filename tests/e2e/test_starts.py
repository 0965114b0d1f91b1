"""What a function says when its environment is wrong: the variable by its name, and how it should be. It does not start.

The programs are those that are deployed; the environment is events/env.json, spoiled one variable at a time.
"""

import json
import subprocess

import pytest

import cloud

# What Lambda itself sets.
LAMBDA = {
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}
# A value that makes no sense, for each variable that is not free text; those without one here may be anything.
SPOILED = {
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "lots",
    "AWS_REGION": "US East",
    "TABLE_SUFFIX": "-dev/2",
    "STATE_MACHINE_ARN": "cato-tier-transition-dev",
    "ALERT_TOPIC_ARN": "alerts",
    "COLLECTION_PRINCIPALS": "everybody",
    "GRACE_DAYS": "a week",
    "SHADOW_SELF_MODEL": "no model!",
    "OIDC_ISSUER": "http://issuer.example",
    "OIDC_AUDIENCE": "two words",
    "OIDC_ROLE_CLAIM": "two words",
    "OIDC_TENANT_CLAIM": "two words",
    "OIDC_LONGEST_HOURS": "a day",
    "AUDIT_KEY_ARN": "alias/cato-tier-audit-dev",
    "AUDIT_FORMER_KEYS": "bm8ga2V5",
    "TENANT_REQUESTS_PER_MINUTE": "many",
    "TWO_PERSON_RULE": "sometimes",
    "OPEN_INGEST": "yes",
    "IOPS_URL": "http://iops.example/dev",
    "ML_BUCKET": "arn:aws:s3:::iops-ml-data",
    "COST_TAG": "capstan",
    "METRICS_TABLE": "iops-insights-dev",
    "INSIGHTS_TABLE": "iops-metrics-dev",
}
# What a function can do without: its absence is met when it is needed, or has a default.
OPTIONAL = {
    "ENVIRONMENT", "GRACE_DAYS", "SHADOW_SELF_MODEL", "COLLECTION_PRINCIPALS", "STATE_MACHINE_ARN", "ALERT_TOPIC_ARN",
    "OIDC_AUDIENCE", "OIDC_ROLE_CLAIM", "OIDC_TENANT_CLAIM", "OIDC_LONGEST_HOURS", "AUDIT_KEY_ARN", "AUDIT_FORMER_KEYS",
    "TENANT_REQUESTS_PER_MINUTE", "TWO_PERSON_RULE", "METRICS_TABLE", "INSIGHTS_TABLE",
    "OPEN_INGEST", "IOPS_ENDPOINT", "ML_BUCKET", "MODEL_IMAGE", "MODEL_ROLE_ARN", "TRAINING_INSTANCE_TYPE", "SERVING_INSTANCE_TYPE", "COST_TAG",
}
# What a function reads, by what stands in its main.rs.
READ_BY = {
    "start.aws()": {"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "TABLE_SUFFIX", "STATE_MACHINE_ARN",
                    "ALERT_TOPIC_ARN", "COLLECTION_PRINCIPALS", "AUDIT_KEY_ARN", "ML_BUCKET", "COST_TAG",
                    "METRICS_TABLE", "INSIGHTS_TABLE"},
    "start.settings()": {"GRACE_DAYS", "SHADOW_SELF_MODEL", "TWO_PERSON_RULE"},
}
GIVEN = json.loads((cloud.ROOT / "events" / "env.json").read_text())


def said(program, environment):
    """What it says when it does not start."""
    done = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("function", sorted(GIVEN))
def test_a_wrong_environment_is_named(stack, function):
    program = stack.programs[function]
    (main,) = cloud.ROOT.glob(f"crates/**/{stack.crates[function]}/src/main.rs")
    main = main.read_text()
    unread = set().union(*(variables for words, variables in READ_BY.items() if words not in main))
    good = LAMBDA | GIVEN[function]
    wrong = [(variable, None) for variable in good if variable not in OPTIONAL]
    wrong += [(variable, value) for variable, value in SPOILED.items() if variable in good]
    wrong = [(variable, value) for variable, value in wrong if variable not in unread]
    assert wrong
    for variable, value in wrong:
        environment = {name: text for name, text in good.items() if name != variable}
        if value is not None:
            environment[variable] = value
        assert variable in said(program, environment), f"{variable}={value}"
