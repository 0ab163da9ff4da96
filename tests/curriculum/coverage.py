#!/usr/bin/env python3
"""Which rows of the curriculum have a test: writes or checks docs/coverage.md.

    coverage.py                   write docs/coverage.md
    coverage.py --check BUILD     fail if it is stale, or if ctest in the folder BUILD does not run one of its tests

A test names its rows first: in the comment before a `program` or `train` block of a .gradus file ("# BPR-01, BPR-03 …
BPR-06: the first row"), in the name of a TEST_CASE, in a comment line of a script. rows.txt lists all rows.
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = ROOT / "tests/curriculum/rows.txt"
PAGE = ROOT / "docs/coverage.md"
ROW = r"[A-Z]{3}-\d\d"
NAMES = re.compile(rf"{ROW}(?:(?:, | … | and ){ROW})*")


def fail(message):
    sys.exit(f"coverage: {message}")


def named_rows(text):
    """The rows that a comment or a name begins with; "A-01 … A-03" is three."""
    found = NAMES.match(text)
    if not found:
        return []
    rows, span = [], False
    for part in re.findall(rf"{ROW}|…", found[0]):
        if part == "…":
            span = True
        elif span:
            kind, last = part.split("-")
            first = int(rows[-1].split("-")[1])
            rows += [f"{kind}-{number:02}" for number in range(first + 1, int(last) + 1)]
            span = False
        else:
            rows.append(part)
    return rows


def lesson_tests(path):
    """(name, rows) of each block after a comment that begins with rows; a program must expect something."""
    rows, lines = [], path.read_text(errors="replace").splitlines()
    for number, line in enumerate(lines):
        if line.startswith("# "):
            rows += named_rows(line[2:])
        block = re.match(r"(program|train) (\w+)", line)
        if rows and block:
            body = lines[number:lines.index("}", number)]
            if not any(re.search(r"\bexpect ", part) for part in body):
                fail(f"{path.relative_to(ROOT)}: {block[2]} names {rows[0]} and expects nothing")
            yield block[2], rows
            rows = []
    if rows:
        fail(f"{path.relative_to(ROOT)}: no block after {rows[0]}")


def cpp_tests(path):
    for name in re.findall(r'TEST_CASE\(\s*"((?:[^"\\]|\\.)*)"', path.read_text(errors="replace")):
        yield name, named_rows(name)


def script_tests(path):
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("# "):
            yield line[2:].split(":")[0], named_rows(line[2:])


def tests_of_rows():
    """row: [(file, name)]"""
    found = {}
    kinds = (("*.gradus", lesson_tests), ("*_test.cpp", cpp_tests), ("*.sh", script_tests))
    for folder in ("examples", "tests"):
        for pattern, tests in kinds:
            for path in sorted((ROOT / folder).rglob(pattern)):
                for name, rows in tests(path):
                    for row in rows:
                        found.setdefault(row, []).append((path.relative_to(ROOT), name))
    return found


def rows_of_curriculum():
    """(section, [(row, title, note)])"""
    sections = []
    for number, line in enumerate(ROWS.read_text().splitlines(), 1):
        if line.startswith("## "):
            sections.append((line[3:], []))
        elif line and not line.startswith("# "):
            parts = [part.strip() for part in line.split(" | ", 2)]
            if not re.fullmatch(ROW, parts[0]) or len(parts) < 2:
                fail(f"{ROWS.relative_to(ROOT)}:{number}: expected ROW | title, found {line}")
            sections[-1][1].append((parts[0], parts[1], parts[2] if len(parts) > 2 else ""))
    return sections


def documented(row, note):
    """A row without numbers is done where a page says it: "documented: PAGE: words on that page"."""
    page, words = note.removeprefix("documented: ").split(": ", 1)
    text = " ".join((ROOT / page).read_text().replace("\n# ", " ").split()) if (ROOT / page).is_file() else ""
    if words not in text:
        fail(f"{row}: {page} does not say “{words}”")
    return page


def link(path):
    return f"[{path.name}](../{path})"


def state(row, note, tests):
    """(done | in part | missing, where or what)"""
    by_file = {}
    for path, name in tests:
        by_file.setdefault(path, []).append(name if path.suffix == ".gradus" else "")
    where = ", ".join(" ".join([link(path), *filter(None, names)]) for path, names in by_file.items())
    if note.startswith("documented: "):
        page = documented(row, note)
        return "done", ", ".join(filter(None, [where, link(pathlib.Path(page))]))
    if not note:
        return ("done", where) if tests else ("missing", "")
    if not note.startswith("lacks: "):
        fail(f"{row}: a note begins with “lacks: ” or “documented: ”")
    lacking = note.removeprefix("lacks: ")
    return ("in part", f"{where}; lacks {lacking}") if tests else ("missing", lacking)


def page(tests):
    known, lines, totals = set(), [], {"done": 0, "in part": 0, "missing": 0}
    for section, rows in rows_of_curriculum():
        lines += [f"\n## {section}\n", "| row | concept | | test |", "| --- | --- | --- | --- |"]
        for row, title, note in rows:
            known.add(row)
            found, where = state(row, note, tests.get(row, []))
            totals[found] += 1
            lines.append(f"| {row} | {title} | {found} | {where} |")
    for row in sorted(set(tests) - known):
        fail(f"{row}, named by {tests[row][0][0]}, is not a row of the curriculum")
    head = [
        "# Coverage of the curriculum\n",
        "Generated by `tests/curriculum/coverage.py` from the tests; do not edit. A row is *done* if tests that name it",
        "check every number of its acceptance check (or, without numbers, if the documentation says it), *in part* if",
        "something is known to be lacking.\n",
        f"{totals['done']} rows done, {totals['in part']} in part, {totals['missing']} missing.",
    ]
    return "\n".join(head + lines) + "\n"


def check_that_tests_run(build, tests):
    """Every file that covers a row is run by some test of ctest."""
    listing = subprocess.run(["ctest", "--show-only=json-v1"], cwd=build, check=True, capture_output=True).stdout
    words = set()
    for test in json.loads(listing)["tests"]:
        words.add(test["name"])
        for argument in test.get("command", []):
            words |= {str(pathlib.Path(argument).resolve()), pathlib.Path(argument).name}
    programs = {}
    for listed in ROOT.glob("tests/**/CMakeLists.txt"):
        for program, sources in re.findall(r"gradus_test\((\w+)\s+SOURCES([^)]*?)(?:LINKS|\))", listed.read_text()):
            pattern = "*.cpp" if "${sources}" in sources else ""
            for source in [path.name for path in listed.parent.glob(pattern)] if pattern else sources.split():
                programs[listed.parent.relative_to(ROOT) / source] = program
    for path in sorted({path for found in tests.values() for path, _ in found}):
        runner = programs.get(path) if path.suffix == ".cpp" else str(ROOT / path)
        if runner not in words and (path.suffix != ".gradus" or path.stem not in words):
            fail(f"{path} names rows, but no test runs it")


def main():
    tests = tests_of_rows()
    text = page(tests)
    if sys.argv[1:2] == ["--check"] and len(sys.argv) == 3:
        check_that_tests_run(sys.argv[2], tests)
        if not PAGE.is_file() or PAGE.read_text() != text:
            fail("docs/coverage.md is stale: run tests/curriculum/coverage.py")
    elif len(sys.argv) > 1:
        fail("expected no argument, or --check BUILD")
    else:
        PAGE.write_text(text)


main()
