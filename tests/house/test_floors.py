"""Imports and foreign keys point down the floors; a table is written by its own app alone."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from importlinter.cli import lint_imports

from tests.house.tree import ROOT, app_of, floors, modules, nodes

STAGES = {
    "audit",
    "accounts",
    "queues",
    "intake",
    "triage",
    "assignment",
    "review",
    "edgecases",
    "delivery",
    "datasets",
    "metrics",
}
NOT_FOR_STAGES = ("django.http", "django.shortcuts", "django.views", "rest_framework", "celery")
WRITES = {"create", "bulk_create", "get_or_create", "update_or_create", "bulk_update", "update", "delete"}
_RAW_WRITE = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM|COPY)\s+([a-z]+)_[a-z]+\b")


def test_imports_point_down() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_every_app_stands_on_a_floor() -> None:
    known = {name for floor in floors() for name in floor} | {"settings", "urls", "asgi", "wsgi", "__init__"}
    assert {app_of(path) for path in modules()} - known == set()


def test_foreign_keys_point_down() -> None:
    height = {name: number for number, floor in enumerate(reversed(floors())) for name in floor}
    wrong = [
        f"{model.__name__}.{field.name} -> {field.related_model.__name__}"
        for model in apps.get_models()
        if model._meta.app_label in height
        for field in model._meta.get_fields()
        if field.concrete and field.related_model and field.related_model._meta.app_label in height
        if not _points_down(height, model._meta.app_label, field.related_model._meta.app_label)
    ]
    assert wrong == []


def _points_down(height: dict[str, int], source: str, target: str) -> bool:
    return source == target or height[source] > height[target]


def test_stages_know_nothing_of_http_or_celery() -> None:
    wrong = [
        f"{path}: {name}"
        for path, node in nodes((ast.Import, ast.ImportFrom))
        if app_of(path) in STAGES and "management" not in path.parts
        for name in _imported(node)
        if name.startswith(NOT_FOR_STAGES)
    ]
    assert wrong == []


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names] if not node.level else []
    return [alias.name for alias in node.names]  # type: ignore[attr-defined]


def test_celery_has_one_door() -> None:
    users = {
        path
        for path, node in nodes((ast.Import, ast.ImportFrom))
        if any(name.split(".")[0] == "celery" for name in _imported(node)) and path.parts[0] == "reviewqueue"
    }
    assert users <= {Path("reviewqueue/common/background.py")}


# --- who writes what -----------------------------------------------------------------------------------------


def test_a_table_is_written_by_its_own_app_alone() -> None:
    assert sorted({*_foreign_writes(), *_foreign_rows(), *_foreign_statements()}) == []


def _foreign_writes() -> Iterator[str]:
    """Yield calls such as ``Item.objects.filter(…).update(…)`` outside the model's own app."""
    owner = {model.__name__: model._meta.app_label for model in apps.get_models()}
    for path, node in nodes(ast.Call):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            model = _model_at_root(node.func)
            if owner.get(model, app_of(path)) != app_of(path):
                yield f"{path}:{node.lineno} writes {model}"


def _model_at_root(node: ast.AST) -> str:
    """Return X of ``X.objects.….write``, or nothing."""
    while True:
        if isinstance(node, ast.Attribute):
            if node.attr == "objects" and isinstance(node.value, ast.Name):
                return node.value.id
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return ""


def _foreign_rows() -> Iterator[str]:
    """Yield calls such as ``insert_all(Item, …)`` outside the model's own app."""
    owner = {model.__name__: model._meta.app_label for model in apps.get_models()}
    for path, node in nodes(ast.Call):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "insert_all":
            model = node.args[0].id if isinstance(node.args[0], ast.Name) else ""
            if owner.get(model) != app_of(path) or not _is_action(path):
                yield f"{path}:{node.lineno} writes {model}"


def _foreign_statements() -> Iterator[str]:
    labels = {model._meta.app_label for model in apps.get_models()}
    for path, node in nodes(ast.Constant):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for label in _RAW_WRITE.findall(node.value):
                if label in labels and label != app_of(path):
                    yield f"{path}:{node.lineno} writes a table of {label}"


def test_only_actions_write() -> None:
    """Within an app the verbs are in actions; a model, a rule or a query writes nothing."""
    owner = {model.__name__ for model in apps.get_models() if model.__module__.startswith("reviewqueue.")}
    wrong = [
        f"{path}:{node.lineno}"  # type: ignore[attr-defined]
        for path, node in nodes(ast.Call)
        if app_of(path) in STAGES and not _is_action(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES
        if _model_at_root(node.func) in owner
    ]
    assert wrong == []


def _is_action(path: Path) -> bool:
    return path.parts[2].removesuffix(".py") == "actions"
