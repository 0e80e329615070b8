"""An OpenID Connect provider that does as tests tell it: well as it stands, and badly in any way that they change.

Real HTTP on a port of this machine; no browser, because none of its faults are in its pages.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, Key, KeySet

CLIENT_ID = "archive"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
Claims = dict[str, Any]
Answer = tuple[int, bytes] | tuple[int, bytes, Mapping[str, str]]


class _Anything(jws.JWSRegistry):
    """Signs whatever the header says."""

    def check_header(self, header: Any) -> None: ...

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


class Misbehaving:
    """`now`: seconds since 1970. Tests change `metadata`; `keys`, the published ones; `person`, claims of who signs
    in; `makes_id_token`, which is given good claims; `says`, answers by path in place of its own. `asked` are the paths
    that were asked for, in order."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.now = now
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self.key: Key = new_key("first")
        self.keys: list[Key] = [self.key]
        self.metadata: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        self.person: Claims = {"sub": "ann", "name": "Ann Lee", "email": "ann@example.com", "groups": []}
        self.makes_id_token: Callable[[Claims], str] = self.sign
        self.says: dict[str, Callable[[], Answer]] = {}
        self.asked: list[str] = []
        self.redeemed: dict[str, str] = {}
        self._codes: dict[str, dict[str, str]] = {}

    def start(self) -> None:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # ---- what a browser does there ----

    def visit(self, address: str) -> dict[str, str]:
        """Sign in at the address that the archive sent the browser to; what the browser brings back."""
        assert address.startswith(f"{self.issuer}/authorize?")
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT_ID)
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return {"code": code, "state": asked["state"]}

    # ---- what it signs ----

    def claims(self, **changed: Any) -> Claims:
        """Good ones, but for what is changed; None leaves a claim out."""
        now = int(self.now())
        good = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, **self.person}
        return {name: value for name, value in {**good, **changed}.items() if value is not None}

    def access_claims(self, audience: str, **changed: Any) -> Claims:
        more = {"aud": audience, "client_id": "tool", "jti": "1", "scope": "find read_call"}
        return self.claims(**{**more, **changed})

    def logout_claims(self, **changed: Any) -> Claims:
        now = int(self.now())
        good = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": f"logout-{now}"}
        good |= {"sub": self.person["sub"], "events": {LOGOUT: {}}}
        return {name: value for name, value in {**good, **changed}.items() if value is not None}

    def sign(self, claims: Claims, key: Key | None = None, **header: Any) -> str:
        """A signed token; `header` changes its header, None leaves a parameter out."""
        key = key or self.key
        algorithm = {"EC": "ES256", "RSA": "RS256", "OKP": "EdDSA", "oct": "HS256"}[key.key_type]
        given = {"alg": algorithm, "kid": key.kid, "typ": "JWT", **header}
        protected = {name: value for name, value in given.items() if value is not None}
        return jws.serialize_compact(protected, json.dumps(claims), key, registry=_Anything())

    # ---- HTTP ----

    def answer(self, path: str, form: Mapping[str, str]) -> Answer:
        self.asked.append(path)
        if path in self.says:
            return self.says[path]()
        match path:
            case "/.well-known/openid-configuration":
                return 200, json.dumps(self.metadata).encode()
            case "/keys":
                return 200, json.dumps(KeySet(self.keys).as_dict(private=False)).encode()
            case "/token":
                return self._redeem(form)
        return 404, b""

    def _redeem(self, form: Mapping[str, str]) -> Answer:
        """A code counts once, with the verifier that its challenge is the hash of (RFC 7636, 4.6)."""
        asked = self._codes.get(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or form["code"] in self.redeemed or asked["code_challenge"] != challenge:
            return 400, b'{"error": "invalid_grant"}'
        token = self.makes_id_token(self.claims(nonce=asked["nonce"]))
        self.redeemed[form["code"]] = token
        body = {"access_token": "opaque", "token_type": "Bearer", "id_token": token}
        return 200, json.dumps(body).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(provider.answer(urlsplit(self.path).path, {}))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._send(
                    provider.answer(self.path, {name: each[0] for name, each in parse_qs(body).items()})
                )

            def _send(self, answer: Answer) -> None:
                status, body, *headers = answer
                self.send_response(status)
                for name, value in {
                    "Content-Length": str(len(body)),
                    **(headers[0] if headers else {}),
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Tests tell by themselves."""

        return Handler


def new_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})
