"""Every verb that any feature records has words, in both languages, and stands under one kind."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import incubator
from incubator.foundation.i18n import MOSCOW, speaking
from incubator.journal.actions import READERS
from incubator.jury.rules import ProposalKind
from incubator.reporting import words
from incubator.reporting.rules import KINDS, things

SOURCE = Path(incubator.__file__).parent
VERB = re.compile(r"[a-z_]+\.[a-z_]+")


# --- Which verbs there are: read from the source ------------------------------------------------------------------------


class Module:
    """The source of one file: its recorders (coroutines with a parameter `verb`), constant tables and imports."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.tables = {
            node.targets[0].id: node.value
            for node in self.tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Dict)
        }

        self.recorders = dict(self._recorders())
        self.imports = {  # bound name -> (module, name there)
            (each.asname or each.name): (node.module or "", each.name)
            for node in ast.walk(self.tree) if isinstance(node, ast.ImportFrom) for each in node.names
        }  # fmt: skip

    @property
    def name(self) -> str:
        return ".".join(("incubator", *self.path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")

    def _recorders(self) -> Iterator[tuple[str, int]]:
        """(name, place of the parameter `verb`) of every coroutine that has one."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.AsyncFunctionDef):
                names = [each.arg for each in (*node.args.args, *node.args.kwonlyargs)]
                if "verb" in names:
                    yield node.name, names.index("verb")

    def place(self, call: ast.Call, modules: dict[str, "Module"]) -> int | None:
        """At which place a call gives a verb; None when it calls no recorder."""
        if isinstance(call.func, ast.Name):
            where, name = self.imports.get(call.func.id, (self.name, call.func.id))
        elif isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            package, module = self.imports.get(call.func.value.id, ("", ""))
            where, name = f"{package}.{module}", call.func.attr
        else:
            return None
        return modules[where].recorders.get(name) if where in modules else None


def given(node: ast.Call, place: int) -> ast.expr | None:
    """What a call gives as `verb`."""
    named = next((word.value for word in node.keywords if word.arg == "verb"), None)
    return named if named is not None else node.args[place] if place < len(node.args) else None


def patterns(value: ast.expr | None, module: Module) -> list[str]:
    """The verbs that an expression can be, as patterns; a parameter `verb` is looked for where it is called."""
    if isinstance(value, ast.Constant):
        return [re.escape(value.value)]
    if isinstance(value, ast.JoinedStr):
        return [
            "".join(re.escape(part.value) if isinstance(part, ast.Constant) else "[a-z_]+" for part in value.values)
        ]
    if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name) and value.value.id in module.tables:
        return [
            re.escape(each.value) for each in module.tables[value.value.id].values if isinstance(each, ast.Constant)
        ]
    if isinstance(value, ast.IfExp):
        return patterns(value.body, module) + patterns(value.orelse, module)
    if isinstance(value, ast.Name) and value.id == "verb":
        return []
    raise AssertionError(
        f"{module.path}: the verb {ast.unparse(value) if value else None} can't be read from the source"
    )


@pytest.fixture(scope="module")
def recorded() -> set[str]:
    """Every verb, as a pattern."""
    modules = {module.name: module for module in map(Module, sorted(SOURCE.rglob("*.py")))}
    found: set[str] = set()
    for module in modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and (place := module.place(node, modules)) is not None:
                found.update(patterns(given(node, place), module))
    return {each for each in found if VERB.fullmatch(re.sub(r"\[a-z_\]\+", "x", each.replace("\\", "")))}


KNOWN = set(words.SIMPLE) | set(words.SPECIAL)


def test_the_source_is_read(recorded):
    """The reading itself works: verbs recorded in each of the ways that features have."""
    for verb in ("cohort.created", "cohort.closed", "submission.returned", "note.written", "sheet.handed_in", "file.attached",
                 "journal.read", "plan.module_added", "case.saved", "person.signed_in"):  # fmt: skip
        assert re.escape(verb) in recorded
    assert any("asked" in each and "[a-z_]+" in each for each in recorded)


def test_every_verb_has_words(recorded):
    without = {each for each in recorded if not any(re.fullmatch(each, verb) for verb in KNOWN)}
    assert not without, f"no words in reporting/words.py for: {sorted(without)}"


def test_all_words_are_of_a_verb(recorded):
    assert {verb for verb in KNOWN if not any(re.fullmatch(each, verb) for each in recorded)} == set()


@pytest.mark.parametrize("kind", ProposalKind)
@pytest.mark.parametrize("step", ["asked", "declined"])
def test_what_two_organisers_decide_has_words(kind, step):
    assert f"{kind}.{step}" in words.SIMPLE


def test_readers_wait_for_verbs_that_are_recorded(recorded):
    for verb in READERS:
        assert any(re.fullmatch(each, verb) for each in recorded), verb


def test_a_verb_stands_under_one_kind():
    all_things = [thing for _, group in KINDS.values() for thing in group]
    assert len(all_things) == len(set(all_things))
    assert {verb.partition(".")[0] for verb in KNOWN if not verb.startswith("person.signed")} <= set(all_things)
    assert things("work") == ("submission", "file")
    assert things("nonsense") is None


# --- What they say ------------------------------------------------------------------------------------------------------

FULL = {
    "title": "Доказательства", "name": "Весна", "number": 2, "receipt": "Р-7K3M-Q2", "revision": 2, "remarks": 3, "count": 2,
    "role": "juror", "subject": "Зоя Климова", "person": "Елена Мороз", "place": "Школа", "purpose": "Сверка", "version": 4,
    "round_name": "Защита", "until": "2027-03-14T08:00:00+00:00", "due_at": "2027-03-14T08:00:00+00:00", "teams": 2,
    "people": ["a", "b"], "missing": 1, "late": True, "overridden": True, "own": False,
}  # fmt: skip


@pytest.mark.parametrize("verb", sorted(KNOWN))
@pytest.mark.parametrize("facts", [FULL, {}], ids=["full", "empty"])
def test_a_sentence_in_both_languages(verb, facts):
    """Nothing is left unfilled, and an entry that kept nothing still reads."""
    said = {}
    for locale in ("ru", "en"):
        with speaking(locale, MOSCOW):
            said[locale] = str(words.sentence(verb, facts))
            assert not re.search(r"[{}]|None", said[locale])
    assert re.search("[а-яё]", said["ru"])
    assert said["ru"] != said["en"]


def test_what_changes_a_sentence():
    with speaking("ru", MOSCOW):
        assert str(words.sentence("submission.returned", {"title": "Доказательства", "revision": 1, "remarks": 2})) == (
            "возвращено на доработку «Доказательства», версия 1, 2 замечания"
        )
        assert str(words.sentence("submission.returned", {"title": "Доказательства", "revision": 1})) == (
            "возвращено на доработку «Доказательства», версия 1"
        )
        assert "после срока" in str(words.sentence("submission.sent", {"title": "x", "late": True}))
        assert "хотя" in str(words.sentence("team.advanced", {"title": "x", "overridden": True}))
        assert "не хватает 2 листов" in str(words.sentence("round.locked", {"round_name": "x", "missing": 2}))
        assert "нет" in str(words.sentence("conflict.declared", {"teams": 0}))
        assert "14\u00a0марта 2027, 11:00" in str(words.sentence("submission.extended", FULL))
        assert str(words.sentence("person.reset_asked", {"own": True})) == "запрошена ссылка для смены пароля"


def test_a_verb_of_another_version_is_shown_as_it_is():
    with speaking("en", MOSCOW):
        assert "tea.drunk" in str(words.sentence("tea.drunk", {}))


def test_what_people_typed_is_no_template():
    """Braces in a title stay braces."""
    with speaking("en", MOSCOW):
        assert "{verb}" in str(words.sentence("submission.drafted", {"title": "{verb} {0}"}))


@pytest.mark.parametrize("verb", sorted(words.REASONED))
def test_an_act_with_a_reason_tells_it(verb):
    """At the end of the sentence; entries of earlier versions, which kept none, end without it."""
    assert verb in KNOWN
    with speaking("ru", MOSCOW):
        told, untold = (str(words.sentence(verb, {**FULL, "reason": reason})) for reason in ("Заболел лидер", ""))
    assert told == f"{untold}. Причина: Заболел лидер"
