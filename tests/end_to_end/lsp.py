#!/usr/bin/env python3
"""gradus lsp over its protocol: lsp.py GRADUS WORK [--measure]

--measure prints how long a diagnostic of LeNet-5's text takes; nothing depends on a time.
"""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time
import urllib.parse

gradus, work = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
source = pathlib.Path(__file__).resolve().parents[2]
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)


def frame(message):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


class Client:
    def __init__(self, related=True):
        environment = {**os.environ, "XDG_CACHE_HOME": str(work / "cache")}
        self.process = subprocess.Popen([gradus, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self.number, self.diagnostics = 0, {}
        self.capabilities = self.request("initialize", {"processId": None, "rootUri": None, "capabilities": {
            "textDocument": {"publishDiagnostics": {"relatedInformation": related}}}})["capabilities"]
        self.notify("initialized", {})

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def receive(self):
        length = None
        while (line := self.process.stdout.readline().strip()):
            name, value = line.split(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length is not None, "the server has ended"
        message = json.loads(self.process.stdout.read(length))
        assert message["jsonrpc"] == "2.0"
        return message

    def wait(self, wanted):
        """The next message that is wanted; diagnostics on the way are kept."""
        while True:
            message = self.receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                self.diagnostics[message["params"]["uri"]] = message["params"]
            if wanted(message):
                return message

    def notify(self, method, params):
        self.send(frame({"jsonrpc": "2.0", "method": method, "params": params}))

    def ask(self, method, params):
        self.number += 1
        number = self.number
        self.send(frame({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
        return self.wait(lambda message: message.get("id") == number)

    def request(self, method, params):
        message = self.ask(method, params)
        assert "result" in message, message
        return message["result"]

    def error(self, method, params):
        return self.ask(method, params)["error"]["code"]

    def published(self, uri, version):
        while self.diagnostics.get(uri, {}).get("version") != version:
            self.wait(lambda message: message.get("method") == "textDocument/publishDiagnostics")
        return self.diagnostics[uri]["diagnostics"]

    def open(self, uri, text, version=1):
        self.notify("textDocument/didOpen",
                    {"textDocument": {"uri": uri, "languageId": "gradus", "version": version, "text": text}})
        return self.published(uri, version)

    def change(self, uri, version, *changes):
        self.notify("textDocument/didChange",
                    {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)})
        return self.published(uri, version)

    def at(self, method, uri, place):
        return self.request("textDocument/" + method, {"textDocument": {"uri": uri}, "position": place})

    def hover(self, uri, place):
        found = self.at("hover", uri, place)
        return found and found["contents"]["value"]

    def completion(self, uri, place):
        return {item["label"]: item for item in self.at("completion", uri, place)}

    def end(self):
        self.request("shutdown", None)
        self.notify("exit", None)
        self.process.stdin.close()
        assert self.process.wait(30) == 0


def uri_of(path):
    return "file://" + urllib.parse.quote(str(path))


def find(text, wanted, nth=0, behind=False):
    """The place of the nth occurrence, in UTF-16 code units."""
    offset = -1
    for _ in range(nth + 1):
        offset = text.index(wanted, offset + 1)
    offset += len(wanted) if behind else 0
    line = text.count("\n", 0, offset)
    start = text.rfind("\n", 0, offset) + 1
    return {"line": line, "character": len(text[start:offset].encode("utf-16-le")) // 2}


def text_at(text, place_range):
    lines = text.split("\n")
    start, end = place_range["start"], place_range["end"]
    assert start["line"] == end["line"], place_range
    units = lines[start["line"]].encode("utf-16-le")
    return units[2 * start["character"]:2 * end["character"]].decode("utf-16-le")


LENET = (source / "examples/lenet5.gradus").read_text()
client = Client()
for provider in ("hoverProvider", "definitionProvider", "completionProvider", "documentSymbolProvider",
                 "documentFormattingProvider"):
    assert client.capabilities[provider], provider

# --- diagnostics: places, notes, hints, all of a file
uri = uri_of(work / "lenet5.gradus")
assert client.open(uri, LENET) == []
broken = LENET.replace("dense(84, activation: tanh)", "dense(84, activatoin: tanh)").replace("metric accuracy = mean(",
                                                                                          "metric accuracy = maen(")
found = client.change(uri, 2, {"text": broken})
assert [text_at(broken, each["range"]) for each in found] == ["activatoin", "maen"], found
assert all(each["severity"] == 1 and each["source"] == "gradus" for each in found)
hints = [note["message"] for note in found[0]["relatedInformation"]]
assert hints[-1] == "hint: did you mean `activation`?" and any(hint.startswith("note: ") for hint in hints), hints
# Columns are UTF-16 code units: 𝛼 has two and four bytes.
wide = 'program p {\n  s = "𝛼é"; x = unknown\n}\n'
found = client.change(uri, 3, {"text": wide})
assert [text_at(wide, each["range"]) for each in found] == ["unknown"], found
assert found[0]["range"]["start"]["character"] == len('  s = "𝛼é"; x = ') + 1
# Syntax errors, several of them.
found = client.change(uri, 4, {"text": "program p {\n  a = = 1\n  b = )\n}\n"})
assert [each["range"]["start"]["line"] for each in found] == [1, 2], found
# In the library: the user's line, with the library's as a place that can be opened.
shapes = "program p {\n  y = softmax(zeros([2, 3]), axis: 7)\n}\n"
found = client.change(uri, 5, {"text": shapes})
assert len(found) == 1 and found[0]["range"]["start"]["line"] == 1, found
library = [note["location"]["uri"] for note in found[0]["relatedInformation"] if "/activations.gradus" in note["location"]["uri"]]
assert library and "softmax" in pathlib.Path(urllib.parse.unquote(library[0][7:])).read_text()
# Warnings.
found = client.change(uri, 6, {"text": LENET.replace("  batch = 64\n", "  batch = 64\n  learning_rate = 0.1\n")})
assert [(each["severity"], each["range"]["start"]["line"]) for each in found] == [(2, 17)], found

# --- incremental changes give the text that a whole one would
uri = uri_of(work / "edited.gradus")
text = "program p {\n  é = 1\n}\n"
client.open(uri, text)
expected = "program p {\n  a = 1.0\n  x = a\n  expect x == 1\n}\n"
client.change(uri, 2, {"range": {"start": {"line": 1, "character": 2}, "end": {"line": 1, "character": 3}}, "text": "a"},
              {"range": {"start": {"line": 1, "character": 7}, "end": {"line": 1, "character": 7}}, "text": ".0\n  x = a"},
              {"range": {"start": {"line": 3, "character": 0}, "end": {"line": 99, "character": 0}},
               "text": "  expect x == 1\n}\n"})
assert client.diagnostics[uri]["diagnostics"] == []
assert client.request("textDocument/formatting", {"textDocument": {"uri": uri}, "options": {}}) == []
assert "f64[]" in client.hover(uri, find(expected, "a = 1")) + client.hover(uri, find(expected, "x = a"))
# Several changes at once are published once, for the last.
client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 3}, "contentChanges": [{"text": "x ="}]})
assert client.change(uri, 4, {"text": text.replace("é", "e")}) == []

# --- hover
uri = uri_of(work / "lenet5.gradus")
client.change(uri, 7, {"text": LENET})
hover = lambda wanted, nth=0: client.hover(uri, find(LENET, wanted, nth))
assert "f32[64,10]" in hover("logits", 2), hover("logits", 2)
assert "i32[64]" in hover("label", 1)
assert "f32[64,32,32,1]" in hover("image", 1)
assert "layer dense(x: [..., inputs], units: int" in hover("dense") and "Glorot" not in hover("dense", 0)[:20]
assert "optimizer adam(" in hover("adam") and "Kingma and Ba" in hover("adam")
assert "function sparse_categorical_cross_entropy(" in hover("sparse_categorical")
assert "sum" in hover("mean(") or "mean(x" in hover("mean(")
assert "epochs = 1" in hover("epochs") and "training rows" in hover("epochs")
assert "early_stopping(monitor" in hover("early_stopping")
assert "activation: function = identity" in hover("activation: tanh", 2) and "dense" in hover("activation: tanh", 2)
assert "minimize loss over paths with optimizer" in hover("minimize")
assert "digits()" in hover("digits(")
assert "model LeNet5(image" in hover("LeNet5", 1)
assert client.hover(uri, find(LENET, "|>")) is None
assert client.hover(uri, find(LENET, "61,706")) is None, "nothing is said of comments"

# --- definitions
definition = lambda wanted, nth=0: client.at("definition", uri, find(LENET, wanted, nth))
assert definition("logits", 2)["range"]["start"] == find(LENET, "logits {"), "an output of the model"
assert text_at(LENET, definition("label", 1)["range"]) == "label"
assert definition("LeNet5", 1)["range"]["start"] == find(LENET, "LeNet5", 0) or definition("LeNet5", 2)["range"]["start"] \
    == find(LENET, "LeNet5(")


def opened_at(place):
    path = pathlib.Path(urllib.parse.unquote(place["uri"][len("file://"):]))
    return path.name, text_at(path.read_text(), place["range"])


assert opened_at(definition("adam")) == ("optimizers.gradus", "adam")
assert opened_at(definition("conv2d")) == ("layers.gradus", "conv2d")
assert opened_at(definition("patience"))[0] if definition("patience") else True
assert opened_at(definition("rate: 1e-3")) == ("optimizers.gradus", "rate")
(work / "part.gradus").write_text("# Twice\nfunction twice(x) = 2 * x\n")
importing = 'import "part.gradus"\nprogram p {\n  y = twice(1.0)\n}\n'
other = uri_of(work / "importing.gradus")
assert client.open(other, importing) == []
assert opened_at(client.at("definition", other, find(importing, "twice"))) == ("part.gradus", "twice")
assert client.at("definition", other, find(importing, "part"))["uri"] == uri_of(work / "part.gradus")
assert "Twice" in client.hover(other, find(importing, "twice"))
# What is open in the editor counts, not what lies on the disk.
client.open(uri_of(work / "part.gradus"), "function thrice(x) = 3 * x\n")
assert [text_at(importing, each["range"]) for each in client.published(other, 1)] == ["twice"], client.diagnostics[other]
client.notify("textDocument/didClose", {"textDocument": {"uri": uri_of(work / "part.gradus")}})
# An error in an imported file stands at the import.
(work / "part.gradus").write_text("function twice(x) = = x\n")
found = client.change(other, 2, {"text": importing})
assert found[0]["range"]["start"]["line"] == 0 and "part.gradus" in found[0]["relatedInformation"][0]["location"]["uri"], found

# --- completion
def complete(text):
    """At the mark ‸."""
    place = find(text, "‸")
    client.change(uri, complete.version, {"text": text.replace("‸", "")})
    complete.version += 1
    return client.completion(uri, place)


complete.version = 100
block = "model M(x: [batch, 2]) -> y { y = x |> dense(3) as hidden }\ntrain M {\n  data rows(x: [[1, 2]], t: [[1, 2, 3]]) -> x, t\n"
names = complete(block + "  ‸\n}\n")
assert {"batch", "epochs", "metric", "minimize", "early_stopping", "split", "finally"} <= set(names)
assert names["epochs"]["insertText"] == "epochs = "
names = complete(block + "  loss = mean_sq‸\n")
assert {"mean_squared_error", "x", "t", "y", "model", "adam", "mean"} <= set(names) and "mean_squared_error(" in names["mean_squared_error"]["detail"]
names = complete(block + "  other = 1\n  loss = ‸")
assert "other" in names
names = complete(block + "  minimize loss with ‸\n}\n")
assert min(names, key=lambda name: names[name]["sortText"]) in names and names["adam"]["sortText"] < names["mean"]["sortText"]
names = complete(block + "  minimize loss with adam(‸)\n}\n")
assert names["beta1"]["insertText"] == "beta1: " and names["rate"]["sortText"] < names["x"]["sortText"]
names = complete(block + "  split(‸)\n}\n")
assert {"validation", "test", "folds"} <= set(names)
names = complete(block.replace("data rows(x: [[1, 2]], t: [[1, 2, 3]]) -> x, t", "data ‸"))
assert {"rows", "digits", "csv"} <= set(names) and "adam" not in names
names = complete(block + "  metric error = 1\n  finally { print train.‸ }\n}\n")
assert set(names) == {"loss", "error"}, names
assert set(complete("‸")) == {"import", "layer", "model", "function", "optimizer", "train", "program"}
assert complete("# a comment ‸\n") == {} and complete('import "‸"\n') == {}

# --- symbols and layout
gan = (source / "examples/gan.gradus").read_text()
uri = uri_of(work / "gan.gradus")
assert client.open(uri, gan) == []
symbols = client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
assert [(each["name"], each["detail"]) for each in symbols] == [("Generator", "layer"), ("Discriminator", "layer"), ("GAN", "train")]
assert [each["name"] for each in symbols[2]["children"]] == ["real", "generator", "discriminator", "center", "deviation"]
for each in symbols:
    assert text_at(gan, each["selectionRange"]) == each["name"]
    assert gan.split("\n")[each["range"]["end"]["line"]][:each["range"]["end"]["character"]].endswith("}")
ugly = gan.replace("  epochs = 1500", "epochs=1500")
client.change(uri, 2, {"text": ugly})
edits = client.request("textDocument/formatting", {"textDocument": {"uri": uri}, "options": {"tabSize": 2}})
assert [each["newText"] for each in edits] == [gan]
assert edits[0]["range"]["end"] == {"line": gan.count("\n"), "character": 0}
client.change(uri, 3, {"text": "program p {"})
assert client.request("textDocument/formatting", {"textDocument": {"uri": uri}, "options": {}}) is None

# --- data that are not here: the block is not checked, and it says so
found = client.change(uri, 4, {"text": block.replace("rows(x: [[1, 2]], t: [[1, 2, 3]])", 'csv("none.csv", target: "t")') + "  loss = mean((y - t) ^ 2)\n  minimize loss with sgd()\n}\n"})
assert [each["severity"] for each in found] == [3] and "none.csv" in found[0]["message"], found
(work / "large.csv").write_text("a,t\n" + "1,2\n" * 400_000)
found = client.change(uri, 5, {"text": block.replace("rows(x: [[1, 2]], t: [[1, 2, 3]])", 'csv("large.csv", target: "t")') + "  loss = mean((y - t) ^ 2)\n  minimize loss with sgd()\n}\n"})
assert [each["severity"] for each in found] == [3] and "large" in found[0]["message"], found
# A model whose sizes are known is checked even so.
found = client.change(uri, 6, {"text": "model M(x: [batch, 2]) -> y { y = x @ zeros([3, 4]) }\n"})
assert [each["severity"] for each in found] == [1], found

# --- a client that shows no related information gets it in the message
plain = Client(related=False)
found = plain.open(uri_of(work / "plain.gradus"), broken)
assert "hint: did you mean `activation`?" in found[0]["message"] and "relatedInformation" not in found[0]
plain.end()

# --- requests that cannot be served
code = client.error
assert code("textDocument/rename", {}) == -32601
assert code("textDocument/hover", {}) == -32602
assert code("textDocument/hover", {"textDocument": {"uri": "file:///none"}, "position": {"line": 0, "character": 0}}) == -32602
assert code("textDocument/hover", {"textDocument": {"uri": uri}, "position": {"line": -1, "character": 0}}) == -32602
assert code("textDocument/hover", {"textDocument": {"uri": uri}, "position": {"line": 1e300, "character": "x"}}) == -32602
assert code("textDocument/hover", [1, 2]) == -32602
assert code("initialize", {}) == -32600
assert client.at("hover", uri, {"line": 10**15, "character": 10**15}) is None
for body, expected in ((b"{", -32700), (b"[" * 100000, -32700), (b"\xff\xfe", -32700), (b'{"jsonrpc":"2.0","id":{},"method":"shutdown"}', -32600),
                       (b'{"id":1,"id":2}', -32700), (b"[]", -32600), (b"17", -32600), (b'{"id":7}', -32600),
                       (b'{"id":7,"method":5}', -32600)):
    client.send(frame(body))
    assert client.wait(lambda message: "error" in message)["error"]["code"] == expected, body
for raw in (b"Content-Length: x\r\n\r\n", b"Nothing: 1\r\n\r\n", b"Content-Length: -4\r\n\r\n"):
    client.send(raw)
    assert client.wait(lambda message: "error" in message)["error"]["code"] == -32700, raw
assert client.hover(uri, {"line": 0, "character": 0}), "it still serves"
client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 7}, "contentChanges": [{"range": 5, "text": "x"}]})
client.notify("textDocument/didOpen", {"textDocument": 5})
client.notify("$/cancelRequest", {"id": 1})

# --- any text at any place: an answer, whatever it is
random.seed(1)
texts = [path.read_text() for path in sorted((source / "examples").glob("*.gradus")) if path.stem != "mnist"]
fuzzed = uri_of(work / "fuzzed.gradus")
client.open(fuzzed, "")
for version in range(2, 62):
    text = random.choice(texts)
    cut = random.randrange(len(text))
    text = text[:cut] + random.choice(["", "(", "}", '"', "é𝛼", " = ", "\0", "\r", "as ", "."]) + text[cut + random.randrange(9):]
    text = text.replace("1500", "2")
    client.change(fuzzed, version, {"text": text})
    for method in ("hover", "definition", "completion"):
        line = random.randrange(text.count("\n") + 2)
        client.at(method, fuzzed, {"line": line, "character": random.randrange(60)})
    client.request("textDocument/documentSymbol", {"textDocument": {"uri": fuzzed}})
    client.request("textDocument/formatting", {"textDocument": {"uri": fuzzed}, "options": {}})

assert client.request("shutdown", None) is None
assert client.error("textDocument/hover", {}) == -32600
client.notify("exit", None)
assert client.process.wait(30) == 0

# --- before initialize, without shutdown, in the middle of a message
for data, status in ((frame({"jsonrpc": "2.0", "id": 1, "method": "textDocument/hover", "params": {}}), 1), (b"", 1),
                     (frame({"jsonrpc": "2.0", "method": "exit"}), 1), (b"Content-Length: 99999\r\n\r\n{", 1),
                     (b"Content-Length: 99999999999999999999\r\n\r\n", 1)):
    result = subprocess.run([gradus, "lsp"], input=data, capture_output=True, timeout=60)
    assert result.returncode == status and not result.stderr, (data, result)
assert b"-32002" in subprocess.run([gradus, "lsp"], input=frame({"jsonrpc": "2.0", "id": 1, "method": "shutdown"}),
                                   capture_output=True, timeout=60).stdout

if "--measure" in sys.argv:
    client = Client()
    uri = uri_of(work / "lenet5.gradus")
    client.open(uri, LENET)
    times = []
    for version in range(2, 22):
        start = time.perf_counter()
        client.change(uri, version, {"text": LENET + "\n" * version})
        times.append(time.perf_counter() - start)
    print(f"diagnostics of LeNet-5: median {1000 * sorted(times)[10]:.0f} ms, slowest {1000 * max(times):.0f} ms")
    client.end()
