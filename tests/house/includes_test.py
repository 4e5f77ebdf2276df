#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every #include of the project's own headers against the folder table of docs/architecture.md."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
rows = {}  # folder: what it may include
for line in (root / "docs/architecture.md").read_text().splitlines():
    row = re.match(r"\| `([a-z/]+)/` \|.*\| ([^|]*) \|$", line)
    if row:
        rows[row[1]] = set(re.findall(r"[a-z]+(?:/[a-z]+)?", row[2]))
unchecked = {"tests", "examples"}


def row_of(path):
    """The longest row that the path lies in: tools/oci before tools."""
    return next((str(p) for p in pathlib.PurePosixPath(path).parents if str(p) in rows), None)


sources = [p for folder in sorted({row.split("/")[0] for row in rows} - unchecked) for p in (root / folder).rglob("*.*")]
wrong = [f"{row}: the table names a folder that does not exist" for row in rows if not (root / row).is_dir()]
wrong += [f"{p.parent.name}: the table has no row for it" for p in root.glob("*/CMakeLists.txt") if p.parent.name not in rows]
wrong += [f"{row}: may include {to}, which has no row" for row in rows for to in rows[row] - set(rows)]
arrows = 0
for path in (p for p in sources if p.suffix in {".h", ".cpp"}):
    here = row_of(path.relative_to(root))
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if re.match(r"\s*#\s*include\s*<libfdt", line) and here != "devtree":
            wrong.append(f"{path.relative_to(root)}:{number}: only devtree may include libfdt")
        include = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if not include or not (root / include[1]).is_file():
            continue  # generated ones, and those of the system
        there = row_of(include[1])
        arrows += 1
        if there != here and there not in rows[here]:
            wrong.append(f"{path.relative_to(root)}:{number}: {here} may not include {there} ({include[1]})")
if arrows < 100:
    wrong.append(f"only {arrows} includes found: this test looks in the wrong place")
sys.exit("\n".join(wrong + ["docs/architecture.md has the table of what may include what"]) if wrong else 0)
