"""Credentials at rest: encrypted with the newest key, readable with any that is still configured."""

import json
from collections.abc import Mapping, Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app

from webapp.core.errors import Conflict
from webapp.core.settings import Settings, SettingsError


class SecretUnreadable(Conflict):
    """No configured key opens this secret: it was written with a key that has been taken away."""

    code = "secret_unreadable"


class Vault:
    """Encrypts and decrypts small secrets. The first key writes, all of them read."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise SettingsError(
                "KONTOR_CREDENTIAL_KEYS is not set: write at least one Fernet key (32 random bytes in URL-safe base64)."
            )
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise SettingsError(
                "KONTOR_CREDENTIAL_KEYS holds something that is no Fernet key (32 random bytes in URL-safe base64)."
            ) from None

    def encrypt(self, secret: str) -> str:
        """The secret as text for a column; empty stays empty."""
        return self._fernet.encrypt(secret.encode()).decode() if secret else ""

    def decrypt(self, token: str) -> str:
        """The secret of a column's text. Raises SecretUnreadable."""
        if not token:
            return ""
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise SecretUnreadable(
                "A stored secret cannot be opened with the keys in KONTOR_CREDENTIAL_KEYS. "
                "Put the key it was written with back, or enter the credentials again."
            ) from None

    def rotate(self, token: str) -> str:
        """The same secret, encrypted with the newest key. Raises SecretUnreadable."""
        if not token:
            return ""
        try:
            return self._fernet.rotate(token.encode()).decode()
        except InvalidToken:
            raise SecretUnreadable(
                "A stored secret cannot be opened with the keys in KONTOR_CREDENTIAL_KEYS."
            ) from None

    def encrypt_fields(self, fields: Mapping[str, str]) -> str:
        """Several named secrets as one text; none stays empty."""
        return self.encrypt(json.dumps(dict(fields), sort_keys=True)) if fields else ""

    def decrypt_fields(self, token: str) -> dict[str, str]:
        """What `encrypt_fields` was given. Raises SecretUnreadable."""
        text = self.decrypt(token)
        return dict(json.loads(text)) if text else {}


def current_vault() -> Vault:
    """The running application's vault. Raises SettingsError without KONTOR_CREDENTIAL_KEYS."""
    settings: Settings = current_app.extensions["kontor_settings"]
    return Vault(settings.credential_keys)
