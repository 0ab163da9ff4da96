#!/usr/bin/env python3
"""Which folder includes which: the arrows of docs/architecture.md, "Folders", and no other.

usage: includes.py SOURCE_FOLDER
"""
import pathlib
import re
import sys

# A folder may include itself and what stands here; the longest name decides about a file. Names that end in .h are
# single files, names in <> headers of a library. Headers of the standard library and of fmt are everywhere. There is no
# cycle: a folder stands above those that include it.
BASE = ["ir/argument.h", "ir/error.h", "ir/random.h", "ir/shown_text.h", "ir/type.h"]
ARROWS = {
    "ir": ["<boost>"],
    "passes": ["ir", "<boost>"],
    "runtime": BASE,
    "runtime/data": [*BASE, "runtime", "<nlohmann>", "<png>", "<zlib>"],
    "runtime/training": [*BASE, "runtime", "runtime/data", "<nlohmann>"],
    "codegen": ["ir"],
    "codegen/lower": ["ir", "codegen"],
    "codegen/llvm": ["ir", "codegen", "runtime/abi.h", "runtime/bounds.h", "<llvm>"],
    "frontend/library": [],
    "frontend/templates": [],
    "frontend/language": ["ir", "frontend/library"],
    "frontend/driver/compile": ["ir", "passes", "runtime", "codegen", "codegen/lower", "codegen/llvm"],
    "frontend/driver/analysis": ["ir", "passes", "runtime", "frontend/language", "frontend/driver/compile", "<nlohmann>"],
    "frontend/driver/data": ["ir", "runtime/data", "frontend/language"],
    "frontend/driver/run": ["ir", "runtime", "runtime/data", "frontend/language", "frontend/driver/compile",
                            "frontend/driver/analysis"],
    "frontend/driver/train": ["ir", "runtime/data", "runtime/training", "frontend/language", "frontend/driver/compile",
                              "frontend/driver/analysis", "frontend/driver/data", "frontend/driver/run"],
    "frontend/language_server": ["ir", "runtime/data", "frontend/library", "frontend/language", "frontend/driver/data",
                                 "<nlohmann>"],
    "frontend/command_line": ["ir", "passes", "runtime", "runtime/data", "codegen/llvm", "frontend/language",
                              "frontend/language_server", "frontend/templates",
                              "frontend/driver/compile", "frontend/driver/analysis", "frontend/driver/data",
                              "frontend/driver/run", "frontend/driver/train", "<CLI>", "<nlohmann>"],
}
LIBRARIES = ["boost", "llvm", "nlohmann", "png", "zlib", "CLI", "Random123", "google"]


def folder_of(path):
    """The longest folder of the table that holds the file; None for files of no folder in it."""
    holding = [folder for folder in ARROWS if path.startswith(folder + "/")]
    return max(holding, key=len, default=None)


def targets(text):
    for line in text.splitlines():
        if own := re.match(r'\s*#\s*include "([^"]+)"', line):
            yield own.group(1)
        elif library := re.match(r"\s*#\s*include <([A-Za-z0-9]+)", line):
            if library.group(1) in LIBRARIES:
                yield f"<{library.group(1)}>"


def allowed(folder, target):
    here = target if target.startswith("<") else folder_of(target)
    return here == folder or here in ARROWS[folder] or target in ARROWS[folder]


def wrong_arrows(files):
    """files: pairs of a path and its text."""
    for path, text in files:
        folder = folder_of(path)
        if not folder:
            yield f"{path} stands in no folder of the table"
            continue
        for target in targets(text):
            if not allowed(folder, target):
                yield f"{path} includes {target}"


above = set()
for name, arrows in ARROWS.items():
    for arrow in arrows:
        assert arrow.endswith((".h", ">")) or arrow in above, f"{arrow} does not stand above {name}"
    above.add(name)

planted = [("frontend/driver/data/a.cpp", '#include "frontend/driver/train/train.h"'),
           ("frontend/driver/compile/a.cpp", '#include "frontend/language/syntax.h"'),
           ("frontend/driver/a.cpp", '#include "ir/graph.h"'),
           ("passes/a.cpp", '#include "codegen/lower/lower.h"'), ("ir/ops/a.cpp", '#include "passes/pass.h"'),
           ("runtime/tensor.cpp", "#include <png.h>"), ("runtime/arena.h", '#include "runtime/data/npy.h"'),
           ("codegen/lower/a.cpp", "#include <llvm/IR/Value.h>"), ("runtime/a.cpp", '#include "ir/graph.h"'),
           ("frontend/language/a.cpp", '#include "frontend/driver/compile/compile.h"'), ("ir/a.cpp", '#include "nowhere/a.h"')]
for file in planted:
    assert list(wrong_arrows([file])), f"a planted arrow was not seen: {file}"

source = pathlib.Path(sys.argv[1])
found = [path for folder in sorted({name.split("/")[0] for name in ARROWS}) for path in (source / folder).rglob("*")
         if path.suffix in (".h", ".cpp")]
assert len(found) > 200, "where are the sources?"
wrong = list(wrong_arrows((path.relative_to(source).as_posix(), path.read_text()) for path in found))
sys.exit("\n".join(["these arrows are not in the table:", *wrong]) if wrong else 0)
