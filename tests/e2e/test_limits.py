"""Requests that are sent again, and tenants who ask too often, at the deployed API."""

import concurrent.futures
import contextlib
import time
import uuid

import cloud
from test_transitions import REASON


def test_a_change_that_is_asked_for_again_under_its_key_is_made_once(stack):
    tenant, key = str(uuid.uuid4()), {"Idempotency-Key": str(uuid.uuid4())}
    admin = cloud.token("admin", tenant)
    body = {"targetTier": "STAGING", "reason": REASON}
    ask = lambda _: stack.asked("POST", "/tier/change", admin, body, key)  # noqa: E731
    with concurrent.futures.ThreadPoolExecutor(6) as many:
        answers = list(many.map(ask, range(6)))
    assert {status for status, _, _ in answers} <= {200, 409}, answers
    assert any(status == 200 for status, _, _ in answers), answers
    for status, headers, answer in answers:
        assert status == 200 or (answer["code"], "Retry-After" in headers) == ("REQUEST_IN_PROGRESS", True), answer
    status, headers, again = ask(None)
    assert (status, headers["Idempotency-Replayed"]) == (200, "true"), again
    for status, _, answer in answers:
        assert status != 200 or answer == again, answers
    assert stack.settled(admin)["currentTier"] == "STAGING"
    # Long after its end too: without the key it would be refused by now.
    assert ask(None)[2] == again
    assert stack.call("POST", "/tier/change", admin, body)[1]["code"] == "REJECTED"
    [row] = stack.items("cato_tier_change_log", tenant)
    assert (row["transition_id"], row["status"]) == (again["transitionId"], "COMPLETED")

    other = body | {"reason": "something else under the same key"}
    status, _, problem = stack.asked("POST", "/tier/change", admin, other, key)
    assert (status, problem["code"]) == (422, "IDEMPOTENCY_KEY_REUSED"), problem
    # The key is its caller's: another's has nothing to do with it.
    ada = cloud.token("admin", tenant, "ada")
    status, headers, problem = stack.asked("POST", "/tier/change", ada, body, key)
    assert (problem["code"], "Idempotency-Replayed" in headers) == ("REJECTED", False), problem


@contextlib.contextmanager
def allowed(stack, function, per_minute):
    """A function that lets each tenant ask so often, as the parameter TenantRequestsPerMinute would have it."""
    functions, name = stack.client("lambda"), f"cato-{function}-{cloud.ENVIRONMENT}"
    former = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    assert former["TENANT_REQUESTS_PER_MINUTE"] == "1200"
    changed = former | {"TENANT_REQUESTS_PER_MINUTE": str(per_minute)}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": former})


def test_a_tenant_that_asks_too_often_waits_and_others_do_not(stack):
    tenant, other = str(uuid.uuid4()), str(uuid.uuid4())
    ask = lambda tenant: stack.asked("GET", "/tier/audit?limit=1", cloud.token("viewer", tenant))  # noqa: E731
    # Four at once, then one in 3.75 s.
    with allowed(stack, "read-audit", 16):
        assert [ask(tenant)[0] for _ in range(4)] == [200] * 4
        status, headers, problem = ask(tenant)
        assert (status, problem["code"]) == (429, "TOO_MANY_REQUESTS"), problem
        wait = int(headers["Retry-After"])
        assert 1 <= wait <= 4, headers
        assert ask(other)[0] == 200
        time.sleep(wait)
        assert ask(tenant)[0] == 200
