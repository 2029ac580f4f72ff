"""The words of the demo: teams and their cases from the data file, invented names, and answers to assignments."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from incubator.programmes.blueprint import FieldKind, FieldPlan, Position
from incubator.teams.cases import CaseText, Figure
from incubator.teams.municipalities import MunicipalityFacts, MunicipalityKind, regions

MEN = (  # noqa: SIM905  (lists of words read better as words)
    "Алексей Борис Вадим Георгий Денис Егор Захар Илья Кирилл Леонид Максим Никита Олег Павел Роман Степан Тимур Фёдор"
).split()
WOMEN = (  # noqa: SIM905
    "Анна Вера Галина Дарья Елена Жанна Зоя Ирина Ксения Лариса Мария Нина Ольга Полина Рита Софья Тамара Юлия"
).split()
SURNAMES = (  # noqa: SIM905
    "Ветров Лисин Снегов Рябов Ясенев Вьюгин Полев Кедров Мостов Заречнов Туманов Берёзин Горский Лугов Морозов Родников"
    " Соснин Тропин Утёсов Хлебников Чайкин Шорохов Щеглов Южин Яблоков Дубравин Еланский Жаворонков Зимин Ильменев"
    " Камышов Ледов Маяков Новосёлов Окунев Перелесков Ручьёв Светлов"
).split()
POSITIONS = (Position.DEPUTY_HEAD, Position.MUNICIPAL_EMPLOYEE, Position.HEAD, Position.MUNICIPAL_EMPLOYEE,
             Position.DEPUTY_HEAD)  # fmt: skip
JOBS = ("Заместитель главы по социальным вопросам", "Начальник отдела экономики", "Глава", "Ведущий специалист",
        "Заместитель главы по развитию")  # fmt: skip


def invented_name(number: int) -> str:
    """The name of the demo's nth person; none comes twice before the 684th."""
    lap, place = divmod(number, len(SURNAMES))
    surname, first = SURNAMES[place], (place * 7 + lap) % len(MEN)
    if number % 2:
        feminine = f"{surname[:-2]}ая" if surname.endswith("ий") else f"{surname}а"
        return f"{WOMEN[first]} {feminine}"
    return f"{MEN[first]} {surname}"


@dataclass(frozen=True, slots=True)
class TeamScript:
    """A team of the demo: where it comes from and what its case says."""

    name: str
    municipality: MunicipalityFacts
    case: CaseText


@cache
def teams() -> tuple[TeamScript, ...]:
    """The nineteen teams, from the data file beside this module."""
    document = tomllib.loads((Path(__file__).parent / "teams.toml").read_text(encoding="utf-8"))
    return tuple(_team(row) for row in document["teams"])


def _team(row: Mapping[str, Any]) -> TeamScript:
    prefix = row["oktmo"][:3] if row["oktmo"][:3] in regions() else row["oktmo"][:2]
    place = MunicipalityFacts(row["oktmo"], row["municipality"], MunicipalityKind(row["kind"]), regions()[prefix].name,
                              row["time_zone"])  # fmt: skip
    return TeamScript(row["name"], place, _case(row))


def _case(row: Mapping[str, Any]) -> CaseText:
    return CaseText(
        title=row["title"], problem=row["problem"], affected=row["affected"], expected_change=row["change"],
        indicators=tuple(_figure(cells) for cells in row["indicators"]), causes=tuple(row["causes"]),
        effects=tuple(row["effects"]),
    )  # fmt: skip


def _figure(cells: Sequence[str]) -> Figure:
    name, unit, year, source, baseline, target = cells
    return Figure(name, unit, int(year), source, _number(baseline), _number(target))


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


# Answers


@cache
def _document() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "answers.toml").read_text(encoding="utf-8"))


def answers(fields: Sequence[FieldPlan], case: CaseText, day: date, *, better: bool = False) -> dict[str, Any]:
    """A whole draft for an assignment, told from the team's case; `better` is the version after remarks."""
    words = _words(case)
    draft = {field.key: _answer(field, words, day) for field in fields if field.kind is not FieldKind.FILE}
    if better:
        long = next((field.key for field in fields if field.kind is FieldKind.LONG_TEXT), "")
        if long:
            draft[long] += " После замечаний уточнили: {figure_low} – {baseline} {unit}, {year} год.".format(**words)
    return draft


def _answer(field: FieldPlan, words: Mapping[str, str], day: date) -> Any:
    document = _document()
    match field.kind:
        case FieldKind.TABLE:
            return [[cell.format(**words) for cell in row] for row in document["tables"][field.key]]
        case FieldKind.NUMBER:
            return document["numbers"][field.key]
        case FieldKind.DATE:
            return (day + timedelta(days=14 if field.key == "starts" else 70)).isoformat()
        case FieldKind.CHOICE:
            return field.options[0]
        case _:
            return document["texts"][field.key].format(**words)[: field.limit or 300]


def _words(case: CaseText) -> dict[str, str]:
    """The case in pieces, as the answers name them."""
    groups = [group.strip(" .") for group in case.affected.split(",")]
    words = {
        "title": case.title, "problem": case.problem, "change": case.expected_change, "change_low": _low(case.expected_change),
        "cause": case.causes[0], "cause2": case.causes[1], "effect": case.effects[0], "effect_low": _low(case.effects[0]),
        "effect2": case.effects[1], "affected_first": groups[0], "affected_second": groups[1][:1].upper() + groups[1][1:],
        "figure_low": _low(case.indicators[0].name),
    }  # fmt: skip
    for number, figure in zip(("", "2"), case.indicators, strict=True):
        words |= {
            f"figure{number}": figure.name, f"unit{number}": figure.unit, f"year{number}": str(figure.year),
            f"source{number}": figure.source, f"baseline{number}": _shown(figure.baseline),
            f"target{number}": _shown(figure.target),
        }  # fmt: skip
    return words


def _shown(value: Decimal | None) -> str:
    return str(value).replace(".", ",")


def _low(text: str) -> str:
    return text[:1].lower() + text[1:]


REMARKS = (
    "Откуда это число? Назовите источник и год, иначе его оспорят на защите.",
    "Здесь названо следствие, а не причина. Спросите «почему» ещё два раза.",
    "Кто из жителей с этим не согласится? Добавьте их слова.",
    "Хорошо. Но как вы узнаете через месяц, что решение не работает?",
)
QUESTIONS = (
    "Что произойдёт, если вы не сделаете ничего?",
    "Кому выгодно, чтобы проблема осталась?",
    "Почему это до сих пор не решили те, кто был до вас?",
    "Кто уехал за последний год, и что его удержало бы?",
)
NOTES = ("Сильный руководитель, но решает за всех. Предложить, чтобы докладывали остальные.",)
SAMPLES = (
    (
        "Двор, в котором знакомятся",
        (
            "Выдуманный пример. В районе трёх пятиэтажек жители не знают соседей: на собрания приходят шестеро из двухсот."
            "\n\nРешение: летние субботы во дворе с общим столом и мастерской велосипедов; управляющая компания даёт сарай."
            "\n\nПилот: четыре субботы, приходили от 30 до 70 человек, собрание в сентябре набрало кворум."
        ),
    ),
    (
        "Приложение для записи к врачу",
        (
            "Выдуманный пример. Люди стоят в регистратуре по сорок минут.\n\nРешение: мобильное приложение за 4 млн рублей."
            "\n\nПилота не было: команда считает, что польза очевидна. Сколько людей записывается по телефону, не выяснено."
        ),
    ),
)
AWARD = "За смелость мысли"
AWARD_WORDS = "Команда не побоялась отказаться от первого решения, когда данные его не подтвердили."
MINUTES: dict[str, Any] = {
    "number": "1", "place": "Зал заседаний",
    "present": "Представители команд-участниц\nПредставители организатора программы",
    "notes": "Данные вымышлены.",
}  # fmt: skip
COMMENTS = (
    "Проблема доказана, решение вытекает из причин. Бюджет ещё сырой.",
    "Команда услышала замечания: видно, как изменился взгляд на проблему.",
    "Пилот проведён честно, неудача названа неудачей. Это редкость.",
)

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\nxref\n0 4\n0000000000 65535 f \n"
    b"0000000009 00000 n \n0000000053 00000 n \n0000000102 00000 n \ntrailer<</Size 4/Root 1 0 R>>\nstartxref\n164\n%%EOF\n"
)
"""An empty page: what stands for a team's presentation."""
