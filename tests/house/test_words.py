"""One word per thing: names follow the glossary, and every public thing says what it is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import ROOT, modules

BANNED = {
    "annotation",
    "annotations",
    "annotator",
    "annotators",
    "job",
    "jobs",
    "ticket",
    "tickets",
    "verdict",
    "verdicts",
    "utils",
    "helpers",
    "misc",
    "manager",
}
BANNED_VERBS = ("process_", "handle_", "manage_")
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
MOST_LINES = 350


def names() -> Iterator[tuple[Path, str]]:
    """Yield every name that the product gives: to modules, classes, functions, arguments and variables."""
    for path, module in modules().items():
        yield path, path.stem
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield path, node.name
            elif isinstance(node, ast.arg):
                yield path, node.arg
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield path, node.id


def test_no_name_uses_a_banned_word() -> None:
    allowed = {"UserManager"}  # Django's own word for what makes people
    wrong = {
        f"{path}: {name}"
        for path, name in names()
        if name not in allowed and {word.lower() for word in _WORDS.findall(name)} & BANNED
    }
    assert wrong == set()


def test_no_function_merely_processes_handles_or_manages() -> None:
    assert {f"{path}: {name}" for path, name in names() if name.startswith(BANNED_VERBS)} == set()


def test_a_claim_is_never_called_a_lock() -> None:
    stages = ("assignment", "review", "triage", "pipeline")
    wrong = {
        f"{path}: {name}"
        for path, name in names()
        if path.parts[1] in stages and "lock" in {word.lower() for word in _WORDS.findall(name)}
    }
    assert wrong == set()


def test_every_module_class_and_public_function_says_what_it_is() -> None:
    missing = {
        f"{path}:{node.lineno} {node.name}"
        for path, module in modules().items()
        if "management" not in path.parts
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not node.name.startswith("_") and not node.name.endswith("Config") and not ast.get_docstring(node)
        if len(node.body) > 1 or isinstance(node, ast.ClassDef)  # a function of one line says it in its name
    }
    silent = {str(path) for path, module in modules().items() if module.body and not ast.get_docstring(module)}
    assert missing == set()
    assert {one for one in silent if not one.endswith(("apps.py", "__init__.py"))} == set()


def test_files_stay_pleasant_to_scroll() -> None:
    long = {str(path): len((ROOT / path).read_text().splitlines()) for path in modules()}
    assert {path: lines for path, lines in long.items() if lines > MOST_LINES} == {}


def test_no_page_carries_inline_style_or_script() -> None:
    """The content security policy forbids both; a page that needs one would be broken."""
    wrong = re.compile(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", re.IGNORECASE)
    templates = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "reviewqueue").rglob("templates/**/*.html")]
    assert templates
    assert [f"{path.relative_to(ROOT)}" for path in templates if wrong.search(path.read_text())] == []
