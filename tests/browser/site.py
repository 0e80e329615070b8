"""A running archive with a few calls and a person of each kind, for the browser: the program itself, from outside."""

import io
import json
import math
import struct
import subprocess
import sys
import time
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct

from tests.processes import Program, answers, free_port

COMMAND = Path(sys.executable).with_name("call-archive")
PASSWORD = "a long sentence for tests"
READY_SECONDS = 60
RATE = 8_000

PEOPLE: Mapping[str, tuple[str, str, str]] = {
    "manager": ("Maria Lund", "partner_manager", "partner:Northwind"),
    "auditor": ("Otto Audit", "auditor", "all"),
    "admin": ("Ada Admin", "administrator", "all"),
    "compliance": ("Carla Comp", "compliance", "all"),  # last: from then on it takes two to let somebody hear
}

LINES = [
    ("Priya Nair", 0, 0.4, "Good morning, Northwind service, how can I help?"),
    ("Harbour Dental", 1, 4.0, "The refund you promised three weeks ago never arrived."),
    ("Priya Nair", 0, 9.0, "I am sorry. May I have the number on the letter?"),
    ("Harbour Dental", 1, 14.0, "Four seven one one. So when will it come?"),
    ("Priya Nair", 0, 20.0, "I will see to the refund today and call you back before six."),
    ("Harbour Dental", 1, 26.0, "Thank you. I shall wait for your call then."),
]
SECONDS = 32


class Site(Struct, frozen=True):
    """`calls` are ids by name: refund, other, voicemail, broken."""

    url: str
    calls: Mapping[str, str]

    def email(self, who: str) -> str:
        return f"{who}@example.com"


class Archive:
    """`call-archive up` on an empty folder, filled through its own front doors."""

    def __init__(self) -> None:
        self._program = Program("site")
        self._data = self._program.folder / "data"
        self._url = ""

    def start(self) -> Site:
        port = free_port()
        self._url = f"http://localhost:{port}"
        env = {"ARCHIVE_PUBLIC_URL": self._url}
        command: list[str | Path] = [COMMAND, "up", "--data", self._data, "--port", str(port)]
        self._program.start(command, answers(f"{self._url}/healthz"), end="TERM", env=env)
        calls = self._fill()
        for who, (name, role, scope) in PEOPLE.items():
            self._manage(
                "people", "add", f"{who}@example.com", "--name", name, "--role", role, "--scope", scope
            )
        return Site(self._url, calls)

    def stop(self) -> None:
        self._program.stop()

    def _manage(self, *words: str) -> str:
        extra = ["--password-stdin"] if words[0] == "people" else []
        done = subprocess.run(
            [COMMAND, *words, *extra, "--data", self._data, "--json"],
            input=PASSWORD + "\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _fill(self) -> dict[str, str]:
        actions = "upload,find,read_call"
        made = json.loads(
            self._manage("integrations", "add", "Phone system", "--actions", actions, "--scope", "all")
        )
        with httpx.Client(base_url=self._url, trust_env=False, timeout=30) as client:
            token = client.post(
                "/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(made["client_id"], made["client_secret"]),
            )
            client.headers["authorization"] = f"Bearer {token.json()['access_token']}"
            calls = {name: _upload(client, *what) for name, what in _recordings().items()}
            for uid in calls.values():
                _wait(client, uid)
        return calls


def _recordings() -> dict[str, tuple[bytes, dict[str, Any], dict[str, Any] | None]]:
    agent = {"name": "Priya Nair", "email": "priya@example.com"}
    northwind = {"partner": "Northwind", "agent": agent, "direction": "inbound", "labels": ["complaint"]}
    refund = {**northwind, "client": {"name": "Harbour Dental", "phone": "+44 20 7946 0018"}}
    refund |= {"started_at": "2026-11-02T09:14:00Z", "channels": ["agent", "client"], "note": "Wrote twice."}
    other = {"partner": "Contoso", "client": {"name": "Lakeview Hotel"}, "started_at": "2026-10-20T15:00:00Z"}
    voicemail = {**northwind, "client": {"name": "Ines Marchetti"}, "kind": "voicemail"}
    voicemail |= {"started_at": "2026-11-05T18:02:00Z"}
    broken = {**northwind, "client": {"name": "Bellweather"}, "started_at": "2026-11-06T08:00:00Z"}
    spoken = {"language": "en", "segments": [_segment(*line) for line in LINES]}
    return {
        "refund": (_tones(SECONDS, 2), refund, spoken),
        "other": (
            _tones(12, 1),
            other,
            {"segments": [_segment("Client", 0, 1.0, "Our refund is late too.")]},
        ),
        "voicemail": (_tones(8, 1), voicemail, None),
        "broken": (b"this is no recording " * 50, broken, None),
    }


def _segment(speaker: str, channel: int, start: float, text: str) -> dict[str, Any]:
    words = text.split()
    timed = [
        {"text": word, "start": round(start + 0.4 * at, 2), "end": round(start + 0.4 * at + 0.35, 2)}
        for at, word in enumerate(words)
    ]
    end = timed[-1]["end"]
    return {"speaker": speaker, "channel": channel, "start": start, "end": end, "text": text, "words": timed}


def recording(seconds: int) -> bytes:
    """A WAV of so many seconds, mono."""
    return _tones(seconds, 1)


def _tones(seconds: int, channels: int) -> bytes:
    """A WAV whose channels hum by turns of two seconds."""
    samples = (
        int(9000 * math.sin(at * (0.2 + 0.1 * channel))) if (at // (2 * RATE)) % channels == channel else 0
        for at in range(seconds * RATE)
        for channel in range(channels)
    )
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return made.getvalue()


def _upload(
    client: httpx.Client, audio: bytes, metadata: dict[str, Any], transcript: dict[str, Any] | None
) -> str:
    files: dict[str, tuple[str, bytes, str]] = {
        "metadata": ("metadata", json.dumps(metadata).encode(), "application/json"),
        "audio": ("call.wav", audio, "audio/wav"),
    }
    if transcript:
        files["transcript"] = ("call.json", json.dumps(transcript).encode(), "application/json")
    answer = client.post("/api/v1/calls", files=files)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _wait(client: httpx.Client, uid: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while client.get(f"/api/v1/calls/{uid}").json()["state"] not in {"ready", "failed"}:
        assert time.monotonic() < deadline, f"{uid} was not processed in time"
        time.sleep(0.1)
