"""What still has to be translated: compares the texts of the source with the Russian catalogues.

    python -m incubator.foundation.catalogue                 every text without a translation, by source file
    python -m incubator.foundation.catalogue people          of one feature only
    python -m incubator.foundation.catalogue people --po     the same as entries to paste into people.po

A tool for a checkout; exit status 1 when something is missing, unused or wrong.
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from incubator.foundation.locales import CATALOGUES, merge

ROOT = Path(__file__).resolve().parents[3]
SOURCE, TEMPLATES = ROOT / "src" / "incubator", ROOT / "templates"
RUSSIAN = CATALOGUES / "ru"

# Which positional argument is what: the context, the text, its plural.
CALLS: dict[str, tuple[int | None, int, int | None]] = {
    "_": (None, 0, None),
    "gettext": (None, 0, None),
    "N_": (None, 0, None),
    "Message": (None, 0, None),
    "Message.count": (None, 0, 1),
    "Message.within": (0, 1, None),
    "ngettext": (None, 0, 1),
    "pgettext": (0, 1, None),
    "npgettext": (0, 1, 2),
}
TEMPLATE_OPTIONS = {
    "extensions": "jinja2.ext.do",
    "newstyle_gettext": "true",
    "trimmed": "true",
    "silent": "false",
    "encoding": "utf-8",
}
PLACEHOLDER = re.compile(r"%\((\w+)\)s|(?<!\{)\{(\w+)\}(?!\})")


class Untranslatable(Exception):  # noqa: N818
    """A text is put together before it is translated, so no catalogue can hold it."""


# --- What the source says ---------------------------------------------------------------------------------------------


def template(source: Path = SOURCE, templates: Path = TEMPLATES) -> Catalog:
    """Every text of the source with the places where it stands; raises Untranslatable for one that isn't constant."""
    found = Catalog()
    for path in sorted(source.rglob("*.py")):
        _collect(found, path, _python(path))
    for path in sorted(p for p in templates.rglob("*") if p.suffix in {".html", ".txt"}):
        _collect(found, path, _jinja(path))
    return found


def _collect(found: Catalog, path: Path, texts: Iterable[tuple[int, str, list[str | None]]]) -> None:
    place = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
    for line, call, words in texts:
        context, one, many = (None if at is None or at >= len(words) else words[at] for at in CALLS[call])
        if one:
            found.add((one, many) if many else one, locations=[(place, line)], context=context)


def _python(path: Path) -> Iterator[tuple[int, str, list[str | None]]]:
    # Not Babel's extractor: it knows no methods, so `Message.count` would be every `.count(`.
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and (call := _call_name(node.func)) in CALLS:
            last = max(at for at in CALLS[call] if at is not None)
            yield node.lineno, call, [_constant(path, argument) for argument in node.args[: last + 1]]


def _call_name(function: ast.expr) -> str:
    """`Message.count` for `Message.count` and `i18n.Message.count`, `gettext` for `i18n.gettext`; "" for the rest."""
    names = ast.unparse(function).split(".") if isinstance(function, ast.Name | ast.Attribute) else [""]
    return ".".join(names[-2:]) if names[-2:-1] == ["Message"] else names[-1]


def _constant(path: Path, argument: ast.expr) -> str | None:
    if isinstance(argument, ast.Constant):
        return argument.value if isinstance(argument.value, str) else None
    if isinstance(argument, ast.JoinedStr | ast.BinOp | ast.IfExp | ast.BoolOp):
        raise Untranslatable(f"{path}:{argument.lineno}: {ast.unparse(argument)} is no constant text")
    return None  # a name: its text is marked with N_ where it stands


def _jinja(path: Path) -> Iterator[tuple[int, str, list[str | None]]]:
    with path.open("rb") as file:
        for line, call, words, _ in babel_extract(file, list(CALLS), (), TEMPLATE_OPTIONS):
            yield line, call, [words] if isinstance(words, str) else list(words or ())


# --- What the catalogues say ------------------------------------------------------------------------------------------


def feature(entry: Entry) -> str:
    """The catalogue an entry belongs to: that of its feature, `shared` for several or for the rooms above."""
    features = {_feature(place) for place, _ in entry.locations}
    return features.pop() if len(features) == 1 else "shared"


def _feature(place: str) -> str:
    parts = Path(place).parts[2:] if place.startswith("src") else Path(place).parts[1:]
    return parts[0] if len(parts) > 1 else "shared"


def missing(texts: Catalog, russian: Catalog) -> list[Entry]:
    """Texts without a translation, or with one that lacks a plural form."""
    return [entry for entry in texts if entry.id and not _translated(entry, russian.get(entry.id, entry.context))]


def _translated(entry: Entry, translation: Entry | None) -> bool:
    if translation is None or translation.fuzzy or bool(entry.pluralizable) != bool(translation.pluralizable):
        return False
    forms = _forms(translation)
    return all(forms) and len(forms) == (3 if entry.pluralizable else 1)


def unused(texts: Catalog, folder: Path = RUSSIAN) -> list[tuple[str, Entry]]:
    """Entries of each catalogue file that no source has any more, marked as obsolete ones (#~) included."""
    found = []
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            entries = read_po(file, locale=folder.name)
        dead = [entry for entry in entries if entry.id and texts.get(entry.id, entry.context) is None]
        found += [(path.name, entry) for entry in (*dead, *entries.obsolete.values())]
    return found


def misplaced(russian: Catalog) -> list[Entry]:
    """Translations whose placeholders are not those of the text; every plural form must show the number."""
    return [entry for entry in russian if entry.id and not _same_placeholders(entry)]


def _same_placeholders(entry: Entry) -> bool:
    wanted = placeholders(entry.id if isinstance(entry.id, str) else entry.id[-1])
    return all(placeholders(form) == wanted for form in _forms(entry) if form)


def placeholders(text: str) -> set[str]:
    """Names in `{name}` and `%(name)s`."""
    return {found[1] or found[2] for found in PLACEHOLDER.finditer(text)}


def _forms(entry: Entry) -> list[str]:
    return list(entry.string) if isinstance(entry.string, tuple | list) else [entry.string or ""]


# --- The command ------------------------------------------------------------------------------------------------------


def report(texts: Catalog, only: str | None = None) -> list[str]:
    """One line for each fault, under the file it stands in; empty when all is well."""
    russian, conflicts = merge(RUSSIAN)
    lines: list[str] = []
    previous = ""
    for entry in sorted(missing(texts, russian), key=lambda entry: entry.locations[0]):
        place, line = entry.locations[0]
        if only not in {None, feature(entry)}:
            continue
        if place != previous:
            lines.append(f"{place} -> {feature(entry)}.po")
            previous = place
        lines.append(f"  {line:4}  {entry.id!r}")
    lines += [f"{name}: unused: {entry.id!r}" for name, entry in unused(texts) if only in {None, Path(name).stem}]
    lines += [f"other placeholders: {entry.id!r} -> {entry.string!r}" for entry in misplaced(russian)]
    return lines + conflicts


def stubs(entries: Iterable[Entry]) -> str:
    """Entries to fill in and paste into a catalogue file."""
    catalogue, text = Catalog(locale="ru"), BytesIO()
    for entry in entries:
        catalogue.add(entry.id, locations=entry.locations[:1], context=entry.context)
    write_po(text, catalogue, width=120, omit_header=True)
    return text.getvalue().decode()


def main(arguments: list[str] | None = None) -> int:
    """Print what is missing, unused or wrong; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("feature", nargs="?", help="one feature only, such as people")
    parser.add_argument("--po", action="store_true", help="print entries to paste instead of a list")
    options = parser.parse_args(arguments)
    texts = template()
    if options.po:
        lacking = missing(texts, merge(RUSSIAN)[0])
        sys.stdout.write(stubs(entry for entry in lacking if options.feature in {None, feature(entry)}))
        return 0
    lines = report(texts, options.feature)
    sys.stdout.write(("\n".join(lines) or "Everything is translated.") + "\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
