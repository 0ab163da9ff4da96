#!/usr/bin/env python3
"""editors/: what they know is what the compiler knows. editors.py GRADUS WORK"""
import json
import pathlib
import re
import shutil
import subprocess
import sys

gradus, work = sys.argv[1], pathlib.Path(sys.argv[2])
source = pathlib.Path(__file__).resolve().parents[2]
editors = source / "editors"
sys.path.insert(0, str(editors))
sys.dont_write_bytecode = True
import generate  # noqa: E402

for path, text in generate.files_of(gradus).items():
    assert path.read_text() == text, f"{path} is stale: run editors/generate.py GRADUS"

# Words are those of the texts: each reserved one is refused as a name.
words = generate.words_of(gradus)
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
for word in words["reserved"]:
    (work / "word.gradus").write_text(f"program p {{ {word} = 1 }}\n")
    assert subprocess.run([gradus, "run", "word.gradus"], cwd=work, capture_output=True).returncode == 2, word
(work / "word.gradus").write_text("program p {\n" + "".join(f"  {word} = 1\n" for word in words["statement"] + words["definition"]) + "}\n")
assert subprocess.run([gradus, "run", "word.gradus"], cwd=work, capture_output=True).returncode == 0

# JSON, and what its parts refer to.
package = json.loads((editors / "vscode/package.json").read_text())
configuration = json.loads((editors / "vscode/language-configuration.json").read_text())
language, = package["contributes"]["languages"]
grammar_entry, = package["contributes"]["grammars"]
assert language["id"] == grammar_entry["language"] == "gradus" and language["extensions"] == [".gradus"]
for file in (package["main"], language["configuration"], grammar_entry["path"]):
    assert (editors / "vscode" / file).is_file(), file
assert configuration["comments"]["lineComment"] == "#"
re.compile(configuration["wordPattern"])
increase = re.compile(configuration["indentationRules"]["increaseIndentPattern"])
decrease = re.compile(configuration["indentationRules"]["decreaseIndentPattern"])
assert increase.match("train M {  # why") and not increase.match("a = f(1)") and decrease.match("  } else {")
grammar = json.loads((editors / "vscode" / grammar_entry["path"]).read_text())
assert grammar["scopeName"] == grammar_entry["scopeName"]


def flat(rules):
    """Rules in the order in which they are tried; includes are followed."""
    for rule in rules:
        if "include" in rule:
            yield from flat([grammar["repository"][rule["include"][1:]]])
        elif "patterns" in rule and "begin" not in rule:
            yield from flat(rule["patterns"])
        else:
            yield rule


rules = list(flat(grammar["patterns"]))


def scopes(line):
    """Pairs of a part of the line and its scope, as TextMate finds them: the first match, at the leftmost place."""
    found, at = [], 0
    while at < len(line):
        best = None
        for rule in rules:
            match = re.compile(rule.get("begin", rule.get("match"))).search(line, at)
            if match and match.end() > match.start() and (best is None or match.start() < best[0].start()):
                best = match, rule
        if not best:
            break
        match, rule = best
        at = match.end()
        if "begin" in rule:
            at = (re.compile(rule["end"]).search(line, at) or match).end()
            found.append((line[match.start():at], rule["name"]))
        elif "captures" in rule:
            found += [(match[int(number)], capture["name"]) for number, capture in rule["captures"].items() if match[int(number)]]
        else:
            found.append((match[0], rule["name"]))
    return dict((part, scope.removesuffix(".gradus")) for part, scope in found)


def expect(line, **wanted):
    found = scopes(line)
    for part, scope in wanted.items():
        assert found.get(part) == scope.replace("_", "."), (line, part, scope, found)


expect("model LeNet5(image: [batch, 32, 32, 1]) -> logits {", model="storage_type", LeNet5="entity_name_function",
       image="variable_parameter", batch="variable_language")
expect("train FineTune of Classifier(classes: 2) {", train="storage_type", FineTune="entity_name_section", of="storage_type",
       Classifier="entity_name_function", classes="variable_parameter")
expect("  data digits(pad_to: 32, standardize: true) -> image, label", data="keyword_other", digits="support_function",
       pad_to="variable_parameter", true="constant_language")
expect("  minimize loss over head with adam(rate: 1e-3) as first", minimize="keyword_control", over="keyword_control",
       adam="entity_name_function_call", rate="variable_parameter")
expect("  metric accuracy = mean(argmax(logits) == label)", metric="keyword_other", mean="support_function")
expect("  epochs = 20  # how often", epochs="variable_language_setting")
expect("  y = sum(x, over: -1)", over="variable_parameter")
expect("  x = not a and b", **{"not": "keyword_operator_word"})
assert scopes("  use = 1").get("use") != "keyword.other" and scopes("  # use x")["# use x"].startswith("comment")
assert scopes('  print "a # b", c')['"a # b"'] == "string.quoted.double"
assert scopes("x = 10_000 + 1e-3")["10_000"] == scopes("x = 1e-3")["1e-3"] == "constant.numeric"
assert scopes("f(x: i32[batch])")["i32"] == "support.type"
for word in words["reserved"]:
    assert scopes(f"  x {word} y").get(word, "").startswith(("keyword", "constant")), word

# The other halves, by their own interpreters where these are installed.
if node := shutil.which("node"):
    subprocess.run([node, "--check", editors / "vscode/extension.js"], check=True)
    # The extension against the server, with a stand-in for the editor.
    subprocess.run([node, source / "tests/end_to_end/vscode_stand_in.js", editors / "vscode/extension.js", gradus], check=True,
                   timeout=60)
if vim := shutil.which("vim"):
    script = work / "check.vim"
    script.write_text(f"""set nocompatible
set runtimepath^={editors}/vim
filetype plugin on
syntax on
edit {source}/examples/lenet5.gradus
function! Group(line, word)
  call cursor(a:line, 1)
  call search('\\V\\<' . a:word . '\\>', 'c', a:line)
  return synIDattr(synID(line('.'), col('.'), 1), 'name')
endfunction
let found = [&filetype, &commentstring, Group(2, 'model'), Group(15, 'data'), Group(17, 'batch'), Group(20, 'loss'),
      \\ Group(22, 'minimize'), Group(21, 'mean'), Group(23, 'patience'), Group(23, 'true')]
call writefile([join(found, ',')], '{work}/vim.txt')
qall!
""")
    ran = subprocess.run([vim, "-es", "-u", str(script)], capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    if (work / "vim.txt").exists():
        found = (work / "vim.txt").read_text().strip().split(",")
        if found[2]:  # a small Vim has no highlighting
            assert found == ["gradus", "# %s", "gradusDefinition", "gradusStatement", "gradusSetting", "", "gradusKeyword",
                             "gradusBuiltin", "gradusArgument", "gradusConstant"], found
