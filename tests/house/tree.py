"""The product's own source, as house tests read it."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("reviewqueue", "workers")


@cache
def modules() -> dict[Path, ast.Module]:
    """Return every module of the product with its syntax tree; migrations and tests apart."""
    files = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {path.relative_to(ROOT): ast.parse(path.read_text()) for path in files if "migrations" not in path.parts}


def app_of(path: Path) -> str:
    """Return the floor's name that a module belongs to: the package, or the module itself."""
    return path.parts[0] if path.parts[0] == "workers" else path.parts[1].removesuffix(".py")


def nodes(kind: type | tuple[type, ...]) -> Iterator[tuple[Path, ast.AST]]:
    """Yield every node of a kind with its module."""
    for path, module in modules().items():
        for node in ast.walk(module):
            if isinstance(node, kind):
                yield path, node


def floors() -> list[list[str]]:
    """Return the floors from top to bottom, as the import contract names them."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = config["tool"]["importlinter"]["contracts"][0]["layers"]
    return [[name.strip().removeprefix("reviewqueue.") for name in layer.split("|")] for layer in layers]
