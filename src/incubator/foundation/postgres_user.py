"""Under which user the embedded PostgreSQL runs: ours; for root, whom PostgreSQL refuses, one of two others.

Root's first choice is a user namespace, in which the same root looks like an ordinary user: no other account takes part
and the files stay root's. Where namespaces are forbidden (most containers) it is the user `nobody`.

The file is also the program that starts PostgreSQL: a fresh interpreter changes its identity, asks the kernel to be
ended with its parent, and becomes PostgreSQL. (Doing this between fork and exec of a threaded program may lock up.)
"""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

NEW_USER_NAMESPACE = 0x10000000  # CLONE_NEWUSER of <linux/sched.h>
SIGNAL_AT_PARENTS_DEATH = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}  # no PG… of the operator's shell reaches the server


class Identity(NamedTuple):
    """Who runs the server: `kind` is `self`, `namespace` or `user`; uid and gid are what the server itself sees."""

    kind: str
    uid: int
    gid: int

    @property
    def owner(self) -> int:
        """Uid of the server's files, as everyone else on the machine sees it."""
        return self.uid if self.kind == "user" else os.geteuid()

    def command(self, folder: Path, *words: str | Path) -> list[str]:
        """`words` as a command that runs under this identity in `folder`; without words it only tries to go there."""
        start = [sys.executable, "-I", "-S", __file__, str(os.getpid()), self.kind, str(self.uid), str(self.gid)]
        return [*start, str(folder), *map(str, words)]

    def reaches(self, folder: Path, *words: str | Path) -> bool:
        """Whether this identity can be had here, can enter `folder` and can run the command `words`."""
        command = self.command(folder, *words)
        return subprocess.run(command, capture_output=True, check=False, timeout=60, env=ENVIRONMENT).returncode == 0

    def take(self, tree: Path) -> None:
        """Give the folder (made if there is none) or file with all that is in it to this identity."""
        if not tree.exists():
            tree.mkdir(mode=0o700, parents=True)
        if tree.stat().st_uid != self.owner:
            for path in (tree, *tree.rglob("*")):
                os.chown(path, self.owner, -1, follow_symlinks=False)


def identities(owner: int | None) -> Iterator[Identity]:
    """Whom to try, best first, for data that belongs to the uid `owner` (None: there is no data yet)."""
    if os.geteuid() != 0:
        yield Identity("self", os.geteuid(), os.getegid())
    elif owner:
        yield Identity("user", owner, owner)
    else:
        # initdb wants a uid with a name; `daemon` exists everywhere, and inside the namespace it is only a mask.
        yield from (Identity("namespace", *account) for account in _accounts("daemon"))
        yield from (Identity("user", *account) for account in _accounts("nobody"))


def _accounts(name: str) -> Iterator[tuple[int, int]]:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return
    yield entry.pw_uid, entry.pw_gid


def main(words: Sequence[str]) -> None:
    """Change identity, tie our life to that of the process `parent`, enter the folder, become the command."""
    parent, kind, uid, gid, folder, *command = words
    if kind == "namespace":
        _enter_namespace(int(uid), int(gid))
    elif kind == "user":
        os.setgroups([])
        os.setresgid(int(gid), int(gid), int(gid))
        os.setresuid(int(uid), int(uid), int(uid))
    _end_with(int(parent))  # after the change of identity, which would undo it
    os.umask(0o077)
    os.chdir(folder)
    if command:
        os.execv(command[0], command)


def _enter_namespace(uid: int, gid: int) -> None:
    maps = {"setgroups": "deny", "uid_map": f"{uid} {os.geteuid()} 1", "gid_map": f"{gid} {os.getegid()} 1"}
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(NEW_USER_NAMESPACE) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace here")
    for name, line in maps.items():
        Path("/proc/self", name).write_text(line)


def _end_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SIGNAL_AT_PARENTS_DEATH, signal.SIGINT)
    if os.getppid() != parent:
        raise SystemExit("the parent is gone already")


if __name__ == "__main__":
    main(sys.argv[1:])
