"""Use the archive over its API, under the same policy and the same audit as everyone."""

import io
import json
import mimetypes
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any

import click
import httpx

from archive.cli.api import ClientCredentials, SignedIn, checked, connected
from archive.cli.kept import Kept
from archive.cli.login import login, logout
from archive.cli.output import Row, json_option, meter, server_option, show
from archive.errors import ArchiveError, Invalid, NotSignedIn

TRANSCRIPT_TYPES = {".vtt": "text/vtt", ".srt": "application/x-subrip", ".json": "application/json"}

client_id_option = click.option(
    "--client-id", envvar="CALL_ARCHIVE_CLIENT_ID", show_envvar=True, help="Of a program.  [default: login]"
)
client_secret_option = click.option("--client-secret", envvar="CALL_ARCHIVE_CLIENT_SECRET", show_envvar=True)


def over_api(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say which archive, as whom."""
    for option in (client_secret_option, client_id_option, server_option):
        command = option(command)
    return command


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--metadata", help="JSON, or a file of JSON.  [default: started_at is the file's own time]")
@click.option(
    "--transcript", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="For one file."
)
@over_api
@json_option
def upload(
    files: Sequence[Path],
    metadata: str | None,
    transcript: Path | None,
    server: str,
    client_id: str | None,
    client_secret: str | None,
    as_json: bool,
) -> None:
    """Upload recordings."""
    if transcript and len(files) > 1:
        raise click.UsageError("--transcript goes with one file.")
    given = _metadata(metadata)
    rows: list[Row] = []
    try:
        with connected(server, _auth(server, client_id, client_secret)) as api:
            uploaded = [_try(api, file, given, transcript, rows) for file in files]
    finally:  # whatever ended it: what was uploaded is told
        show(rows, as_json, "Nothing was uploaded.")
    if not all(uploaded):
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--partner")
@click.option("--from", "since", help="Day, or RFC 3339 time.")
@click.option("--to", "until", help="Day, which counts whole, or RFC 3339 time.")
@over_api
@json_option
def search(
    words: Sequence[str],
    partner: str | None,
    since: str | None,
    until: str | None,
    server: str,
    client_id: str | None,
    client_secret: str | None,
    as_json: bool,
) -> None:
    """Search the calls that you may find."""
    asked = {"q": " ".join(words), "partner": partner, "from": _time(since), "to": _time(until, days=1)}
    with connected(server, _auth(server, client_id, client_secret)) as api:
        answer = api.get("/api/v1/search", params={name: value for name, value in asked.items() if value})
        found = checked(answer)
    show(found["items"] if as_json else [_row(item) for item in found["items"]], as_json, "No call found.")


USE: Sequence[click.Command] = (login, logout, upload, search)


def _auth(server: str, client_id: str | None, client_secret: str | None) -> httpx.Auth:
    """A program's credentials win over whoever signed in."""
    if client_id and client_secret:
        return ClientCredentials(client_id, client_secret)
    if client_id or client_secret:
        raise click.UsageError("--client-id and --client-secret go together.")
    return SignedIn(server.rstrip("/"), Kept())


def _try(
    api: httpx.Client, file: Path, given: dict[str, Any], transcript: Path | None, rows: list[Row]
) -> bool:
    """Adds what became of the file to the rows; what is wrong with the file itself leaves the next their turn."""
    try:
        call = _upload(api, file, given, transcript)
    except NotSignedIn:
        raise
    except ArchiveError as error:
        click.echo(f"{file}: {error.detail}", err=True)
        return False
    rows.append({"file": str(file), "id": call["id"], "state": call["state"], "url": call["url"]})
    return True


def _upload(api: httpx.Client, file: Path, given: dict[str, Any], transcript: Path | None) -> dict[str, Any]:
    began = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat()
    metadata = json.dumps({"started_at": began, **given})
    with file.open("rb", buffering=0) as audio:
        parts: dict[str, tuple[str | None, IO[bytes] | str | bytes, str]] = {
            "metadata": (None, metadata, "application/json"),
            "audio": (file.name, _Shown(audio, file.stat().st_size, meter(file.name)), _type(file)),
        }
        if transcript:
            parts["transcript"] = (transcript.name, transcript.read_bytes(), _type(transcript))
        return checked(api.post("/api/v1/calls", files=parts))


class _Shown(io.BufferedReader):
    """A file that shows how much of its `size` was read."""

    def __init__(self, file: io.FileIO, size: int, show_share: Callable[[float], None]) -> None:
        super().__init__(file)
        self._size, self._show_share, self._done = size, show_share, 0

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(size)
        self._done += len(chunk)
        self._show_share(min(1.0, self._done / max(self._size, 1)))
        return chunk


def _metadata(given: str | None) -> dict[str, Any]:
    if given is None:
        return {}
    try:
        metadata = json.loads(_contents(given))
    except json.JSONDecodeError as error:
        raise Invalid(f"--metadata is neither a file nor JSON: {error}.", field="metadata") from error
    if not isinstance(metadata, dict):
        raise Invalid("--metadata must be a JSON object.", field="metadata")
    return metadata


def _contents(given: str) -> str:
    try:
        return Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeError):  # JSON makes no file's name, least of all if it is long
        return given


def _time(given: str | None, days: int = 0) -> str | None:
    """RFC 3339. A day becomes its midnight on this machine, or the midnight `days` later."""
    try:
        day = date.fromisoformat(given or "") + timedelta(days)
    except (ValueError, OverflowError):  # the server says what is wrong with a time
        return given
    return datetime.combine(day, time()).astimezone().isoformat()


def _type(file: Path) -> str:
    known = TRANSCRIPT_TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0]
    return known or "application/octet-stream"


def _row(item: dict[str, Any]) -> dict[str, Any]:
    call, moments = item["call"], item["moments"]
    best = moments[0] if moments else None
    return {
        "call": call["title"],
        "at": f"{int(best['start']) // 60}:{int(best['start']) % 60:02d}" if best else None,
        "said": best["text"][:60] if best else None,
        "url": call["url"],
    }
