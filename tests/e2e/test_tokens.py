"""Whose tokens the deployed API believes: those of its issuer, by the keys that it publishes now."""

import time
import uuid

import cloud
import issuer

# AWS says 401 where this emulator says 403.
TURNED_AWAY = (401, 403)
# How soon after a fetch a name of a key that is not known has the keys fetched again (PAUSE_UNKNOWN, in seconds).
PAUSE = 30


def look(stack, token):
    return stack.call("GET", "/tier", token)[0]


def test_a_stranger_s_token_opens_nothing(stack):
    tenant = str(uuid.uuid4())
    stranger = issuer.Issuer(b"somebody else's, for these tests", cloud.ISSUER.name)
    known = {"alg": "EdDSA", "typ": "JWT", "kid": cloud.ISSUER.kid}
    claims = {
        "iss": cloud.ISSUER.name, "aud": issuer.AUDIENCE, "sub": "eve", "role": "super_admin", "tenant": tenant,
        "iat": int(time.time()), "exp": int(time.time()) + 600,
    }
    assert look(stack, cloud.ISSUER.sign(claims)) == 200
    for token in [
        stranger.sign(claims),
        stranger.sign(claims, known),
        cloud.ISSUER.sign(claims | {"iss": "https://login.example.com"}),
        cloud.ISSUER.sign(claims | {"aud": "another-service"}),
        cloud.ISSUER.sign(claims | {"iat": claims["iat"] - 7200, "exp": claims["iat"] - 3600}),
    ]:
        assert look(stack, token) in TURNED_AWAY


def test_a_new_key_of_the_issuer_is_believed_without_a_deployment(stack):
    tenant = str(uuid.uuid4())
    following = issuer.Issuer(b"the next key, to be changed to..", cloud.ISSUER.name)
    assert look(stack, cloud.token("viewer", tenant)) == 200
    assert look(stack, following.token("viewer", tenant)) in TURNED_AWAY
    stack.issuer.keys = [cloud.ISSUER.jwk(), following.jwk()]
    try:
        end = time.monotonic() + PAUSE + 10
        while look(stack, following.token("viewer", tenant)) != 200:
            assert time.monotonic() < end, "the new key is not believed"
            time.sleep(1)
        assert look(stack, cloud.token("viewer", tenant)) == 200
    finally:
        stack.issuer.keys = [cloud.ISSUER.jwk()]
