"""The API as a process of its own, without workers."""

import asyncio
import sys
from pathlib import Path

import httpx

from archive.bootstrap import connect
from archive.identity import manage
from archive.identity.manage import Giving, Registering
from archive.policy.actions import Action
from archive.settings import Settings, load
from tests.processes import Program, answers, free_port

ACTIONS = {Action.UPLOAD, Action.FIND, Action.READ_CALL, Action.DOWNLOAD, Action.READ_AUDIT}
SECONDS = 20


class Server:
    """`call-archive serve` on a folder; its queue is away, which uploads don't mind."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._settings = {"data": str(data), "redis": f"unix://{data}/none.sock", **settings}
        self.settings = load({}, **self._settings)
        self.program = Program("serve")

    def start(self) -> None:
        env = {f"ARCHIVE_{name.upper()}": value for name, value in self._settings.items()}
        command: list[str | Path] = [
            Path(sys.executable).with_name("call-archive"),
            "serve",
            "--port",
            str(self.port),
        ]
        self.program.start(
            command, answers(f"{self.url}/healthz"), env={"ARCHIVE_PUBLIC_URL": self.url, **env}
        )

    def client(self) -> httpx.Client:
        client = httpx.Client(base_url=self.url, timeout=SECONDS, trust_env=False)
        auth = asyncio.run(_prepare(self.settings))
        answer = client.post("/oauth/token", auth=auth, data={"grant_type": "client_credentials"})
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return client

    def memory(self, field: str) -> int:
        """Bytes; `VmHWM` is the most it ever held, `VmRSS` what it holds now."""
        status = Path(f"/proc/{self.program.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith(field))
        return int(line.split()[1]) * 1024

    def upload_head(self, client: httpx.Client, size: int) -> bytes:
        """The head of an upload of `size` bytes, and its body as far as the first byte of the recording."""
        head = (
            f"POST /api/v1/calls HTTP/1.1\r\nHost: localhost:{self.port}\r\nContent-Length: {size}\r\n"
            f"Content-Type: multipart/form-data; boundary=x\r\nAuthorization: {client.headers['Authorization']}\r\n\r\n"
        )
        return (head + '--x\r\nContent-Disposition: form-data; name="audio"\r\n\r\n').encode()

    def originals(self) -> list[Path]:
        return [path for path in (self.data / "recordings").rglob("*") if path.is_file()]


async def _prepare(settings: Settings) -> tuple[str, str]:
    giving = Giving(scope="all", actions=frozenset(ACTIONS))
    async with connect(settings) as parts:
        made = await manage.register(parts, manage.console("test"), Registering(name="crm"), giving)
        return made.integration.uid, made.secret or ""
