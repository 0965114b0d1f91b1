"""The audit of the deployed system: a chain that is reckoned anew here, and seals whose signatures are held against the
key that KMS itself hands out. What is hashed and signed is as docs/api.md says.
"""

import contextlib
import hashlib
import json
import struct
import uuid

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import cloud
from test_transitions import REASON, moved

ALIAS = f"alias/cato-tier-audit-{cloud.ENVIRONMENT}"
TABLE = f"cato_tier_audit-{cloud.ENVIRONMENT}"
ENTRY = [
    "tenantId", "seq", "at", "who", "role", "action", "subject", "why", "outcome", "requestId", "transitionId", "detail",
    "prev",
]
SEAL = ["tenantId", "seq", "hash", "number", "prev", "beforeCount", "beforeHash", "sealedAt", "keyId"]
GENESIS = "0" * 64


def form(domain, fields, row):
    """The bytes that are hashed or signed of a row."""
    parts = [domain.encode() + b"\0"]
    for name in fields:
        text = None if row[name] is None else str(row[name]).encode()
        parts.append(struct.pack(">I", 0xFFFFFFFF) if text is None else struct.pack(">I", len(text)) + text)
    return b"".join(parts)


def pages(stack, tenant, limit=5):
    """The whole audit by the API: entries, seals, the head of the last page."""
    entries, seals, cursor = [], {}, None
    while True:
        query = f"?order=oldest&limit={limit}" + (f"&cursor={cursor}" if cursor else "")
        status, page = stack.call("GET", "/tier/audit" + query, cloud.token("viewer", tenant))
        assert status == 200, page
        assert page["tenantId"] == tenant and page["before"] == [], page
        entries += page["entries"]
        seals |= {seal["number"]: seal for seal in page["seals"]}
        cursor = page["cursor"]
        if not cursor:
            return entries, [seals[number] for number in sorted(seals)], page["head"]


def chained(entries, head):
    """Holds a chain against its hashes."""
    before = GENESIS
    for at, entry in enumerate(entries, 1):
        assert (entry["seq"], entry["prev"]) == (at, before), entry
        before = hashlib.sha256(form("capstan.audit.entry.v1", ENTRY, entry)).hexdigest()
        assert entry["hash"] == before, entry
    assert head == {"seq": len(entries), "hash": before}


def public_key(stack):
    """The key that seals are signed with, as KMS hands it out."""
    return stack.client("kms").get_public_key(KeyId=ALIAS)["PublicKey"]


def sealed(seals, entries, der):
    """Holds seals against the key and the entries that they cover."""
    key, before = serialization.load_der_public_key(der), GENESIS
    for number, seal in enumerate(seals, 1):
        assert (seal["number"], seal["prev"]) == (number, before), seal
        assert seal["keyId"] == hashlib.sha256(der).hexdigest()[:32]
        assert seal["hash"] == entries[seal["seq"] - 1]["hash"]
        message = form("capstan.audit.seal.v1", SEAL, seal)
        signature = bytes.fromhex(seal["signature"])
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        with pytest.raises(InvalidSignature):
            key.verify(signature, message + b".", ec.ECDSA(hashes.SHA256()))
        before = hashlib.sha256(message).hexdigest()


def seal_now(stack):
    """A round of the function that signs, without waiting for the schedule's minute; its report."""
    done = stack.client("lambda").invoke(FunctionName=f"cato-seal-audit-{cloud.ENVIRONMENT}", Payload=b"{}")
    report = done["Payload"].read()
    assert "FunctionError" not in done, report
    return json.loads(report)


def test_a_chain_is_sealed_by_the_key_in_kms(stack):
    tenant = str(uuid.uuid4())
    body = {"targetTier": "STAGING", "reason": REASON}
    assert stack.call("POST", "/tier/change", cloud.token("viewer", tenant), body)[0] == 403
    change, _ = moved(stack, tenant, "STAGING")
    seal_now(stack)

    entries, seals, head = pages(stack, tenant)
    chained(entries, head)
    acts = [entry["action"] for entry in entries]
    assert (acts[0], acts[1], acts[-1]) == ("REQUEST_DENIED", "CHANGE_STARTED", "CHANGE_COMPLETED"), acts
    started = entries[1]
    assert (started["who"], started["why"], started["transitionId"]) == ("grace", REASON, change), started
    der = public_key(stack)
    assert seals and seals[-1]["seq"] == head["seq"], seals
    sealed(seals, entries, der)
    # They lie where those who act can't write; what makes entries has none of them.
    kept = [row for row in stack.items("cato_tier_seal", tenant) if row["entry"].startswith("seal#")]
    assert [row["signature"] for row in kept] == [seal["signature"] for seal in seals], kept
    assert not [row for row in stack.items("cato_tier_audit", tenant) if row["entry"].startswith("seal#")]

    status, key = stack.call("GET", "/tier/audit/key", cloud.token("viewer", tenant))
    assert (status, key["algorithm"]) == (200, "ECDSA_SHA_256"), key
    shown = serialization.load_pem_public_key(key["publicKey"].encode())
    assert shown == serialization.load_der_public_key(der)
    # The pages of another size, and the other way round, are of the same chain.
    assert pages(stack, tenant, 100) == (entries, seals, head)
    status, newest = stack.call("GET", "/tier/audit?limit=2", cloud.token("viewer", tenant))
    assert (status, newest["entries"]) == (200, entries[:-3:-1]), newest
    # Another tenant sees nothing of it.
    assert pages(stack, str(uuid.uuid4())) == ([], [], None)


def test_nobody_but_the_function_that_seals_may_sign(stack):
    policy = json.loads(stack.client("kms").get_key_policy(KeyId=ALIAS, PolicyName="default")["Policy"])
    [deny] = [one for one in policy["Statement"] if one["Effect"] == "Deny"]
    role = stack.client("lambda").get_function_configuration(FunctionName=f"cato-seal-audit-{cloud.ENVIRONMENT}")["Role"]
    assert (deny["Action"], deny["Principal"]) == ("kms:Sign", "*")
    assert deny["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": role}}
    key = stack.client("kms").describe_key(KeyId=ALIAS)["KeyMetadata"]
    assert (key["KeySpec"], key["KeyUsage"], key["KeyState"]) == ("ECC_NIST_P256", "SIGN_VERIFY", "Enabled")


@contextlib.contextmanager
def altered(stack, tenant, seq):
    """An entry whose reason is another one than was hashed; afterwards as it was."""
    key = {"tenant_id": {"S": tenant}, "entry": {"S": f"entry#{seq:020}"}}
    dynamodb = stack.client("dynamodb")
    former = dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
    dynamodb.put_item(TableName=TABLE, Item=former | {"who": {"S": "mallory"}})
    try:
        yield
    finally:
        dynamodb.put_item(TableName=TABLE, Item=former)


def test_what_was_altered_is_not_sealed_and_is_told(stack):
    tenant = str(uuid.uuid4())
    admin = cloud.token("admin", tenant)
    queue = stack.client("sqs").create_queue(QueueName="auditor")["QueueUrl"]
    arn = stack.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    heard = stack.client("sns").subscribe(TopicArn=stack.outputs["AlertTopicArn"], Protocol="sqs", Endpoint=arn)
    for instances in (2, 3):
        edit = {"sagemakerShadowSelfMinInstances": instances}
        status, answer = stack.call("PUT", "/tier/configs/STAGING", admin, edit)
        assert status == 200, answer
    entries, before, _ = pages(stack, tenant)
    with altered(stack, tenant, entries[-1]["seq"]):
        with pytest.raises(AssertionError):
            chained(*[pages(stack, tenant)[at] for at in (0, 2)])
        # Unless the schedule was quicker, and had sealed what was still good.
        if not before:
            assert seal_now(stack)["broken"] >= 1
            assert pages(stack, tenant)[1] == []
            told = stack.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)
            bodies = [json.loads(message["Body"]) for message in told.get("Messages", [])]
            assert any(tenant in body["Message"] for body in bodies), bodies
    stack.client("sns").unsubscribe(SubscriptionArn=heard["SubscriptionArn"])
    seal_now(stack)
    entries, seals, head = pages(stack, tenant)
    chained(entries, head)
    assert seals[-1]["seq"] == head["seq"], seals
    sealed(seals, entries, public_key(stack))
