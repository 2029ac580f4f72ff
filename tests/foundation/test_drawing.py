"""Templates compiled by us say what Jinja's own compiler makes of them."""

from typing import Any

import jinja2
import pytest
from markupsafe import Markup

from incubator.foundation import pages
from incubator.foundation.drawing import Generator

PIECES = {
    "escaped": "{{ bad }}{{ bad|upper }}{{ good }}{{ none }}{{ 7 }}{{ bad ~ good }}",
    "an unescaped part": "{% autoescape false %}{{ bad }}{% macro raw(x) %}{{ x }}{% endmacro %}{{ raw(bad) }}{% endautoescape %}",
    "macro": "{% macro m(a, b='<b>', c=a) %}[{{ a }}|{{ b }}|{{ c }}]{% endmacro %}"
    "{{ m(bad) }}{{ m(1, 2) }}{{ m(1, 2, 3) }}{{ m(1, c=2) }}{{ m(b=1, a=bad) }}{{ m(m(bad)) }}",
    "caller": "{% macro m(a, b=2) %}{{ a }}{{ b }}{% if caller is defined %}{{ caller() }}{% endif %}{% endmacro %}"
    "{{ m(1) }}{% call m(bad) %}{{ bad }}{% endcall %}{% call m(1, b=3) %}x{% endcall %}",
    "caller with words": "{% macro m() %}{{ caller(bad, 2) }}{% endmacro %}{% call(x, y=1) m() %}{{ x }}{{ y }}{% endcall %}",
    "kwargs": "{% macro m(a) %}{{ a }}{% for k, v in kwargs.items() %}{{ k }}={{ v }};{% endfor %}{% endmacro %}"
    "{{ m(1, x=bad, y=2) }}{{ m(1, class='c') }}{{ m(1) }}",
    "varargs": "{% macro m(a) %}{{ a }}{{ varargs|join(',') }}{% endmacro %}{{ m(1, bad, 3) }}{{ m(1) }}",
    "stars": "{% macro m(a, b, c=3) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(*[1, 2]) }}{{ m(1, **{'b': bad}) }}{{ m(*[1], **{'b': 2}) }}",
    "loops": "{% for x in [3, 1] recursive %}{{ loop.index }}{{ loop.cycle('a', 'b') }}{{ x }}"
    "{% set y = f(x) %}{{ y }}{% endfor %}{% set n = namespace(i=1) %}{{ n.i }}{{ range(3)|list }}{{ dict(a=bad).a }}",
    "methods": "{{ bad.replace('<', '>') }}{{ [bad, 'x'].index('x') }}{{ (f if true else none)(1) }}{{ f.__class__.__name__ }}",
    "blocks": "{% block a %}{{ self.b() }}{% endblock %}{% block b %}{{ bad }}{% endblock %}{% set s %}{{ bad }}{% endset %}{{ s }}",
    "filter block": "{% filter upper %}{{ bad }}{% endfilter %}",
}
VALUES: dict[str, Any] = {
    "bad": "<i>&'\"", "good": Markup("<u>&amp;</u>"), "none": None, "f": lambda *values: f"<{values}>",
}  # fmt: skip


def _both() -> tuple[jinja2.Environment, jinja2.Environment]:
    ours = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    ours.code_generator_class = Generator
    return ours, jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)


@pytest.mark.parametrize("name", PIECES)
def test_ours_says_what_jinja_says(name: str) -> None:
    ours, theirs = (each.from_string(PIECES[name]).render(VALUES) for each in _both())
    assert ours == theirs
    assert ours


@pytest.mark.parametrize(
    "text",
    [
        "{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}",
        "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}",
        "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, b=2) }}",
        "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}",
        "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
        "{{ nobody() }}",
        "{{ nobody }}",
        "{{ f.nothing() }}",
    ],
)
def test_the_same_mistakes_are_mistakes(text: str) -> None:
    raised = []
    for environment in _both():
        with pytest.raises((TypeError, jinja2.UndefinedError)) as fault:
            environment.from_string(text).render(VALUES)
        raised.append(fault.type)
    assert raised[0] is raised[1]


def test_our_pages_are_compiled_so() -> None:
    source = pages.environment().compile("{{ f(1) }}", raw=True)
    assert "context.call(" not in source
    assert "written(" in source


def test_no_function_of_our_templates_wants_the_context() -> None:
    """Such a function would get its first argument in the context's place."""
    wanting = [
        name
        for name, value in pages.environment().globals.items()
        if getattr(value, "jinja_pass_arg", None) is not None
    ]
    assert wanting == []
