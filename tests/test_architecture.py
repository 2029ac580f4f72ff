"""The house as CONTRIBUTING.md draws it: rooms, roles inside a room, sizes, and what an action is."""

import ast
import os
import shutil
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "incubator"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
# What has a folder with code and says in a contract which of its files build on which.
FEATURES = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
LONGEST_FILE = 400


def modules() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if "assets" not in path.parts)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[str]:
    """Full names of what a module imports, those inside functions too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_the_import_contracts_are_kept():
    run = subprocess.run(
        [ROOT / ".venv/bin/lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert run.returncode == 0, run.stdout[-3000:]


def test_every_feature_declares_the_order_of_its_files_and_leaves_none_out():
    inside = {name.removeprefix("incubator."): each for each in CONTRACTS for name in each.get("containers", ())}
    assert inside.pop("incubator")["exhaustive"]
    assert set(inside) == FEATURES
    assert all(each["exhaustive"] for each in inside.values())


def test_a_file_in_no_role_and_an_import_up_the_stairs_break_the_contracts(tmp_path):
    """The contracts are not empty words: a copy of the house in which somebody breaks them is refused."""
    shutil.copytree(SOURCE, tmp_path / "incubator", ignore=shutil.ignore_patterns("__pycache__", "locale"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    broken = tmp_path / "incubator"
    (broken / "teams/helping.py").write_text('"""Nobody knows what."""\n')
    with (broken / "moderation/rules.py").open("a") as rules:
        rules.write("from incubator.moderation import actions\n")
    with (broken / "jury/scoring.py").open("a") as scoring:
        scoring.write("import asyncpg\n")
    run = subprocess.run(
        [ROOT / ".venv/bin/lint-imports", "--no-cache"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode != 0
    refused = {line.removesuffix(" BROKEN") for line in run.stdout.splitlines() if line.endswith("BROKEN")}
    assert refused == {"inside teams", "inside moderation", "rules and scoring are pure"}


def test_only_pages_speak_http():
    """Litestar is known to the composition root, to the foundation's pages and to what is named web."""
    speakers = {
        path.relative_to(SOURCE).as_posix()
        for path in modules()
        if any(name.split(".")[0] == "litestar" for name in imported(path))
    }
    lower = {
        name for name in speakers if name.endswith(("rules.py", "tables.py", "actions.py", "queries.py", "scoring.py"))
    }
    assert not lower, lower


def test_no_feature_reaches_into_the_pages_of_another():
    for path in modules():
        feature = path.relative_to(SOURCE).parts[0]
        if feature not in FEATURES:
            continue
        for name in imported(path):
            parts = name.split(".")
            if len(parts) > 2 and parts[0] == "incubator" and parts[1] in FEATURES and parts[1] != feature:
                assert parts[2] != "web", f"{path.relative_to(SOURCE)} imports {name}"


HEAVY = ("docx", "lxml", "xlsxwriter", "segno", "typst", "numpy", "scipy", "arq", "python_calamine", "incubator.demo")


def test_what_few_requests_need_is_loaded_by_them():
    """Each would lie in the memory of every web process from its start: Word's library alone takes 15 MB."""
    code = "import sys; from incubator.app import create_app; create_app(); print(*sys.modules)"
    words = {**os.environ, "DATABASE_URL": "postgresql://127.0.0.1:9/none"}
    loaded = set(subprocess.check_output([sys.executable, "-c", code], env=words, text=True, cwd=ROOT).split())
    assert "incubator.jury.web" in loaded
    assert loaded & set(HEAVY) == set()


def test_there_is_no_drawer():
    names = {path.stem for path in modules()}
    assert not names & {"utils", "util", "helpers", "helper", "common", "misc", "base", "core"}


def test_no_file_is_too_long():
    files = [*modules(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")]
    long = {
        path.relative_to(ROOT).as_posix(): count
        for path in files
        if (count := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert not long, long


def functions() -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_functions_are_short():
    lengths = [node.end_lineno - node.lineno + 1 for node in functions() if node.end_lineno]
    assert statistics.median(lengths) <= 8
    assert statistics.quantiles(lengths, n=10)[-1] <= 25
    assert max(lengths) <= 60


def test_everything_public_says_what_it_is():
    for path in modules():
        module = tree(path)
        assert ast.get_docstring(module), path
        for node in module.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith(
                "_"
            ):
                assert ast.get_docstring(node), f"{path.relative_to(SOURCE)}: {node.name}"


def test_an_action_is_one_transaction():
    """Every public function of an `actions.py` opens a transaction, or says that it is a step or a job, or is a reader.

    What writes by one function of the database (`RECORD`, and nothing else) is a transaction by itself.
    """
    for path in modules():
        if path.name != "actions.py" or path.parent.name in {"journal", "notifications"}:
            continue
        for node in tree(path).body:
            if not isinstance(node, ast.AsyncFunctionDef) or node.name.startswith("_") or node.decorator_list:
                continue
            words = (ast.get_docstring(node) or "").lower()
            body = ast.unparse(node)
            # `open_cohort` and its like hand the whole of it to one private function.
            whole = "DB.transaction()" in body or any(f"await {name}(" in body for name in _private_transactions(path))
            assert whole or "step" in words or "job" in words, f"{path.parent.name}.{node.name}"


def _private_transactions(path: Path) -> set[str]:
    return {
        node.name
        for node in tree(path).body
        if isinstance(node, ast.AsyncFunctionDef)
        and node.name.startswith("_")
        and ("DB.transaction()" in ast.unparse(node) or "fetch_one(RECORD," in ast.unparse(node))
    }


def test_nothing_asks_the_wall_clock_in_rules_and_actions():
    for path in modules():
        if path.name in {"rules.py", "actions.py", "rights.py", "scoring.py"}:
            source = path.read_text()
            assert "datetime.now(" not in source, path
            assert "time.time(" not in source, path


ELSEWHERE = """
from incubator.piccolo_conf import APP_CONFIG, APP_REGISTRY, DB
APP_CONFIG.migrations_folder_path = {folder!r}
"""


def test_no_migration_is_missing(tmp_path):
    """The tables and the chain of migrations say the same; in a copy, for other tests read the folder meanwhile."""
    chain = tmp_path / "migrations"
    shutil.copytree(ROOT / "migrations", chain, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "elsewhere.py").write_text(ELSEWHERE.format(folder=str(chain)))
    environment = {**os.environ, "PICCOLO_CONF": "elsewhere", "PYTHONPATH": str(tmp_path)}
    before = set(chain.glob("*.py"))
    command = [ROOT / ".venv/bin/piccolo", "migrations", "new", "incubator", "--auto", "--auto_input=n", "--desc=test"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert "No changes detected" in run.stdout, run.stdout[-2000:] + run.stderr[-2000:]
    assert set(chain.glob("*.py")) == before


SHORT_SENTENCE = "what a workplace or a registry is called must not stand in what is committed"


def test_what_is_committed_speaks_of_the_product_alone():
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    if listing.returncode != 0:
        return  # an unpacked archive
    forbidden = (
        "py" + "pi.org",
        "python" + "hosted",
        "npm" + "js.",
        "debian.org" + "/debian",
        "/wo" + "rk/",
        "." + "library",
    )
    for name in listing.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".woff2", ".png", ".ico"} or not path.is_file() or name.startswith("static/vendor/"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not [word for word in forbidden if word in text], f"{name}: {SHORT_SENTENCE}"
