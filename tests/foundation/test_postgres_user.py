"""Under which user the embedded server runs when root starts it, and what ordinary users meet."""

import shutil
import stat
import sys
from pathlib import Path

import pytest

from incubator.foundation.postgres import embedded
from postgres_apps import (
    FAST,
    address_of,
    app,
    as_root,
    copy_packages,
    keep_word,
    ordinary,
    postmaster,
    run,
    wait_until_no_server,
    with_namespaces,
    without_namespaces,
)


@as_root
@with_namespaces
def test_root_keeps_the_files_and_the_parents_stay_closed(var: Path) -> None:
    var.parent.chmod(0o700)
    with embedded(var, FAST) as address:
        assert run(address, "SELECT 1") == 1
        assert (var / "pg" / "data").stat().st_uid == 0
    assert stat.S_IMODE(var.parent.stat().st_mode) == 0o700


@as_root
@with_namespaces
def test_root_without_namespaces_becomes_nobody(var: Path) -> None:
    with without_namespaces(var) as process:
        keep_word(address_of(process), "никто")
        nobody = (var / "pg" / "data").stat().st_uid
        assert nobody == Path(f"/proc/{postmaster(var)}").stat().st_uid != 0
        process.kill()
        process.wait()
    wait_until_no_server(var)
    with embedded(var, FAST) as address:  # later with namespaces: the data decides
        assert run(address, "SELECT word FROM kept") == "никто"
        assert Path(f"/proc/{postmaster(var)}").stat().st_uid == nobody


@as_root
@with_namespaces
def test_roots_data_goes_over_to_nobody_where_namespaces_are_gone(var: Path) -> None:
    with embedded(var, FAST) as address:
        keep_word(address, "переезд")
    with without_namespaces(var) as process:
        assert run(address_of(process), "SELECT word FROM kept") == "переезд"


@as_root
@with_namespaces
def test_nobody_gets_a_shelter_when_our_folder_is_closed(var: Path) -> None:
    var.parent.chmod(0o700)
    shelters = set(Path("/var/lib").glob("incubator-*"))
    try:
        with without_namespaces(var) as process:
            keep_word(address_of(process), "приют")
            shelter = (var / "pg" / "data").resolve().parent
            assert shelter.parent == Path("/var/lib")
        wait_until_no_server(var)
        with embedded(var, FAST) as address:
            assert run(address, "SELECT word FROM kept") == "приют"
        (var / "pg").rename(var / "pg.damaged")
        with without_namespaces(var) as process:  # moved away: an empty database, not the old one again
            assert run(address_of(process), "SELECT to_regclass('kept')") is None
        assert stat.S_IMODE(var.parent.stat().st_mode) == 0o700
    finally:
        wait_until_no_server(var)
        for made in set(Path("/var/lib").glob("incubator-*")) - shelters:
            shutil.rmtree(made)


@as_root
@with_namespaces
def test_binaries_out_of_reach_are_copied(var: Path) -> None:
    hidden = var / "hidden"
    copy_packages(hidden)
    hidden.chmod(0o700)
    shelters = set(Path("/var/lib").glob("incubator-*"))
    try:
        with without_namespaces(var, PYTHONPATH=str(hidden)) as process:
            assert run(address_of(process), "SELECT 1") == 1
            program = str(Path(f"/proc/{postmaster(var)}/exe").readlink())
            assert program.startswith("/var/lib/incubator-")
    finally:
        for made in set(Path("/var/lib").glob("incubator-*")) - shelters:
            shutil.rmtree(made)


@as_root
def test_an_ordinary_user(var: Path) -> None:
    prefix = ordinary(var)
    shutil.chown(var, "nobody")
    with app(var, prefix=prefix) as process:
        keep_word(address_of(process), "обычный")
        assert (var / "pg" / "data").stat().st_uid == var.stat().st_uid
        process.kill()
        process.wait()
    wait_until_no_server(var)
    with embedded(var, FAST) as address:  # root takes over, then gives back
        assert run(address, "SELECT word FROM kept") == "обычный"
    with app(var, prefix=prefix) as process:
        assert run(address_of(process), "SELECT word FROM kept") == "обычный"


@as_root
@pytest.mark.parametrize("locked", [".", "data"])
def test_an_ordinary_user_in_roots_folder_is_told(var: Path, locked: str) -> None:
    prefix = ordinary(var)
    (var / "pg" / "data").mkdir(parents=True)
    (var / "pg" / locked).chmod(0o700)
    (var / "pg" / "lock").touch()
    (var / "pg" / "lock").chmod(0o666)
    with app(var, prefix=prefix) as process:
        _, said = process.communicate(timeout=20)
    assert "Permission denied" in said
    assert "INCUBATOR_VAR" in said
    assert "Traceback" not in said


@as_root
@with_namespaces
def test_root_with_nowhere_to_go_is_told(var: Path) -> None:
    alone = (
        "unshare",
        "--user",
        "--map-root-user",
        "sh",
        "-c",
        'echo 0 >/proc/sys/user/max_user_namespaces; "$@"',
        "-",
    )
    with app(var, prefix=(*alone, sys.executable)) as process:
        _, said = process.communicate(timeout=20)
    assert "refuses to run as root" in said
    assert "DATABASE_URL" in said
    assert "Traceback" not in said
