"""S19: credentials are encrypted, rotated, and lost only with their key."""

import pytest
from cryptography.fernet import Fernet

from webapp.core.secrets import SecretUnreadable, Vault
from webapp.core.settings import SettingsError


def key() -> str:
    return Fernet.generate_key().decode()


def test_secret_when_stored_then_unreadable_in_the_column_and_whole_again_with_the_key() -> None:
    vault = Vault([key()])

    stored = vault.encrypt_fields({"consumer_key": "ck_1", "consumer_secret": "cs_planted"})

    assert "cs_planted" not in stored
    assert vault.decrypt_fields(stored) == {"consumer_key": "ck_1", "consumer_secret": "cs_planted"}


def test_secret_when_a_new_key_is_put_first_then_rotates_and_the_old_key_can_go() -> None:
    old, new = key(), key()
    stored = [Vault([old]).encrypt(f"secret {n}") for n in range(1000)]

    both = Vault([new, old])
    rotated = [both.rotate(token) for token in stored]

    alone = Vault([new])
    assert [alone.decrypt(token) for token in rotated] == [f"secret {n}" for n in range(1000)]


def test_secret_when_its_key_is_gone_then_one_sentence_says_what_to_do() -> None:
    stored = Vault([key()]).encrypt("secret")

    with pytest.raises(SecretUnreadable, match="KONTOR_CREDENTIAL_KEYS"):
        Vault([key()]).decrypt(stored)


def test_nothing_when_stored_then_stays_nothing() -> None:
    vault = Vault([key()])
    assert (vault.encrypt(""), vault.decrypt(""), vault.rotate(""), vault.decrypt_fields("")) == (
        "",
        "",
        "",
        {},
    )


@pytest.mark.parametrize("keys", [[], ["not a key"]])
def test_vault_when_the_keys_are_missing_or_wrong_then_settings_error(keys: list[str]) -> None:
    with pytest.raises(SettingsError, match="KONTOR_CREDENTIAL_KEYS"):
        Vault(keys)
