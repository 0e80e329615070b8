"""Random secrets: shape, check sum and what is kept."""

import re

from archive.identity.secrets import ALPHABET, Prefix, encoded, hashed, is_secret, matches, new_secret


def test_a_secret_names_its_kind_and_carries_a_check_sum() -> None:
    for prefix in Prefix:
        secret = new_secret(prefix)
        assert re.fullmatch(prefix + "[0-9A-Za-z]{49}", secret)
        assert is_secret(prefix, secret)
        assert [other for other in Prefix if is_secret(other, secret)] == [prefix]


def test_each_changed_character_is_noticed() -> None:
    secret = new_secret(Prefix.ACCESS_TOKEN)
    for place in range(len(secret)):
        other = ALPHABET[(ALPHABET.find(secret[place]) + 1) % len(ALPHABET)]
        assert not is_secret(Prefix.ACCESS_TOKEN, secret[:place] + other + secret[place + 1 :])


def test_what_is_no_secret_is_refused_without_a_look_up() -> None:
    secret = new_secret(Prefix.SESSION)
    for text in ("", "x", secret[:-1], secret + "0", " " + secret, secret.replace(secret[10], "é")):
        assert not is_secret(Prefix.SESSION, text)


def test_secrets_do_not_repeat() -> None:
    assert len({new_secret(Prefix.LINK) for _ in range(1000)}) == 1000


def test_only_hashes_are_kept() -> None:
    secret = new_secret(Prefix.CLIENT_SECRET)
    assert secret not in encoded(secret)
    assert len(hashed(secret)) == 32
    assert matches(encoded(secret), secret)
    assert not matches(encoded(secret), new_secret(Prefix.CLIENT_SECRET))
