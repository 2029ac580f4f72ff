"""One frozen settings object read from the environment; nothing else reads `os.environ`."""

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

PACKAGE = Path(__file__).resolve().parent


class OperatorError(Exception):
    """Something the operator can mend; the message is for a terminal and says what to do."""


class SettingsError(OperatorError):
    """A word of the environment can't be used; the message says what to write instead."""


def asset_folder(name: str) -> Path:
    """Folder of `templates`, `static` or `migrations`: inside an installed wheel, else in the checkout."""
    packaged = PACKAGE / "assets" / name
    return packaged if packaged.is_dir() else PACKAGE.parent.parent / name


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator decides. `database_url` is empty until the embedded server has started.

    `trusted_proxies` are the addresses, comma-separated, whose X-Forwarded-For and -Proto are believed. `clamd_url` is
    the socket of a virus scanner; without one files go out as they came in.
    """

    host: str
    port: int
    var: Path
    database_url: str
    redis_url: str
    smtp_url: str
    mail_from: str
    public_url: str
    secret_key: str
    workers: int
    trusted_proxies: str
    clamd_url: str = ""

    @property
    def https(self) -> bool:
        """Whether people reach the site over TLS; decides the cookie names and flags."""
        return self.public_url.startswith("https://")

    @property
    def origin(self) -> str:
        """Scheme, host and port of `public_url`, as browsers write it in `Origin`."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    def secret(self, purpose: str) -> bytes:
        """A 32-byte key of its own for each purpose, derived from SECRET_KEY."""
        return hashlib.sha256(f"{purpose}\0{self.secret_key}".encode()).digest()


def read(environment: Mapping[str, str]) -> Settings:
    """Settings from the words of `environment`; raises SettingsError with the word to mend."""
    host = environment.get("HOST", "127.0.0.1")
    port = _port(environment.get("PORT", "8000"))
    var = Path(environment.get("INCUBATOR_VAR", "var")).expanduser().absolute()
    public_url = environment.get("PUBLIC_URL", f"http://{_reachable(host)}:{port}").rstrip("/")
    if urlsplit(public_url).scheme not in {"http", "https"} or not urlsplit(public_url).netloc:
        raise SettingsError(f"PUBLIC_URL must be like https://incubator.example, not {public_url!r}")
    return Settings(
        host=host,
        port=port,
        var=var,
        database_url=_database(environment.get("DATABASE_URL", "")),
        redis_url=environment.get("REDIS_URL", ""),
        smtp_url=environment.get("SMTP_URL", ""),
        mail_from=environment.get("MAIL_FROM", f"incubator@{urlsplit(public_url).hostname}"),
        public_url=public_url,
        secret_key=environment.get("SECRET_KEY", "") or _kept_secret(var),
        workers=_workers(environment.get("WORKERS", "1")),
        trusted_proxies=environment.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1"),
        clamd_url=_scanner(environment.get("CLAMD_URL", "")),
    )


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return read(os.environ)


def _port(word: str) -> int:
    if not word.isdecimal() or not 0 < int(word) < 65536:
        raise SettingsError(f"PORT must be a number from 1 to 65535, not {word!r}")
    return int(word)


def _workers(word: str) -> int:
    if not word.isdecimal() or not 0 < int(word) <= 64:
        raise SettingsError(f"WORKERS must be a number from 1 to 64, not {word!r}")
    return int(word)


def _database(word: str) -> str:
    if word and urlsplit(word).scheme not in {"postgresql", "postgres"}:
        raise SettingsError("DATABASE_URL must be like postgresql://user:password@host:5432/incubator")
    return word


def _scanner(word: str) -> str:
    parts = urlsplit(word)
    if word and not (parts.path if parts.scheme == "unix" else parts.scheme == "tcp" and parts.hostname):
        raise SettingsError("CLAMD_URL must be like unix:/run/clamav/clamd.ctl or tcp://127.0.0.1:3310")
    return word


def _reachable(host: str) -> str:
    """What a browser on this machine types: a server bound to every address is reached by the loopback one."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104  (compared, not bound)
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _kept_secret(var: Path) -> str:
    """SECRET_KEY when none is set: made once and kept beside the data, so that sessions survive a restart."""
    path = var / "secret_key"
    try:
        if not path.exists():
            var.mkdir(parents=True, exist_ok=True)
            _write_once(path, secrets.token_urlsafe(48))
        return path.read_text()
    except OSError as error:
        raise SettingsError(
            f"{error.filename or path}: {error.strerror}. INCUBATOR_VAR must name a folder of your own, or set SECRET_KEY"
        ) from error


def _write_once(path: Path, text: str) -> None:
    """Whole or not at all, and the first of several processes wins: a link appears with its content."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
