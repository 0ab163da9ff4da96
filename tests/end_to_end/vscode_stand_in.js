// Runs the extension against the server, with the few parts of the editor's interface that it uses: node this.js EXTENSION
// GRADUS. Exits with 1 if an answer does not arrive.
"use strict";

const assert = require("assert");
const Module = require("module");
const [extension, program] = process.argv.slice(2);

const providers = {};
const handlers = {};
const subscription = { dispose() {} };
const register = (name) => (_, provider) => ((providers[name] = provider), subscription);
const listen = (name) => (handler) => ((handlers[name] = handler), subscription);
const text = "model M(x: [batch, 2]) -> y { y = x |> dense(3) }\nprogram p { a = unknown }\n";
const document = { languageId: "gradus", version: 1, uri: { toString: () => "file:///nowhere/a.gradus" }, getText: () => text };
const published = [];
let arrived;
const diagnostics = new Promise((resolve) => (arrived = resolve));

class Plain {
  constructor(...values) {
    this.values = values;
  }
}
const vscode = {
  Range: Plain, Location: Plain, Hover: Plain, MarkdownString: Plain, CompletionItem: Plain, DocumentSymbol: Plain,
  Diagnostic: Plain, DiagnosticRelatedInformation: Plain,
  TextEdit: { replace: (range, inserted) => ({ range, inserted }) },
  Uri: { parse: (uri) => uri },
  window: { showErrorMessage: (message) => assert.fail(message) },
  commands: { registerCommand: () => subscription },
  workspace: {
    textDocuments: [document],
    getConfiguration: () => ({ get: () => program }),
    onDidOpenTextDocument: listen("opened"),
    onDidChangeTextDocument: listen("changed"),
    onDidCloseTextDocument: listen("closed"),
  },
  languages: {
    createDiagnosticCollection: () => ({
      set: (uri, found) => (published.push(found), arrived()), clear() {}, dispose() {},
    }),
    registerHoverProvider: register("hover"),
    registerDefinitionProvider: register("definition"),
    registerCompletionItemProvider: register("completion"),
    registerDocumentSymbolProvider: register("symbols"),
    registerDocumentFormattingEditProvider: register("format"),
  },
};
const load = Module._load;
Module._load = (name, ...rest) => (name === "vscode" ? vscode : load(name, ...rest));

async function main() {
  const { activate, deactivate } = require(extension);
  activate({ subscriptions: [] });
  await diagnostics;
  assert.match(published[0][0].values[1], /unknown/);
  const at = { line: 0, character: text.indexOf("dense") };
  assert.match((await providers.hover.provideHover(document, at)).values[0].values[0], /layer dense/);
  assert.match((await providers.definition.provideDefinition(document, at)).values[0], /layers\.gradus$/);
  const items = await providers.completion.provideCompletionItems(document, at);
  assert(items.some((item) => item.values[0] === "dense"));
  const symbols = await providers.symbols.provideDocumentSymbols(document);
  assert.deepStrictEqual(symbols.map((symbol) => symbol.values[0]), ["M", "p"]);
  handlers.changed({ document: { ...document, version: 2 }, contentChanges: [{
    range: { start: { line: 0, character: 0 }, end: { line: 1, character: 0 } }, text: "" }] });
  const edits = await providers.format.provideDocumentFormattingEdits(document, {});
  assert.deepStrictEqual(edits, []);
  handlers.closed(document);
  await deactivate();
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
