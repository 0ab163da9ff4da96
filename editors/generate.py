#!/usr/bin/env python3
"""Writes what editors know of the language: the TextMate grammar and Vim's syntax file.

usage: generate.py GRADUS [--check]

Their words are those of the compiler (`gradus show --words`). --check writes nothing and exits with 1 if a file is stale.
"""
import json
import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent


def words_of(gradus):
    result = subprocess.run([gradus, "show", "--words"], capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def one_of(words):
    return r"\b(?:" + "|".join(sorted(words)) + r")\b"


def grammar(words):
    """The scopes are those that themes know: https://macromates.com/manual/en/language_grammars"""
    constants = ["true", "false", "none"]
    logic = ["and", "or", "not"]
    control = [word for word in words["reserved"] if word not in constants + logic]
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "Gradus",
        "scopeName": "source.gradus",
        "fileTypes": ["gradus"],
        "patterns": [{"include": "#" + name} for name in (
            "comment", "string", "number", "definition", "train", "statement", "setting", "word", "argument", "type", "call",
            "special", "operator")],
        "repository": {
            "comment": {"match": r"#.*$", "name": "comment.line.number-sign.gradus"},
            "string": {
                "begin": r'"', "end": r'"|$', "name": "string.quoted.double.gradus",
                "patterns": [{"match": r'\\(?:[nt"\\]|u\{[0-9a-fA-F]{1,6}\})', "name": "constant.character.escape.gradus"}],
            },
            "number": {"match": r"\b[0-9](?:_?[0-9])*(?:\.[0-9](?:_?[0-9])*)?(?:[eE][+-]?[0-9]+)?\b",
                       "name": "constant.numeric.gradus"},
            "definition": {
                "match": r"^\s*(" + "|".join(w for w in sorted(words["definition"]) if w not in ("train", "import"))
                         + r")\s+([A-Za-z]\w*)",
                "captures": {"1": {"name": "storage.type.gradus"}, "2": {"name": "entity.name.function.gradus"}},
            },
            "train": {
                "match": r"^\s*(train)\s+([A-Za-z]\w*)(?:\s+(of)\s+([A-Za-z]\w*))?|^\s*(import)(?=\s+\")",
                "captures": {"1": {"name": "storage.type.gradus"}, "2": {"name": "entity.name.section.gradus"},
                             "3": {"name": "storage.type.gradus"}, "4": {"name": "entity.name.function.gradus"},
                             "5": {"name": "keyword.control.import.gradus"}},
            },
            "statement": {"match": r"(?:^|(?<=[{;]))\s*(" + "|".join(sorted(words["statement"])) + r")(?=\s+[A-Za-z_\"])",
                          "captures": {"1": {"name": "keyword.other.gradus"}}},
            "setting": {"match": r"(?:^|(?<=[{;]))\s*(" + "|".join(sorted(words["settings"])) + r")(?=\s*=(?!=))",
                        "captures": {"1": {"name": "variable.language.setting.gradus"}}},
            "argument": {"match": r"\b([A-Za-z]\w*)(?=\s*:)", "name": "variable.parameter.gradus"},
            "word": {"patterns": [
                {"match": one_of(constants) + r"(?!\s*:)", "name": "constant.language.gradus"},
                {"match": one_of(logic) + r"(?!\s*:)", "name": "keyword.operator.word.gradus"},
                {"match": one_of(control) + r"(?!\s*:)", "name": "keyword.control.gradus"},
            ]},
            "type": {"match": one_of(words["types"]) + r"(?!\s*\()", "name": "support.type.gradus"},
            "call": {"patterns": [
                {"match": one_of(words["builtin"] + words["actions"] + words["readers"]) + r"(?=\s*\()",
                 "name": "support.function.gradus"},
                {"match": r"\b[A-Za-z]\w*(?=\()", "name": "entity.name.function.call.gradus"},
            ]},
            "special": {"match": r"(?<!\.)" + one_of(words["special"]), "name": "variable.language.gradus"},
            "operator": {"match": r"\|>|->|==|!=|<=|>=|//|\.\.\.?|[-+*/%@^<>=|]", "name": "keyword.operator.gradus"},
        },
    }


def vim_syntax(words):
    def keywords(group, names):
        return f"syntax keyword {group} {' '.join(sorted(names))}"

    constants = ["true", "false", "none"]
    control = [word for word in words["reserved"] if word not in constants]
    special = [word for word in words["special"] if word not in words["settings"]]
    begins = r"\%(^\|[{;]\)\s*\zs"
    return "\n".join([
        '" Vim syntax file: Gradus. Written by editors/generate.py.',
        "if exists('b:current_syntax')", "  finish", "endif", "",
        keywords("gradusKeyword", control),
        keywords("gradusConstant", constants),
        keywords("gradusSpecial", special),
        keywords("gradusType", [name for name in words["types"] if name not in words["builtin"]]),
        r"syntax match gradusFunction /\<\h\w*\ze(/",
        r"syntax match gradusBuiltin /\<\%(" + r"\|".join(sorted(words["builtin"] + words["actions"] + words["readers"]))
        + r"\)\ze(/",
        r"syntax match gradusType /\<\%(" + r"\|".join(sorted(words["types"])) + r"\)\ze\[/",
        "syntax match gradusStatement /" + begins + r"\%(" + r"\|".join(sorted(words["statement"])) + r"\)\ze\s\+[A-Za-z_\"]/",
        "syntax match gradusSetting /" + begins + r"\%(" + r"\|".join(sorted(words["settings"])) + r"\)\ze\s*=[^=]/",
        r"syntax match gradusDefinition /^\s*\%(" + r"\|".join(sorted(words["definition"])) + r"\)\ze\s/",
        r"syntax match gradusArgument /\<\h\w*\ze\s*:/",
        r"syntax match gradusNumber /\<\d\%(_\?\d\)*\%(\.\d\%(_\?\d\)*\)\?\%([eE][+-]\?\d\+\)\?\>/",
        r"syntax match gradusOperator /|>\|->\|[-+*\/%@^<>=]/",
        r'syntax match gradusEscape /\\\%([nt"\\]\|u{\x\{1,6}}\)/ contained',
        r'syntax region gradusString start=/"/ end=/"/ oneline contains=gradusEscape',
        "syntax match gradusComment /#.*$/ contains=gradusTodo,@Spell",
        "syntax keyword gradusTodo TODO FIXME contained", "",
        *(f"highlight default link {group} {to}" for group, to in (
            ("gradusKeyword", "Keyword"), ("gradusConstant", "Constant"), ("gradusSpecial", "Identifier"),
            ("gradusType", "Type"), ("gradusFunction", "Function"), ("gradusBuiltin", "Function"),
            ("gradusStatement", "Statement"), ("gradusSetting", "Identifier"), ("gradusDefinition", "Structure"),
            ("gradusArgument", "Label"), ("gradusNumber", "Number"), ("gradusOperator", "Operator"),
            ("gradusEscape", "SpecialChar"), ("gradusString", "String"), ("gradusComment", "Comment"),
            ("gradusTodo", "Todo"))), "",
        "let b:current_syntax = 'gradus'", ""])


def files_of(gradus):
    words = words_of(gradus)
    return {here / "vscode/syntaxes/gradus.tmLanguage.json": json.dumps(grammar(words), indent=2) + "\n",
            here / "vim/syntax/gradus.vim": vim_syntax(words)}


if __name__ == "__main__":
    stale = []
    for path, text in files_of(sys.argv[1]).items():
        if path.exists() and path.read_text() == text:
            continue
        stale.append(str(path))
        if "--check" not in sys.argv:
            path.write_text(text)
    if "--check" in sys.argv and stale:
        sys.exit("stale, run editors/generate.py GRADUS: " + ", ".join(stale))
