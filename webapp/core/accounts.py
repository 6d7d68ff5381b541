"""PostgreSQL refuses to run as root; this finds a way for it that changes no folder of the user's.

First a user namespace: inside it root's files belong to an ordinary account. Where the system allows none (some
containers), an ordinary account and a folder of its own below /var/lib/kontor.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from webapp.core.settings import SettingsError

OWN_PLACE = Path("/var/lib/kontor")


@dataclass(frozen=True)
class Place:
    """Where PostgreSQL's binaries and data are, and as whom it runs (`uid` None: as we do, behind `prefix`)."""

    binaries: Path
    data: Path
    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def draft(self) -> Path:
        """An absent folder beside the data, for making a cluster in."""
        draft = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        return draft

    def write(self, path: Path, text: str) -> Path:
        """A file that only PostgreSQL's account may read."""
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)
        return path


def postgres_place(data: Path, binaries: Path) -> Place:
    """Where and as whom PostgreSQL runs for the data folder `data`. Raises SettingsError when there is no way."""
    if os.geteuid() != 0:
        return Place(binaries, data)
    if data.exists() and data.stat().st_uid != 0:
        owner = data.stat()
        return Place(binaries, data, uid=owner.st_uid, gid=owner.st_gid)
    account = _ordinary_account()
    own = OWN_PLACE / hashlib.sha256(bytes(data)).hexdigest()[:12]
    in_namespace = Place(binaries, data, _namespace(account))
    if not own.exists() and _runs(in_namespace):
        return in_namespace
    if data.exists():
        raise SettingsError(
            f"{data} was made inside a user namespace, which this system no longer allows: allow them again, "
            "run Kontor as the user who shall own the folder, or set DATABASE_URL."
        )
    return _own_place(own, binaries, account)


def _ordinary_account() -> pwd.struct_passwd:
    """`initdb` looks its user up by number, so the account must exist; `nobody` does on every system."""
    ordinary = [account for account in pwd.getpwall() if account.pw_uid != 0]
    if not ordinary:
        raise SettingsError(
            "PostgreSQL refuses to run as root and this system has no other account: add one, or set DATABASE_URL."
        )
    return min(ordinary, key=lambda account: (account.pw_name != "nobody", account.pw_uid))


def _namespace(account: pwd.struct_passwd) -> tuple[str, ...]:
    return ("unshare", "--user", f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}")


def _own_place(own: Path, binaries: Path, account: pwd.struct_passwd) -> Place:
    uid, gid = account.pw_uid, account.pw_gid
    try:
        OWN_PLACE.mkdir(parents=True, exist_ok=True)
        OWN_PLACE.chmod(0o755)
        own.mkdir(mode=0o700, exist_ok=True)
        os.chown(own, uid, gid)
        place = Place(binaries, own / "postgres", uid=uid, gid=gid)
        if not _runs(place):
            place = Place(_copied(binaries), own / "postgres", uid=uid, gid=gid)
        if _runs(place):
            return place
        reason = f"{account.pw_name} cannot run it from {OWN_PLACE} either"
    except OSError as error:
        reason = f"{OWN_PLACE} cannot be used ({error.strerror})"
    raise SettingsError(
        f"PostgreSQL refuses to run as root, this system allows no user namespaces, and {reason}: "
        "run Kontor as another user, or set DATABASE_URL."
    )


def _copied(binaries: Path) -> Path:
    """The binaries where every account can reach them; they find their libraries by the relative path they ship with."""
    package = binaries.parent.parent
    version = hashlib.sha256((binaries / "postgres").read_bytes()).hexdigest()[:12]
    target = OWN_PLACE / f"binaries-{version}"
    if not target.exists():
        draft = target.with_name(target.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        for folder in (package, package.with_name(package.name + ".libs")):
            if folder.exists():
                shutil.copytree(
                    folder, draft / folder.name, ignore=shutil.ignore_patterns("pginstall", "__pycache__")
                )
        for member in (draft, *draft.rglob("*")):
            member.chmod(0o755)  # Whatever the mask was when the wheel was unpacked.
        draft.rename(target)
    return target / package.name / binaries.parent.name / binaries.name


def _runs(place: Place) -> bool:
    try:
        tried = subprocess.run(
            [*place.prefix, str(place.binaries / "postgres"), "--version"],
            capture_output=True,
            check=False,
            cwd="/",
            user=place.uid,
            group=place.gid,
            extra_groups=None if place.uid is None else (),
        )
    except OSError:
        return False
    return tried.returncode == 0
