"""Use the archive over its API, under the same policy and the same audit as everyone."""

import io
import json
import mimetypes
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import click
import httpx

from archive.cli.output import json_option, meter, show
from archive.errors import ArchiveError, Invalid, NotSignedIn

SECONDS = httpx.Timeout(60.0, connect=5.0)
TRANSCRIPT_TYPES = {".vtt": "text/vtt", ".srt": "application/x-subrip", ".json": "application/json"}

server_option = click.option(
    "--server",
    envvar="CALL_ARCHIVE_URL",
    show_envvar=True,
    default="http://localhost:8000",
    show_default=True,
)
client_id_option = click.option(
    "--client-id", envvar="CALL_ARCHIVE_CLIENT_ID", show_envvar=True, required=True
)
client_secret_option = click.option(
    "--client-secret", envvar="CALL_ARCHIVE_CLIENT_SECRET", show_envvar=True, required=True
)


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
    client_id: str,
    client_secret: str,
    as_json: bool,
) -> None:
    """Upload recordings."""
    if transcript and len(files) > 1:
        raise click.UsageError("--transcript goes with one file.")
    given = _metadata(metadata)
    rows, failed = [], False
    with _api(server, client_id, client_secret) as api:
        for file in files:
            try:
                call = _upload(api, file, given, transcript)
                rows.append({"file": str(file), "id": call["id"], "state": call["state"], "url": call["url"]})
            except ArchiveError as error:
                failed = True
                click.echo(f"{file}: {error.detail}", err=True)
    show(rows, as_json)
    if failed:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--partner")
@click.option("--from", "since", help="Date or RFC 3339 time.")
@click.option("--to", "until", help="Date or RFC 3339 time.")
@over_api
@json_option
def search(
    words: Sequence[str],
    partner: str | None,
    since: str | None,
    until: str | None,
    server: str,
    client_id: str,
    client_secret: str,
    as_json: bool,
) -> None:
    """Search the calls that you may find."""
    asked = {"q": " ".join(words), "partner": partner, "from": since, "to": until}
    with _api(server, client_id, client_secret) as api:
        answer = api.get("/api/v1/search", params={name: value for name, value in asked.items() if value})
        found = _checked(answer)
    show(found["items"] if as_json else [_row(item) for item in found["items"]], as_json, "No call found.")


USE: Sequence[click.Command] = (upload, search)


@contextmanager
def _api(server: str, client_id: str, client_secret: str) -> Iterator[httpx.Client]:
    """A client with a fresh access token. Its trouble reaches the user as one sentence."""
    try:
        with httpx.Client(base_url=server, timeout=SECONDS) as api:
            answer = api.post(
                "/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, client_secret)
            )
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                raise NotSignedIn("The archive doesn't accept this client id and secret.")
            api.headers["Authorization"] = f"Bearer {_checked(answer)['access_token']}"
            yield api
    except httpx.TransportError as error:
        raise ArchiveError(f"{server} can't be reached: {error}") from error


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
        return _checked(api.post("/api/v1/calls", files=parts))


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
    text = Path(given).read_text(encoding="utf-8") if Path(given).is_file() else given
    try:
        metadata = json.loads(text)
    except json.JSONDecodeError as error:
        raise Invalid(f"--metadata is neither a file nor JSON: {error}.", field="metadata") from error
    if not isinstance(metadata, dict):
        raise Invalid("--metadata must be a JSON object.", field="metadata")
    return metadata


def _type(file: Path) -> str:
    known = TRANSCRIPT_TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0]
    return known or "application/octet-stream"


def _checked(answer: httpx.Response) -> dict[str, Any]:
    """The answer's JSON. Raises `ArchiveError` with the problem's own words."""
    try:
        body = answer.json()
    except ValueError as error:
        raise ArchiveError(
            f"The server answered {answer.status_code}, and not as an archive does."
        ) from error
    if answer.is_error:
        raise ArchiveError(str(body.get("detail") or body.get("error_description") or body.get("title")))
    return dict(body)


def _row(item: dict[str, Any]) -> dict[str, Any]:
    call, moments = item["call"], item["moments"]
    best = moments[0] if moments else None
    return {
        "call": call["title"],
        "at": f"{int(best['start']) // 60}:{int(best['start']) % 60:02d}" if best else None,
        "said": best["text"][:60] if best else None,
        "url": call["url"],
    }
