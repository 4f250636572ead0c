"""How many small faults in `bot/domain` the unit tests notice: a sample, the same each time.

Each fault is one changed operator, constant or result, put in at import: no file is touched. The
sample is the places whose hash is smallest, so an edit elsewhere leaves it as it is. For each
fault the test files run that use its module most, in a process of their own.
"""

from __future__ import annotations

import argparse
import ast
import copy
import hashlib
import importlib.abc
import importlib.util
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
FILES, SECONDS = 6, 120
QUIETLY = (
    *("-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=thorough"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # others' packages are there already
)
SLOW_TO_IMPORT = ("hypothesis", "pydantic", "httpx", "structlog", "redis.asyncio")
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One place of a module, by its number in the order of `ast.walk`, and what is done to it."""

    path: Path
    line: int
    node: int
    change: str
    rank: str


def faults(path: Path) -> Iterator[Fault]:
    """All that can be made wrong in a module's functions."""
    text = (ROOT / path).read_text()
    lines, seen = text.splitlines(), dict[str, int]()
    tree = ast.parse(text)
    within = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in outer.body
        for inner in ast.walk(statement)
    }
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in within and (change := _change(node)):
            line: int = node.lineno  # type: ignore[attr-defined]  # all that _change knows have one
            place = f"{path} {lines[line - 1].strip()} {change}"
            seen[place] = seen.get(place, 0) + 1
            rank = hashlib.sha256(f"{place} {seen[place]}".encode()).hexdigest()
            yield Fault(path, line, number, change, rank)


def _change(node: ast.AST) -> str:
    match node:
        case ast.Compare(ops=[operator]) | ast.BoolOp(op=operator) | ast.BinOp(op=operator):
            other = SWAPS.get(type(operator))
            return f"{type(operator).__name__} -> {other.__name__}" if other else ""
        case ast.UnaryOp(op=ast.Not()):
            return "no not"
        case ast.Constant(value=bool() | int()):
            return "another constant"
        case ast.Return(value=ast.expr()):
            return "no result"
    return ""


def spoil(fault: Fault) -> str:
    """The module with the fault."""
    tree = ast.parse((ROOT / fault.path).read_text())
    found = list(ast.walk(tree))[fault.node]
    match found:
        case ast.Compare():
            found.ops = [SWAPS[type(found.ops[0])]()]  # type: ignore[list-item]  # alike
        case ast.BoolOp() | ast.BinOp():
            found.op = SWAPS[type(found.op)]()  # type: ignore[assignment]  # alike
        case ast.UnaryOp():
            found.op, found.operand = ast.Not(), ast.UnaryOp(ast.Not(), copy.copy(found.operand))
        case ast.Constant(value=bool(value)):
            found.value = not value
        case ast.Constant(value=int(value)):
            found.value = value + 1
        case ast.Return():
            found.value = ast.Constant(None)
    return ast.unparse(ast.fix_missing_locations(tree))


def users(path: Path) -> list[str]:
    """The test files that use most of the module; its own, by the name, first.

    After them come those that use the modules which use it.
    """
    tests = _importers(path, "tests/unit/test_*.py")
    for module in _importers(path, "bot/**/*.py"):
        tests += _importers(module, "tests/unit/test_*.py")
    return [str(ROOT / test) for test in dict.fromkeys(tests)][:FILES]


def _importers(path: Path, pattern: str) -> list[Path]:
    module = ".".join(path.with_suffix("").parts)
    ranks = []
    for file, imported in _imports(pattern).items():
        names = [name for source, name in imported if module in (source, f"{source}.{name}")]
        if names:
            ranks.append((path.stem not in file.stem, -len(names), file))
    return [file for *_, file in sorted(ranks)]


@cache
def _imports(pattern: str) -> Mapping[Path, Sequence[tuple[str | None, str]]]:
    """Module and name of whatever each file imports from somewhere."""
    return {
        file.relative_to(ROOT): [
            (node.module, alias.name)
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        ]
        for file in ROOT.glob(pattern)
    }


class Spoiled(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the module with the fault in the place of the real one."""

    def __init__(self, fault: Fault) -> None:
        self._name = ".".join(fault.path.with_suffix("").parts)
        self._path, self._text = ROOT / fault.path, spoil(fault)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, self._path, loader=self)

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._text, str(self._path), "exec"), vars(module))


def noticed(fault: Fault | None, tests: list[str]) -> bool:
    """Whether a test fails, or they do not end in time; nobody notices where there is none."""
    if not tests:
        return False
    child = os.fork()
    if not child:
        signal.alarm(SECONDS if fault else 10 * SECONDS)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        if fault:
            sys.meta_path.insert(0, Spoiled(fault))
        os._exit(pytest.main([*QUIETLY, *tests]))
    return os.waitpid(child, 0)[1] != 0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--places", type=int, default=300)
    parser.add_argument("--only", default="", help="a part of a module's path")
    asked = parser.parse_args()
    modules = sorted(path.relative_to(ROOT) for path in (ROOT / "bot" / "domain").rglob("*.py"))
    every = [fault for path in modules if asked.only in str(path) for fault in faults(path)]
    sample = sorted(every, key=lambda fault: fault.rank)[: asked.places]
    for name in SLOW_TO_IMPORT:
        importlib.import_module(name)
    if noticed(None, sorted({file for fault in sample for file in users(fault.path)})):
        raise SystemExit("The tests fail without a fault already.")
    missed = 0
    for fault in sample:
        if not noticed(fault, users(fault.path)):
            missed += 1
            print(f"{fault.path}:{fault.line}  {fault.change}", flush=True)
    print(f"noticed: {len(sample) - missed} of {len(sample)} faults; {len(every)} could be made")


if __name__ == "__main__":
    main()
