"""An issuer of tokens on this machine, for tests: a key, what is published of it, tokens signed with it.

    python tools/issuer.py events      writes the tokens of events/authorizer/ anew, with their fixed key and times

As a library: `Issuer(seed)` signs; `Served(issuer)` publishes on loopback what OpenID Connect Discovery wants, until it is
closed. It needs `cryptography` (.venv-peers).
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import pathlib
import re
import sys
import threading
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEED = ROOT / "tests" / "src" / "scenario" / "tokens.rs"
# As crates/local/src/issuer.rs has them.
NAME, AUDIENCE = "http://127.0.0.1:3000", "capstan"


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(value: dict) -> str:
    """A header or claims, as tokens hold them."""
    return encode(json.dumps(value, separators=(",", ":"), sort_keys=True).encode())


def seed_of_events() -> bytes:
    """What the key of the events' tokens comes of, from where the tests have it."""
    found = re.search(r'SEED_OF_KEY: &\[u8; 32\] = b"([^"]{32})";', SEED.read_text())
    if not found:
        sys.exit(f"{SEED.relative_to(ROOT)} has no SEED_OF_KEY: the events' tokens are signed with it")
    return found[1].encode()


class Issuer:
    """A key (Ed25519) and what is signed with it."""

    def __init__(self, seed: bytes, name: str = NAME):
        self.name = name
        self.key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        self.public = self.key.public_key().public_bytes(*raw)
        thumbprint = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": encode(self.public)}, separators=(",", ":"))
        self.kid = encode(hashlib.sha256(thumbprint.encode()).digest())

    def jwk(self) -> dict:
        """The public key."""
        return {"kty": "OKP", "crv": "Ed25519", "x": encode(self.public), "kid": self.kid, "alg": "EdDSA", "use": "sig"}

    def sign(self, claims: dict, header: dict | None = None) -> str:
        """A token with these claims."""
        signed = f"{part(header or {'alg': 'EdDSA', 'typ': 'JWT', 'kid': self.kid})}.{part(claims)}"
        return f"{signed}.{encode(self.key.sign(signed.encode()))}"

    def token(self, role: str, tenant: str, subject: str = "grace", **claims) -> str:
        """A caller's token, good for an hour; claims given beside it take the place of its own."""
        now = int(time.time())
        own = {"iss": self.name, "aud": AUDIENCE, "sub": subject, "role": role, "tenant": tenant, "iat": now}
        return self.sign(own | {"exp": now + 3600} | claims)

    def renamed(self, token: str) -> str:
        """A token by this key with this issuer's name in it; any other stays as it is."""
        try:
            header, claims, signature = token.split(".")
            if encode(self.key.sign(f"{header}.{claims}".encode())) != signature:
                return token
            read = lambda text: json.loads(base64.urlsafe_b64decode(text + "=="))  # noqa: E731
            claims = read(claims)
            return self.sign(claims | {"iss": self.name if claims.get("iss") == NAME else claims.get("iss")}, read(header))
        except ValueError:
            return token


    def renamed_in(self, value: object) -> object:
        """A value of JSON with every token in it renamed."""
        token = re.compile(r"(?<=Bearer )[\w-]+\.[\w-]+\.[\w-]*")
        return json.loads(token.sub(lambda found: self.renamed(found[0]), json.dumps(value)))


class Served:
    """An issuer that can be asked on loopback. `keys` is what it publishes, and may be changed; `asked` what it was."""

    def __init__(self, issuer: Issuer, port: int = 0):
        self.asked: list[str] = []
        self.keys = [issuer.jwk()]
        self.away = False
        served = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                served.asked.append(self.path)
                documents = {
                    "/.well-known/openid-configuration": {
                        "issuer": issuer.name,
                        "jwks_uri": f"{issuer.name}/keys",
                        "authorization_endpoint": f"{issuer.name}/authorize",
                        "token_endpoint": f"{issuer.name}/token",
                    },
                    "/keys": {"keys": served.keys},
                }
                known = documents.get(self.path)
                body = json.dumps(known).encode()
                self.send_response(503 if served.away else 200 if known else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        issuer.name = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        """Stops it."""
        self.server.shutdown()
        self.server.server_close()


# ---- the events

BEGAN = 1767225600  # 2026-01-01T00:00:00Z, when the events' worlds begin
TENANT = "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b"


def tokens_of_events() -> dict[str, list[str]]:
    """By the name of the event, the tokens of its header."""
    import hmac

    issuer, stranger = Issuer(seed_of_events()), Issuer(b"somebody else's, for these tests")
    claims = {"iss": NAME, "aud": AUDIENCE, "sub": "ada", "role": "admin", "tenant": TENANT, "iat": BEGAN, "exp": BEGAN + 3600}
    header = {"alg": "EdDSA", "typ": "JWT", "kid": issuer.kid}
    good = issuer.sign(claims)
    signature = good.rsplit(".", 1)[1]
    grace = claims | {"sub": "grace", "role": "super_admin"}
    less = {name: value for name, value in claims.items() if name != "tenant"}
    confused = f"{part(header | {'alg': 'HS256'})}.{part(claims)}"
    by_public = encode(hmac.new(issuer.public, confused.encode(), hashlib.sha256).digest())
    old = {"iat": BEGAN - 7200, "exp": BEGAN - 3600}
    return {
        "admin": [good],
        "header-in-lower-case": [good],
        "super-admin": [issuer.sign(grace)],
        "viewer-denied": [issuer.sign(claims | {"sub": "vic", "role": "viewer"})],
        "groups": [issuer.sign(claims | {"role": ["staff", "viewer", "admin", "on-call"]})],
        "expired-token": [issuer.sign(claims | old)],
        "token-of-tomorrow": [issuer.sign(claims | {"iat": BEGAN + 3600, "exp": BEGAN + 7200})],
        "token-for-ever": [issuer.sign(claims | {"exp": BEGAN + 10 * 365 * 86400})],
        "foreign-token": [issuer.sign(claims | {"iss": "https://login.example.com"})],
        "other-audience": [issuer.sign(claims | {"aud": "another-service"})],
        "forged-token": [stranger.sign(claims, header)],
        "unknown-key": [stranger.sign(claims)],
        "tampered-token": [f"{part(header)}.{part(claims | {'role': 'super_admin'})}.{signature}"],
        "unsigned-token": [f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."],
        "public-key-as-secret": [f"{confused}.{by_public}"],
        "key-in-the-header": [stranger.sign(claims, header | {"jwk": stranger.jwk(), "kid": stranger.kid})],
        "key-name-that-is-a-path": [stranger.sign(claims, header | {"kid": "../../../../dev/null"})],
        "oversized-token": [issuer.sign(claims | {"padding": "x" * 4096})],
        "token-without-tenant": [issuer.sign(less)],
        "unknown-role": [issuer.sign(claims | {"role": "root"})],
        "two-tokens": [good, issuer.sign(grace)],
    }


def write_events():
    """Puts the tokens into the events; a new event is made after `admin.json`."""
    folder = ROOT / "events" / "authorizer"
    like = json.loads((folder / "admin.json").read_text())
    for name, tokens in tokens_of_events().items():
        file = folder / f"{name}.json"
        event = json.loads(file.read_text()) if file.exists() else json.loads(json.dumps(like))
        for headers, many in (("headers", False), ("multiValueHeaders", True)):
            given = [header for header in event[headers] if header.lower() == "authorization"]
            for header, token in zip(given, tokens, strict=True):
                event[headers][header] = [f"Bearer {token}"] if many else f"Bearer {token}"
        file.write_text(json.dumps(event, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] != ["events"]:
        sys.exit(__doc__)
    write_events()
