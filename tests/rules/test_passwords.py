"""S16 and S17 as far as they need no database: which passwords are taken, and how they are kept."""

import pytest

from webapp.auth import passwords
from webapp.auth.passwords import COMMON, PERSONAL, TOO_LONG, TOO_PLAIN, TOO_SHORT


@pytest.mark.parametrize(
    "password",
    [
        "four plain words here",
        "çok uzun bir cümle",
        "كلمة سر طويلة جدا",
        "Tr0ub4dor&3 and more",
        "x" * 5 + "yzabcdef" * 10,
        "my kontor of plain words in a row",
        "0123456789ab-no-list",
        "p" + "ä✓ö🙂" * 40,
    ],
)
def test_problems_when_the_password_is_long_and_uncommon_then_none(password: str) -> None:
    assert passwords.problems(password, email="ayse.demir@shop.example", name="Ayşe Demir") == []


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("", TOO_SHORT),
        ("elevenchars", TOO_SHORT),
        ("x" * 257, TOO_LONG),
        ("aaaaaaaaaaaa", TOO_PLAIN),
        ("abababababab", TOO_PLAIN),
        ("qwertyuiop123456", COMMON),
        ("password1234", COMMON),
        ("passwordpassword", COMMON),
        ("1234Password!!", COMMON),
        ("IloveYouiloveyou", COMMON),
        ("football2026", COMMON),
        ("kontor202611", PERSONAL),
        ("Kontor-Kontor!", PERSONAL),
        ("omnitron12345", PERSONAL),
        ("aysedemir2026", PERSONAL),
        ("AYŞEDEMİR 26!", PERSONAL),
    ],
)
def test_problems_when_the_password_is_weak_then_says_why(password: str, problem: str) -> None:
    assert passwords.problems(password, email="aysedemir@shop.example", name="Ayşe Demir") == [problem]


def test_problems_when_64_and_more_characters_then_taken() -> None:
    assert passwords.problems("abcdefgh" * 8) == []
    assert passwords.problems("abcdefgh" * 32) == []


def test_common_passwords_when_counted_then_at_least_three_thousand() -> None:
    assert len(passwords._common_passwords()) >= 3000


def test_hash_password_when_stored_then_argon2id_with_64_mib() -> None:
    stored = passwords.hash_password("four plain words here")

    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.verify("four plain words here", stored)
    assert not passwords.verify("four plain words her", stored)
    assert not passwords.needs_rehash(stored)


def test_verify_when_the_account_is_unknown_then_false_even_for_the_stand_in() -> None:
    assert not passwords.verify("nobody has this password", None)


def test_verify_when_the_stored_hash_is_damaged_then_false() -> None:
    assert not passwords.verify("four plain words here", "$argon2id$nonsense")


def test_verify_when_longer_than_any_password_then_false_although_its_beginning_fits() -> None:
    longest = "abcdefgh" * 32
    assert not passwords.verify(longest + "i", passwords.hash_password(longest))
