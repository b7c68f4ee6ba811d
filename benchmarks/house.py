"""The house in figures: files, lines, functions, folders, and circles of imports.

    python -m benchmarks.house [FOLDER]

FOLDER is a checkout (this one where it is left out), so that two can be put side by side.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

STAGES = ("embedder", "indexer", "rag", "training", "footnote")


def modules(root: Path) -> dict[str, Path]:
    """Every module of the five packages, by its name."""
    found = {}
    for stage in STAGES:
        for path in sorted((root / stage).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def arrows(
    found: dict[str, Path], *, typing: bool = False, deferred: bool = True
) -> dict[str, set[str]]:
    """The modules that each module imports; with `typing`, those for annotations alone too.

    Without `deferred`, imports inside of functions do not count.
    """
    names = set(found)
    graph: dict[str, set[str]] = {}
    for name, path in found.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        targets = graph[name] = set()
        for node in _imports(tree, typing=typing, deferred=deferred):
            if isinstance(node, ast.Import):
                targets |= {alias.name for alias in node.names} & names
                continue
            for alias in node.names:
                longer = f"{node.module}.{alias.name}"
                targets |= {longer if longer in names else str(node.module)} & names
        targets.discard(name)
    return graph


def _imports(
    node: ast.AST, *, typing: bool, deferred: bool
) -> Iterator[ast.Import | ast.ImportFrom]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif _for_types_alone(child):
            if typing:
                yield from _imports(child, typing=typing, deferred=deferred)
        elif deferred or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _imports(child, typing=typing, deferred=deferred)


def _for_types_alone(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of nodes that reach one another (Tarjan's strongly connected components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(graph.get(node, ())):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group = []
            while not group or group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def room(name: str, found: dict[str, Path]) -> str:
    """The room that a module stands in: its folder.

    Where a package has rooms, each file beside them is one too; the parsers are a single one.
    """
    folder = found[name].parent
    parts = folder.parts[-found[name].parts[::-1].index(name.split(".", maxsplit=1)[0]) :]
    if parts[:2] == ("indexer", "parsers"):
        return "indexer.parsers"
    return name if any(path.parent.parent == folder for path in found.values()) else ".".join(parts)


def rooms(graph: dict[str, set[str]], found: dict[str, Path]) -> dict[str, set[str]]:
    """The same arrows between rooms."""
    joined: dict[str, set[str]] = {}
    for name, targets in graph.items():
        joined.setdefault(room(name, found), set()).update(room(one, found) for one in targets)
    return {name: targets - {name} for name, targets in joined.items()}


def main() -> None:
    """Print the figures."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1]).resolve()
    found = modules(root)
    lines = {
        name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in found.items()
    }
    functions = [
        node.end_lineno - node.lineno + 1
        for path in found.values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    folders: dict[Path, int] = {}
    for path in found.values():
        folders[path.parent] = folders.get(path.parent, 0) + (path.name != "__init__.py")
    longest = max(lines, key=lambda name: lines[name])
    fullest = sorted(folders, key=lambda folder: -folders[folder])[:5]
    graph = arrows(found)
    print(f"files {len(found)}, lines {sum(lines.values()):,}")
    print(
        f"functions {len(functions)}: median {statistics.median(functions):.0f} lines, "
        f"95 % up to {statistics.quantiles(functions, n=20)[-1]:.0f}, longest {max(functions)}"
    )
    print(f"largest file {longest} with {lines[longest]} lines")
    listed = ", ".join(f"{path.relative_to(root)} {folders[path]}" for path in fullest)
    print(f"fullest folders (modules): {listed}")
    print(f"circles of modules: {circles(graph) or 0}")
    print(f"circles of rooms: {circles(rooms(graph, found)) or 0}")


if __name__ == "__main__":
    main()
