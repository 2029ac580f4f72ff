"""How templates become Python: Jinja's compiler, minus what our templates never ask of it.

Jinja asks at each call whether the callee wants the context, and at each macro and each output how far to escape. Here
no function wants the context (filters may: they go another way) and everything is escaped, so both are settled when a
template is compiled. It halves the time of a page made of many small parts.
"""

from keyword import iskeyword
from typing import Any

from jinja2 import nodes, runtime
from jinja2.compiler import CodeGenerator, Frame, MacroRef
from jinja2.environment import Environment
from jinja2.utils import missing
from markupsafe import Markup, escape

__all__ = ["Generator", "Macro", "written"]

HEADER = f"from {__name__} import Macro as DrawnMacro, written"


def written(value: Any) -> str:
    """What stands in the page for a value: itself if it is HTML already, else its text, escaped."""
    return value if type(value) is Markup else escape(value)


class Macro(runtime.Macro):
    """A macro that lays out its arguments without asking what was settled when it was compiled."""

    def __init__(self, environment: Environment, *of_jinja: Any) -> None:
        super().__init__(environment, *of_jinja)
        self.padding = [(missing,) * (self._argument_count - given) for given in range(self._argument_count + 1)]
        self.kind = Markup if self._default_autoescape else str
        self.plain = not (self.caller or self.catch_kwargs or self.catch_varargs)

    def __call__(self, *given: Any, **named: Any) -> str:
        """The macro's HTML."""
        if len(given) > self._argument_count or self.catch_varargs or self.explicit_caller:
            return super().__call__(*given, **named)
        if self.plain and not named:
            return str.__new__(self.kind, self._func(*given, *self.padding[len(given)]))
        rest = [named.pop(name, missing) for name in self.arguments[len(given) :]]
        if self.caller:
            caller = named.pop("caller", None)
            rest.append(self._environment.undefined("No caller defined", name="caller") if caller is None else caller)
        if self.catch_kwargs:
            rest.append(named)
        elif named:
            raise TypeError(f"macro {self.name!r} takes no keyword argument {next(iter(named))!r}")
        return str.__new__(self.kind, self._func(*given, *rest))


class Generator(CodeGenerator):
    """Writes calls as calls, and `written` and `Macro` of this module for Jinja's own."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802
        """The head of the module."""
        self.writeline(HEADER)
        super().visit_Template(node, frame)

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:  # noqa: N802
        """A call, spelled as one."""
        if any(iskeyword(argument.key) for argument in node.kwargs):
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        self.visit(node.node, frame)
        self.write("(")
        for argument in [*node.args, *node.kwargs]:
            self.visit(argument, frame)
            self.write(", ")
        if forward_caller:
            self.write("caller=caller, ")
        for stars, several in (("*", node.dyn_args), ("**", node.dyn_kwargs)):
            if several is not None:
                self.write(stars)
                self.visit(several, frame)
                self.write(", ")
        self.write(")")

    def macro_def(self, macro_ref: MacroRef, frame: Frame) -> None:
        """The object that stands for a macro."""
        self.write("Drawn")
        super().macro_def(macro_ref, frame)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile:
            self.write("written(")
        else:
            super()._output_child_pre(node, frame, finalize)
