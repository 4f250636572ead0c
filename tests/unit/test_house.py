"""The house itself: dependencies, locks, package data, and the rules no other tool holds."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from tests.sources import ROOT, modules, tree

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.lock", "requirements-dev.lock")


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def direct_dependencies() -> set[str]:
    groups = PROJECT["dependency-groups"].values()
    grouped = [entry for group in groups for entry in group if isinstance(entry, str)]
    return {name_of(entry) for entry in [*PROJECT["project"]["dependencies"], *grouped]}


def locked(lock: str) -> dict[str, str]:
    """Names and versions of a lock file."""
    text = (ROOT / lock).read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_says_what_to_install_and_never_from_where(lock: str) -> None:
    """No index, no host, no path of a machine: only names, versions, markers and hashes."""
    allowed = re.compile(
        r"#.*|[a-z0-9-]+==[^\s/:]+( ; [^/:]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
    )
    wrong = [line for line in (ROOT / lock).read_text().splitlines() if not allowed.fullmatch(line)]
    assert wrong == []
    assert "://" not in (ROOT / lock).read_text()


def test_every_direct_dependency_is_locked_once_and_alike() -> None:
    """Going from the demo to the tests adds packages and changes none."""
    runtime, development = (locked(lock) for lock in LOCKS)
    assert direct_dependencies() <= development.keys()
    assert {name_of(entry) for entry in PROJECT["project"]["dependencies"]} <= runtime.keys()
    assert runtime.items() <= development.items()


def test_every_direct_dependency_has_its_reason_in_the_docs() -> None:
    """docs/dependencies.md has a row for each, and for nothing else."""
    text = (ROOT / "docs" / "dependencies.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    assert sorted(rows) == sorted(direct_dependencies())


def imported(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def test_the_domain_imports_the_standard_library_alone() -> None:
    """The import rules name the libraries that are used today; this one holds for any."""
    for module in [*modules("bot/domain"), ROOT / "bot" / "errors.py"]:
        for name in imported(module):
            ours = name.startswith(("bot.domain", "bot.errors"))
            assert ours or name.split(".")[0] in sys.stdlib_module_names, f"{module}: {name}"


def test_nothing_can_read_a_format_that_executes() -> None:
    """What comes from the store or the network is JSON: no module of ours can unpickle or eval."""
    formats = "pickle|cloudpickle|dill|jsonpickle|marshal|shelve|yaml|code"
    executes = re.compile(
        rf"^\s*(?:import|from)\s+(?:{formats})\b|(?<![.\w])(?:eval|exec|compile|__import__)\(", re.M
    )
    for module in modules("bot", "adapters"):
        assert not executes.search(module.read_text()), module


def test_an_audit_entry_names_its_action_by_type() -> None:
    """What hangs on an action (boards, other systems) hears of it only under its one name."""
    written = [
        (str(module), call.lineno)
        for module in modules("bot", "adapters")
        if "AuditEntry(" in module.read_text()
        for call in ast.walk(tree(module))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "AuditEntry"
        if isinstance(call.args[2], ast.Constant | ast.JoinedStr)
    ]
    assert written == []


def test_every_folder_says_what_lives_there() -> None:
    """The docstring of an `__init__.py` tells what belongs into the folder and what does not."""
    folders = {path.parent for path in modules("bot", "adapters", "sandbox", "tests", "tools")}
    for folder in folders:
        docstring = ast.get_docstring(tree(folder / "__init__.py"))
        assert docstring, folder
        assert len(docstring.splitlines()) >= 3, folder


def test_a_folder_has_at_most_ten_modules() -> None:
    """More are looked through, not found: a subject among them wants a folder of its own."""
    paths = modules("bot", "adapters", "sandbox")
    many = Counter(path.parent for path in paths if not path.name.startswith("__"))
    assert {str(folder.relative_to(ROOT)): n for folder, n in many.items() if n > 10} == {}


def test_the_product_does_not_mention_the_sandbox() -> None:
    """Not one line of the product knows that it may be running in a pretend world."""
    knowing = [
        str(path.relative_to(ROOT))
        for path in modules("bot", "adapters")
        if "sandbox" in path.read_text().lower()
    ]
    assert knowing == []


def test_whatever_a_tool_is_told_to_overlook_has_its_reason_on_the_line() -> None:
    """`type: ignore[code]  # why`, `noqa: CODE - why`: who reads it need not guess."""
    mark = re.compile(r"#\s*(?:type:\s*ignore|noqa)\b.*")
    reasoned = re.compile(r"# type: ignore\[[a-z, -]+\]  # \S.*|# noqa: [A-Z0-9, ]+ - \S.*")
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules("bot", "adapters", "sandbox", "tests", "tools")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (found := mark.search(line)) and not reasoned.fullmatch(found[0])
    ]
    assert [place for place in bare if not place.startswith("tests/unit/test_house.py")] == []


def test_the_wheel_carries_every_file_of_its_packages(tmp_path: Path) -> None:
    """Texts, templates and styles are installed with the code that reads them."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    packages = (
        ROOT / name for name in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    )
    ours = {
        str(path.relative_to(ROOT))
        for package in packages
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours <= carried
    assert not [name for name in carried if name.startswith(("tests/", "tools/"))]


def test_an_old_python_can_read_the_setup_and_so_be_told_that_it_is_too_old() -> None:
    """A syntax error would be the first thing a new contributor sees."""
    source = (ROOT / "tools" / "setup.py").read_text()
    ast.parse(source, feature_version=(3, 6))
    assert "from __future__ import annotations" not in source  # unknown to Python 3.6


def test_the_picture_of_the_tree_is_the_tree() -> None:
    """docs/architecture.md draws every folder of the core and of the adapters, and no other."""
    picture = (ROOT / "docs" / "architecture.md").read_text().partition("## The tree")[2]
    drawn: set[str] = set()
    above: list[tuple[int, str]] = []
    for line in picture.partition("Imports run one way")[0].splitlines():
        indent = len(line) - len(line.lstrip())
        names = re.findall(r"(?<![\w/])([a-z]+)/(?= |$)", line)
        if not names or not line.lstrip().startswith(f"{names[0]}/"):
            continue
        above = [one for one in above if one[0] < indent]
        within = "".join(f"{name}/" for _, name in above)
        drawn |= {f"{within}{name}" for name in names}
        above.append((indent, names[0]))
    there = {
        str(path.parent.relative_to(ROOT))
        for path in modules("bot", "adapters")
        if len(path.parent.relative_to(ROOT).parts) <= (3 if "bot" in path.parts else 2)
    }
    assert {one for one in drawn if one.startswith(("bot", "adapters"))} == {
        one for one in there if not one.startswith("adapters/entra/")
    }


LOWERED = {
    "bot/domain/normalization.py": "what the two forms of names are made of",
    "adapters/http/pool.py": "bytes, of which it changes ASCII alone",
    "bot/errors.py": "our own class names, for their codes",
}
"""Where letters are made small by Python's own means, and why that is right there."""


def test_names_are_compared_in_one_of_two_forms() -> None:
    """By `normalized`, or by `exact` where being the same grants something (or is a protocol's).

    `lower` alone finds an account by the Kelvin sign in its name, and no label with a ß.
    """
    small = re.compile(r"\.(lower|casefold)\(|\bstr\.(lower|casefold)\b")
    found = {
        str(path.relative_to(ROOT))
        for path in modules("bot", "adapters")
        if small.search(path.read_text())
    }
    assert found == LOWERED.keys()


def test_make_test_runs_every_folder_of_tests_but_the_drills() -> None:
    """They are named there, in their order."""
    (named,) = re.findall(
        r"^TESTS := \$\(addprefix tests/,(.*)\)$", (ROOT / "Makefile").read_text(), re.M
    )
    found = {
        path.relative_to(ROOT / "tests").parts[0] for path in ROOT.glob("tests/*/**/test_*.py")
    }
    assert sorted((*named.split(), "drills")) == sorted(found)
