"""The strips of a score sheet: one of cells for each criterion."""

from functools import lru_cache
from typing import Any

from markupsafe import Markup

from incubator.foundation import pages
from incubator.foundation.forms import Form
from incubator.jury.rubric import anchors, choices, field_of, read_rubric
from incubator.programmes.blueprint import CriterionPlan


@lru_cache(maxsize=64)
def blank_strips(document: str, _locale: str) -> list[tuple[str, Markup]]:
    """Names and strips of a round's criteria without a mark. They are frozen, so each language draws them once."""
    return [(field_of(each), draw(each, Form.empty())) for each in read_rubric(document).criteria]


def draw(criterion: CriterionPlan, form: Form) -> Markup:
    """One strip with what `form` holds, its error too."""
    macros: Any = pages.environment().get_template("jury/_criterion.html").module
    drawn: Markup = macros.strip(form, criterion, field_of(criterion), choices(criterion), anchors(criterion))
    return drawn
