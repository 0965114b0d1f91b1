"""The console as it is deployed: its route without a token, signing in, a page of what the deployed API says.

The peer's proxy events lack `requestContext.domainName`, by which the console knows where the API is and where to come back
to (it believes no header that a client sends). So the function is called with the event that API Gateway would send, of a
request at the peer's own address: through the same program, role and environment, to the same API and authorizer.
"""

import base64
import hashlib
import json
import re
import urllib.parse
import uuid

import cloud


def browse(stack, path, method="GET", cookies=None, query=None):
    """What the function answers to a browser's request: status, headers, body."""
    peer = urllib.parse.urlsplit(stack.reached("ApiUrl"))
    event = {
        "resource": "/console/{proxy+}", "path": f"{peer.path}/console{path}", "httpMethod": method,
        "headers": {"Cookie": cookies} if cookies else {}, "queryStringParameters": query,
        "requestContext": {"domainName": peer.netloc, "path": f"/{cloud.ENVIRONMENT}/console{path}"},
        "body": None, "isBase64Encoded": False,
    }
    name = f"cato-console-{cloud.ENVIRONMENT}"
    answer = stack.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    assert "FunctionError" not in answer, answer
    answer = json.loads(answer["Payload"].read())
    assert "default-src 'none'" in answer["headers"]["Content-Security-Policy"]
    return answer["statusCode"], answer, answer["body"]


def test_its_route_takes_no_token(stack):
    # Not 401 or 403: the request came to the console, which misses the domain's name. Should the peer learn to say it, 303.
    status, headers, page = stack.asked("GET", "/console", api=stack.reached("ApiUrl"))
    assert status == 400 and "domainName" in page, page
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_who_is_not_signed_in_is_sent_to_the_issuer_with_a_challenge(stack):
    status, answer, _ = browse(stack, "/tier")
    assert status == 303, answer
    place, _, query = answer["headers"]["Location"].partition("?")
    asked = dict(urllib.parse.parse_qsl(query))
    assert place == f"{cloud.ISSUER.name}/authorize"
    assert asked["response_type"] == "code" and asked["client_id"] == "capstan"
    assert asked["redirect_uri"] == f"{stack.reached('ApiUrl')}/console/signed-in"
    (cookie,) = answer["multiValueHeaders"]["Set-Cookie"]
    state, nonce, verifier, _ = cookie.split(";")[0].partition("=")[2].split(".", 3)
    assert (state, nonce) == (asked["state"], asked["nonce"])
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert (challenge, "S256") == (asked["code_challenge"], asked["code_challenge_method"])
    assert browse(stack, "/tier")[1]["headers"]["Location"] != answer["headers"]["Location"]


def test_a_page_shows_what_the_api_says_to_this_token(stack):
    tenant = str(uuid.uuid4())
    port = urllib.parse.urlsplit(stack.reached("ApiUrl")).port
    token = cloud.token("viewer", tenant)
    status, answer, page = browse(stack, "/tier", cookies=f"capstan-{port}-0={token}")
    assert status == 200, answer
    assert stack.call("GET", "/tier", token)[1]["currentTier"] in page
    styles = re.findall(r'(?:href|src)="([^"]+/console(/assets/[^"]+))"', page)
    assert styles, page
    for _, path in styles:
        status, answer, body = browse(stack, path)
        assert status == 200 and body, path
        assert "immutable" in answer["headers"]["Cache-Control"]
