"""The main job, end to end. One text for both worlds: test_embedded.py and test_servers.py run it."""

import base64
import hashlib
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests import samples
from tests.integration.archives import Archive
from tests.integration.conftest import METADATA, TRANSCRIPT, WORDS, Uploaded
from tests.integration.deeds import settled, upload

LONG = 48 * 2**20
"""Bytes of a recording that takes a slow line longer than the archive needs to end its download."""

FAR = "01890000-0000-7000-8000-000000000000"
"""An id that no call has."""


class Chain:
    def test_an_uploaded_call_gets_ready(self, spoken: Uploaded) -> None:
        call = spoken.call
        assert (call["playable"], call["partner"], call["client"]["name"]) == (
            True,
            "Northwind",
            "Harbour Dental",
        )
        assert call["duration"] == pytest.approx(samples.CALL_SECONDS, abs=0.1)
        recording = call["recording"]
        assert (recording["sha256"], recording["bytes"]) == (spoken.sha256, len(spoken.original))
        assert (recording["codec"], recording["channels"], recording["sample_rate"]) == ("pcm_mulaw", 2, 8000)
        assert call["rendition"]["content_type"] == "audio/mp4"
        assert call["transcript"] == {"version": 1, "source": "imported"}

    def test_the_same_upload_again_is_the_same_call(self, crm: httpx.Client, spoken: Uploaded) -> None:
        again = upload(crm, spoken.original, **METADATA)
        assert (again.status_code, again.json()["id"]) == (200, spoken.id)
        other = upload(crm, spoken.original + b"\0", **METADATA)
        assert (other.status_code, other.json()["field"]) == (409, "external_id")

    def test_it_is_found_by_what_was_said(self, crm: httpx.Client, spoken: Uploaded) -> None:
        found = crm.get("/api/v1/search", params={"q": "perforated umbrella"}).json()
        assert found["degraded"] is None
        first = found["items"][0]
        assert first["call"]["id"] == spoken.id
        assert "umbrella" in first["moments"][0]["text"]
        assert first["moments"][0]["start"] == pytest.approx(WORDS[1][2], abs=0.01)

    def test_one_without_words_is_found_by_names_and_heard(
        self, crm: httpx.Client, wordless: Uploaded
    ) -> None:
        found = crm.get("/api/v1/search", params={"q": "lighthouse brewery"}).json()
        assert [item["call"]["id"] for item in found["items"]] == [wordless.id]
        assert wordless.call["playable"]
        assert wordless.call["transcript"] is None
        assert crm.get(f"/api/v1/calls/{wordless.id}/transcript").status_code == 404

    def test_the_words_come_in_four_formats(self, crm: httpx.Client, spoken: Uploaded) -> None:
        address = f"/api/v1/calls/{spoken.id}/transcript"
        own = crm.get(address, headers={"Accept": "application/json"}).json()
        assert [one["text"] for one in own["segments"]] == [text for *_, text in WORDS]
        assert own["language"] == TRANSCRIPT["language"]
        for wanted, start in (
            ("vtt", "WEBVTT"),
            ("srt", "1\n00:00:00,200 -->"),
            ("text", "[00:00:00] Anna: "),
        ):
            answer = crm.get(address, params={"format": wanted})
            assert answer.text.lstrip("\ufeff").startswith(start), wanted
            assert "perforated umbrella" in answer.text

    @pytest.mark.parametrize("what", ["original", "rendition"])
    def test_a_recording_is_taken_away_whole_and_in_ranges(
        self, crm: httpx.Client, spoken: Uploaded, what: str
    ) -> None:
        kept = spoken.call["recording" if what == "original" else "rendition"]
        address = f"/api/v1/calls/{spoken.id}/recording"
        whole = crm.get(address, params={"what": what})
        digest = hashlib.sha256(whole.content)
        assert (digest.hexdigest(), len(whole.content)) == (kept["sha256"], kept["bytes"])
        assert whole.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        ranges = [f"bytes={start}-{start + 9_999}" for start in range(0, len(whole.content), 10_000)]
        pieces = [crm.get(address, params={"what": what}, headers={"Range": wanted}) for wanted in ranges]
        assert {piece.status_code for piece in pieces} == {206}
        assert b"".join(piece.content for piece in pieces) == whole.content
        assert pieces[0].headers["Repr-Digest"] == whole.headers["Repr-Digest"]

    def test_the_manager_finds_it_hears_it_and_stands_in_the_log(
        self, manager: httpx.Client, auditor: httpx.Client, spoken: Uploaded
    ) -> None:
        found = manager.get("/api/v1/search", params={"q": "umbrella never arrived"}).json()
        assert [item["call"]["id"] for item in found["items"]] == [spoken.id]
        page = manager.get(f"/calls/{spoken.id}")
        assert (page.status_code, "perforated umbrella" in page.text) == (200, True)
        listen = _hear(manager, spoken)
        history = auditor.get(f"/api/v1/audit/calls/{spoken.id}").json()["items"]
        opened, closed = (
            next(event for event in history if event["type"] == kind and event["object"]["id"] == listen)
            for kind in ("listen.opened", "listen.closed")
        )
        assert (opened["actor"]["name"], opened["origin"]["address"]) == ("Maria", "127.0.0.1")
        assert (opened["time"] < closed["time"], closed["details"]["reported_ms"]) == (True, 5000)
        assert closed["details"]["delivered_bytes"] == spoken.call["rendition"]["bytes"]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", ""),
            ("GET", "/transcript"),
            ("GET", "/waveform"),
            ("GET", "/recording"),
            ("GET", "/recording?what=rendition"),
            ("GET", "/listens"),
            ("POST", "/listens"),
            ("POST", "/retry"),
            ("DELETE", ""),
        ],
    )
    def test_for_another_partners_manager_it_does_not_exist(
        self, stranger: httpx.Client, spoken: Uploaded, method: str, path: str
    ) -> None:
        foreign = stranger.request(method, f"/api/v1/calls/{spoken.id}{path}")
        nowhere = stranger.request(method, f"/api/v1/calls/{FAR}{path}")
        assert (foreign.status_code, foreign.json()) == (404, nowhere.json())

    def test_nor_does_it_for_their_pages_searches_and_lists(
        self, stranger: httpx.Client, manager: httpx.Client, spoken: Uploaded, wordless: Uploaded
    ) -> None:
        assert stranger.get(f"/calls/{spoken.id}").status_code == 404
        found = stranger.get("/api/v1/search", params={"q": "perforated umbrella"}).json()
        assert spoken.id not in {item["call"]["id"] for item in found["items"]}
        assert "Harbour Dental" not in str(stranger.get("/api/v1/search").json()["facets"])
        assert {call["id"] for call in stranger.get("/api/v1/calls").json()["items"]} == {wordless.id}
        listen = manager.post(f"/api/v1/calls/{spoken.id}/listens").json()
        assert stranger.get(listen["audio_url"], headers={"Range": "bytes=0-99"}).status_code == 404
        assert manager.delete(f"/api/v1/listens/{listen['id']}").status_code == 204

    def test_the_auditor_reads_the_log_and_hears_nothing(
        self, auditor: httpx.Client, spoken: Uploaded
    ) -> None:
        assert auditor.get("/audit").status_code == 200
        assert auditor.get("/api/v1/audit/events", params={"type": "call.uploaded"}).json()["items"]
        _hears_nothing(auditor, spoken)

    def test_the_administrator_sees_health_and_people_and_hears_nothing(
        self, administrator: httpx.Client, spoken: Uploaded
    ) -> None:
        for page in ("/system", "/people"):
            assert administrator.get(page).status_code == 200
        assert {"Maria", "Ada"} <= {
            one["name"] for one in administrator.get("/api/v1/people").json()["items"]
        }
        health = administrator.get("/readyz").json()
        assert (health["ready"], {one["state"] for one in health["components"]}) == (True, {"ok"})
        assert administrator.get("/api/v1/audit/events").status_code == 403
        _hears_nothing(administrator, spoken)

    def test_nobody_gets_in_without_a_token_or_a_session(self, archive: Archive, spoken: Uploaded) -> None:
        with archive.client() as nobody:
            for path in ("/api/v1/calls", "/api/v1/search", f"/api/v1/calls/{spoken.id}"):
                answer = nobody.get(path)
                assert answer.status_code == 401
                assert "resource_metadata=" in answer.headers["WWW-Authenticate"]
            assert nobody.get("/").status_code == 303

    def test_a_listen_belongs_to_the_session_that_opened_it(self, archive: Archive, spoken: Uploaded) -> None:
        email = archive.add_person("Mara", "partner_manager", "partner:Northwind")
        with archive.browser(email) as first, archive.browser(email) as second:
            listen = first.post(f"/api/v1/calls/{spoken.id}/listens").json()
            wanted = {"Range": "bytes=0-99"}
            assert first.get(listen["audio_url"], headers=wanted).status_code == 206
            assert second.get(listen["audio_url"], headers=wanted).status_code == 404

    def test_access_ends_with_the_person(self, archive: Archive, spoken: Uploaded) -> None:
        email = archive.add_person("Moritz", "partner_manager", "partner:Northwind")
        with archive.browser(email) as browser:
            listen = browser.post(f"/api/v1/calls/{spoken.id}/listens").json()
            assert archive.run("people", "disable", email).returncode == 0
            assert browser.get(listen["audio_url"], headers={"Range": "bytes=0-99"}).status_code == 401

    def test_a_download_in_flight_ends_with_its_program(
        self, archive: Archive, crm: httpx.Client, auditor: httpx.Client
    ) -> None:
        uid = upload(crm, bytes(LONG), external_id="long").json()["id"]
        with archive.integration("find,download") as program:
            client_id = archive.console("integrations", "list")[-1]["client_id"]
            with program.stream("GET", f"/api/v1/calls/{uid}/recording") as answer:
                pieces = answer.iter_raw(64 * 1024)
                got = len(next(pieces))
                assert archive.run("integrations", "revoke", client_id).returncode == 0
                revoked = time.monotonic()
                got += _until_it_breaks(pieces)
                assert time.monotonic() - revoked < 15
            assert {program.get("/api/v1/calls").status_code for _ in range(2)} == {401}  # at either process
        history = auditor.get(f"/api/v1/audit/calls/{uid}").json()["items"]
        delivered = next(event for event in history if event["type"] == "recording.delivered")
        assert delivered["outcome"] == "denied"
        assert got <= delivered["details"]["bytes"] < LONG

    def test_a_transcript_may_follow_later_and_is_found(self, crm: httpx.Client) -> None:
        made = upload(crm, samples.in_format("ogg-opus"), partner="Adventure", external_id="later").json()
        assert settled(crm, made["id"])["state"] == "ready"
        words = b"WEBVTT\n\n00:01.000 --> 00:03.000\n<v Ina>The zeppelin docked.\n"
        put = crm.put(
            f"/api/v1/calls/{made['id']}/transcript", content=words, headers={"Content-Type": "text/vtt"}
        )
        assert put.status_code == 200, put.text
        assert settled(crm, made["id"])["transcript"]["version"] == 1
        found = crm.get("/api/v1/search", params={"q": "zeppelin"}).json()
        assert [item["call"]["id"] for item in found["items"]] == [made["id"]]

    def test_what_was_heard_shows_to_the_listener_and_to_compliance(
        self, archive: Archive, manager: httpx.Client, spoken: Uploaded
    ) -> None:
        listen = _hear(manager, spoken)
        own = manager.get(f"/api/v1/calls/{spoken.id}/listens").json()["items"]
        assert listen in {item["id"] for item in own}
        # From here on, giving speech takes a second person: nobody else is added after her.
        with archive.browser(archive.add_person("Carla", "compliance", "all")) as compliance:
            all_of_them = compliance.get(f"/api/v1/calls/{spoken.id}/listens").json()["items"]
        assert listen in {item["id"] for item in all_of_them}


class BadInput:
    """What nobody should send: kept, named, and the next call goes through."""

    @pytest.mark.parametrize(
        ("name", "audio", "code"),
        [
            ("text", b"Dear archive, please find the recording attached.\n" * 40, "not_audio"),
            ("page", b"<!doctype html><title>Not found</title>" * 40, "not_audio"),
            ("playlist", b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n", "playlist"),
            ("random", bytes(range(256)) * 64, "not_audio"),
            ("empty", b"", "empty"),
            ("truncated", b"", "truncated"),
        ],
    )
    def test_what_is_no_recording_fails_with_a_plain_reason(
        self, crm: httpx.Client, name: str, audio: bytes, code: str
    ) -> None:
        data = _cut_off() if name == "truncated" else audio
        answer = upload(crm, data, external_id=f"bad-{name}")
        assert answer.status_code == 201, answer.text
        call = settled(crm, answer.json()["id"])
        assert (call["state"], call["playable"]) == ("failed", False)
        assert (call["failure"]["code"], call["failure"]["retryable"]) == (code, False)
        assert call["failure"]["detail"].endswith(".")
        kept = crm.get(f"/api/v1/calls/{call['id']}/recording").content
        assert kept == data

    def test_and_the_next_call_is_ready(self, crm: httpx.Client) -> None:
        upload(crm, b"not audio at all", external_id="before-the-next")
        answer = upload(crm, samples.in_format("m4a-aac"), external_id="next")
        assert settled(crm, answer.json()["id"])["state"] == "ready"

    def test_a_transcript_that_does_not_parse_stores_nothing(self, crm: httpx.Client) -> None:
        broken = b"WEBVTT\n\n00:01.000 --> never\nHello\n"
        answer = upload(crm, samples.in_format("mp3-cbr"), ("text/vtt", broken), external_id="unparsed")
        assert (answer.status_code, answer.json()["line"]) == (422, 3), answer.text
        assert crm.get("/api/v1/calls", params={"external_id": "unparsed"}).json()["items"] == []

    @pytest.mark.parametrize(
        ("metadata", "field"),
        [
            ({"starts_at": "2026-11-02T09:14:00Z"}, "starts_at"),
            ({"started_at": "yesterday"}, "started_at"),
            ({"kind": "fax"}, "kind"),
            ({"client": {"name": ""}}, "client.name"),
        ],
    )
    def test_wrong_metadata_is_named(self, crm: httpx.Client, metadata: dict[str, Any], field: str) -> None:
        answer = upload(crm, samples.in_format("mp3-cbr"), external_id="unnamed", **metadata)
        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert crm.get("/api/v1/calls", params={"external_id": "unnamed"}).json()["items"] == []


def _hear(person: httpx.Client, uploaded: Uploaded) -> str:
    """The listen's id: opened, all of its sound fetched by ranges, five seconds reported, closed."""
    listen = person.post(f"/api/v1/calls/{uploaded.id}/listens", json={"reason": "A complaint"}).json()
    total, sound = uploaded.call["rendition"]["bytes"], b""
    while len(sound) < total:
        piece = person.get(listen["audio_url"], headers={"Range": f"bytes={len(sound)}-"})
        assert piece.status_code == 206, piece.text
        sound += piece.content
    assert hashlib.sha256(sound).hexdigest() == uploaded.call["rendition"]["sha256"]
    played = {"start": 1.0, "end": 6.0, "at": "2026-11-22T10:00:00Z", "wall": 5.0}
    progress = person.post(f"/api/v1/listens/{listen['id']}/progress", json={"played": [played]})
    assert progress.status_code == 204, progress.text
    assert person.delete(f"/api/v1/listens/{listen['id']}").status_code == 204
    return str(listen["id"])


def _until_it_breaks(pieces: Iterator[bytes]) -> int:
    """Bytes that come over a slow line before it breaks: a fast one has all before anybody could end it."""
    got = 0
    try:
        for piece in pieces:
            got += len(piece)
            time.sleep(0.01)
    except httpx.RemoteProtocolError:
        return got
    raise AssertionError("The download came to its end.")


def _hears_nothing(person: httpx.Client, uploaded: Uploaded) -> None:
    address = f"/api/v1/calls/{uploaded.id}"
    assert person.post(f"{address}/listens").status_code == 404
    for path in ("", "/transcript", "/recording", "/waveform"):
        assert person.get(f"{address}{path}").status_code == 404
    assert person.get("/api/v1/search", params={"q": "perforated umbrella"}).json()["items"] == []
    assert person.get("/api/v1/calls").json()["items"] == []


def _cut_off() -> bytes:
    whole = samples.in_format("wav-pcm16").read_bytes()
    return whole[: len(whole) // 2]
