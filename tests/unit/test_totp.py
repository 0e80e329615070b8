"""One-time codes against the vectors of RFC 6238, and how they are typed; recovery codes; user agents in words."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from archive.identity import recovery
from archive.identity.devices import Device, device_of
from archive.identity.totp import STEP, address, code_of, grouped, new_secret, step_of

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),  # appendix B, SHA-1: the last six of its eight digits
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert code_of(SECRET, seconds // STEP) == code
    assert step_of(SECRET, code, at) == seconds // STEP


def test_the_steps_beside_the_present_one_count_and_no_others() -> None:
    now = datetime(2026, 3, 1, 12, 0, 15, tzinfo=UTC)
    present = int(now.timestamp()) // STEP
    code = code_of(SECRET, present)
    found = [step_of(SECRET, code, now + timedelta(seconds=STEP * off)) for off in (-2, -1, 0, 1, 2)]
    assert found == [None, present, present, present, None]


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666", "12345a", "²²²²²²"]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert step_of(SECRET, typed, datetime(2026, 3, 1, tzinfo=UTC)) is None


def test_a_code_may_be_typed_with_spaces() -> None:
    assert step_of(SECRET, " 287 082 ", datetime.fromtimestamp(59, UTC)) == 1


def test_a_secret_is_new_and_told_in_two_ways() -> None:
    secret = new_secret()
    assert secret != new_secret()
    assert len(base64.b32decode(secret)) == 20
    assert grouped(secret).replace(" ", "") == secret
    assert {len(group) for group in grouped(secret).split(" ")} == {4}
    told = address(secret, "jo@example.com")
    assert told.startswith("otpauth://totp/Call%20Archive:jo%40example.com?")
    assert {f"secret={secret}", "algorithm=SHA1", "digits=6", "period=30"} <= set(
        told.split("?")[1].split("&")
    )


def test_a_recovery_code_is_known_however_it_is_typed() -> None:
    code = "ABCD-EFGH-2345-WXYZ"
    for typed in ("abcd-efgh-2345-wxyz", "ABCDEFGH2345WXYZ", " abcd efgh 2345 wxyz "):
        assert recovery.hashed(typed) == recovery.hashed(code)
    assert recovery.hashed("ABCD-EFGH-2345-WXYA") != recovery.hashed(code)


MOZILLA = "Mozilla/5.0"
KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (f"{MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Device("Firefox", "Linux")),
        (
            f"{MOZILLA} (Windows NT 10.0; Win64; x64) {KHTML} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            Device("Edge", "Windows"),
        ),
        (
            f"{MOZILLA} (Linux; Android 10; K) {KHTML} Chrome/142.0.0.0 Mobile Safari/537.36",
            Device("Chrome", "Android"),
        ),
        (
            f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/26.0 Safari/605.1.15",
            Device("Safari", "macOS"),
        ),
        (
            f"{MOZILLA} (iPhone; CPU iPhone OS 18_6 like Mac OS X) {APPLE} CriOS/142.0 Mobile/15E148 Safari/604.1",
            Device("Chrome", "iPhone"),
        ),
        (
            f"{MOZILLA} (X11; CrOS x86_64 14541.0.0) {KHTML} Chrome/142.0.0.0 Safari/537.36",
            Device("Chrome", "ChromeOS"),
        ),
        (f"{MOZILLA} (X11; Linux x86_64) {KHTML} Strange/1 Safari/537.36", Device(None, "Linux")),
        ("curl/8.5.0", Device("curl", None)),
        ("something of its own", Device(None, None)),
        (None, Device(None, None)),
    ],
)
def test_a_device_is_told_as_far_as_it_is_certain(user_agent: str | None, device: Device) -> None:
    assert device_of(user_agent) == device
