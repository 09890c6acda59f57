"""Prints the structure of the packages and checks it: ``python deploy/structure.py [FOLDER]``.

A room is a folder or a module directly in a package. An arrow goes from the room of an importing module to the room of
the imported one; imports inside functions and for type checkers count, too. The rules: no import cycle between rooms or
between modules, at most six modules directly in ``monitor``, no file over 250 lines.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGES = ("monitor", "train")
FOLDERS = (*PACKAGES, "benchmarks", "deploy", "tests")
MOST_LINES = 250
MOST_MODULES = 6
"""Modules directly in ``monitor``, besides ``__init__`` and ``__main__``."""
Graph = dict[str, set[str]]


def modules(root: Path, package: str) -> dict[str, Path]:
    """Dotted module name to file; a package's name stands for its ``__init__``."""
    found = {}
    for file in sorted((root / package).rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imported(file: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules among ``known`` that a file imports, once per import statement and name."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if name in known:
                    yield name
                elif node.module in known:
                    yield node.module


def room(module: str) -> str:
    """The room of a module: its name down to the first level below the package."""
    return ".".join(module.split(".")[:2])


def circles(graph: Graph) -> list[list[str]]:
    """Groups of nodes that reach one another (strongly connected components of more than one node; Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for following in sorted(graph.get(node, ())):
            if following not in index:
                visit(following)
                low[node] = min(low[node], low[following])
            elif following in stack:
                low[node] = min(low[node], index[following])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                groups.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return groups


def floors(graph: Graph) -> int:
    """Number of rooms on the longest import path; a cycle counts as one."""
    known: dict[str, int] = {}

    def depth(node: str, above: frozenset[str]) -> int:
        if node not in known:
            below = [depth(n, above | {node}) for n in graph.get(node, ()) if n not in above and n != node]
            known[node] = 1 + max(below, default=0)
        return known[node]

    return max((depth(node, frozenset()) for node in sorted(graph)), default=0)


def check_package(root: Path, package: str) -> list[str]:
    """Prints rooms and arrows of a package; returns one line per circle."""
    known = modules(root, package)
    graph: Graph = {name: set() for name in known}
    arrows: Counter[tuple[str, str]] = Counter()
    for name, file in known.items():
        for target in imported(file, known):
            if target != name:
                graph[name].add(target)
            if room(target) != room(name) and package not in (room(target), room(name)):
                arrows[room(name), room(target)] += 1
    rooms: Graph = {room(name): set() for name in known if room(name) != package}
    for above, below in arrows:
        rooms[above].add(below)
    print(f"{package}: {len(known)} modules in {len(rooms)} rooms, {floors(rooms)} floors, {len(arrows)} arrows")
    for above in sorted(rooms):
        counts = ", ".join(f"{below.split('.')[1]} {arrows[above, below]}" for below in sorted(rooms[above]))
        print(f"  {above.split('.')[1]:<12} -> {counts or '-'}")
    graph.pop(package)  # contains only the version; every module may import it
    found = [("rooms", group) for group in circles(rooms)] + [("modules", group) for group in circles(graph)]
    return [f"{package}: import circle between {what}: {', '.join(group)}" for what, group in found]


def check_sizes(root: Path) -> list[str]:
    """One line per file with too many lines, and one if ``monitor`` has too many modules."""
    problems = []
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*.py")):
            lines = len(file.read_text(encoding="utf-8").splitlines())
            if lines > MOST_LINES:
                problems.append(f"{file.relative_to(root)}: {lines} lines, at most {MOST_LINES}; split it")
    direct = [f.stem for f in sorted((root / "monitor").glob("*.py")) if not f.stem.startswith("__")]
    print(f"monitor: {len(direct)} modules directly in it: {', '.join(direct)}")
    if len(direct) > MOST_MODULES:
        problems.append(f"monitor: {len(direct)} modules directly in it, at most {MOST_MODULES}; move them into a room")
    return problems


def main(root: Path) -> int:
    """Prints everything; returns 1 if a rule is broken."""
    problems = [line for package in PACKAGES if (root / package).is_dir() for line in check_package(root, package)]
    problems += check_sizes(root)
    print("\n".join(problems) or "no circle, no file too long")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
