"""Find imports in a team's rules that can't work here, also where they run later.

An import at the top of a file fails when the file is imported, and says so. One
inside of a function fails when the rule is called, at night perhaps; ``check``
looks for those.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from _embedded import absence

#: What a statement may catch so that a missing module is no failure.
_CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def _catches_absence(statement: ast.Try) -> bool:
    """Return whether a handler of the statement catches a missing module."""
    for handler in statement.handlers:
        if handler.type is None:
            return True
        named = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if any(isinstance(name, ast.Name) and name.id in _CAUGHT for name in named):
            return True
    return False


def _is_for_types(test: ast.expr) -> bool:
    """Return whether a condition is ``TYPE_CHECKING``, which is false while rules run."""
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _names(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the modules that a statement imports, by the first part of their names."""
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    return [node.module.partition(".")[0]] if node.level == 0 and node.module else []


def _imports(node: ast.AST, later: bool) -> Iterator[tuple[int, str]]:
    """Yield line and module of each import below a node that runs later, in a function."""
    for child in ast.iter_child_nodes(node):
        # Imports are statements: a long sum is not looked into.
        if isinstance(child, ast.expr):
            continue
        if later and isinstance(child, (ast.Import, ast.ImportFrom)):
            for name in _names(child):
                yield child.lineno, name
        if isinstance(child, ast.If) and _is_for_types(child.test):
            yield from _imports(ast.Module(child.orelse, []), later)
        elif isinstance(child, ast.Try) and _catches_absence(child):
            below = [statement for handler in child.handlers for statement in handler.body]
            yield from _imports(ast.Module([*below, *child.orelse, *child.finalbody], []), later)
        else:
            is_function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
            yield from _imports(child, later or is_function)


def absent_imports(source: str | bytes, own: frozenset[str] = frozenset()) -> list[tuple[int, str]]:
    """Return the imports inside of functions that will fail, as lines and reasons.

    Parameters
    ----------
    source
        The text of a file of rules, which Python has compiled before.
    own
        Modules of the team that have the name of one that is missing.
    """
    found = []
    for line, name in _imports(ast.parse(source), later=False):
        reason = None if name in own else absence(name)
        if reason is not None:
            found.append((line, reason))
    return sorted(found)
