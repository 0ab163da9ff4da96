// A client of `gradus lsp` without other packages: what the server answers becomes what VS Code shows.
"use strict";

const vscode = require("vscode");
const { spawn } = require("child_process");

const language = { language: "gradus" };

// JSON-RPC over the standard streams of the server.
class Connection {
  constructor(program, onNotification, onEnd) {
    this.pending = new Map();
    this.next = 1;
    this.received = Buffer.alloc(0);
    this.onNotification = onNotification;
    this.process = spawn(program, ["lsp"], { stdio: ["pipe", "pipe", "pipe"] });
    this.process.on("error", (error) => this.end(error.message, onEnd));
    this.process.on("exit", (code) => this.end(`it ended with code ${code}`, onEnd));
    this.process.stdin.on("error", () => {});
    this.process.stdout.on("data", (bytes) => this.receive(bytes));
  }

  end(reason, onEnd) {
    if (this.ended) return;
    this.ended = true;
    for (const { reject } of this.pending.values()) reject(new Error(reason));
    this.pending.clear();
    onEnd(reason);
  }

  send(message) {
    if (this.ended) return;
    const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
    this.process.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.process.stdin.write(body);
  }

  notify(method, params) {
    this.send({ method, params });
  }

  request(method, params) {
    if (this.ended) return Promise.reject(new Error("the server has ended"));
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.send({ id, method, params });
    });
  }

  receive(bytes) {
    this.received = Buffer.concat([this.received, bytes]);
    for (;;) {
      const end = this.received.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.received.toString("ascii", 0, end))[1]);
      if (this.received.length < end + 4 + length) return;
      const message = JSON.parse(this.received.toString("utf8", end + 4, end + 4 + length));
      this.received = this.received.subarray(end + 4 + length);
      const waiting = this.pending.get(message.id);
      this.pending.delete(message.id);
      if (message.method) this.onNotification(message.method, message.params);
      else if (waiting && message.error) waiting.reject(new Error(message.error.message));
      else if (waiting) waiting.resolve(message.result);
    }
  }
}

const rangeOf = (range) =>
  new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character);
const locationOf = (place) => new vscode.Location(vscode.Uri.parse(place.uri), rangeOf(place.range));
const identifier = (document) => ({ uri: document.uri.toString() });
const at = (document, position) => ({
  textDocument: identifier(document),
  position: { line: position.line, character: position.character },
});

function diagnosticOf(found) {
  const diagnostic = new vscode.Diagnostic(rangeOf(found.range), found.message, found.severity - 1);
  diagnostic.source = found.source;
  diagnostic.relatedInformation = (found.relatedInformation || []).map(
    (note) => new vscode.DiagnosticRelatedInformation(locationOf(note.location), note.message));
  return diagnostic;
}

function completionOf(found) {
  const item = new vscode.CompletionItem(found.label, found.kind - 1);
  item.detail = found.detail;
  item.sortText = found.sortText;
  if (found.insertText) item.insertText = found.insertText;
  if (found.documentation) item.documentation = new vscode.MarkdownString(found.documentation.value);
  return item;
}

function symbolOf(found) {
  const symbol = new vscode.DocumentSymbol(
    found.name, found.detail, found.kind - 1, rangeOf(found.range), rangeOf(found.selectionRange));
  symbol.children = (found.children || []).map(symbolOf);
  return symbol;
}

let connection;
let diagnostics;

function start() {
  const program = vscode.workspace.getConfiguration("gradus").get("path");
  const onNotification = (method, params) => {
    if (method === "textDocument/publishDiagnostics")
      diagnostics.set(vscode.Uri.parse(params.uri), params.diagnostics.map(diagnosticOf));
  };
  const started = new Connection(program, onNotification, (reason) => {
    if (connection === started)
      vscode.window.showErrorMessage(`The Gradus language server does not run: ${reason}. Set gradus.path?`);
  });
  connection = started;
  started.request("initialize", {
    processId: process.pid,
    rootUri: null,
    capabilities: { textDocument: { publishDiagnostics: { relatedInformation: true } } },
  }).then(() => {
    started.notify("initialized", {});
    vscode.workspace.textDocuments.forEach(opened);
  }).catch(() => {});
}

function stop() {
  const stopped = connection;
  connection = undefined;
  if (!stopped || stopped.ended) return undefined;
  return stopped.request("shutdown").then(() => stopped.notify("exit")).catch(() => {});
}

function opened(document) {
  if (document.languageId !== "gradus" || !connection) return;
  connection.notify("textDocument/didOpen", {
    textDocument: {
      ...identifier(document), languageId: "gradus", version: document.version, text: document.getText(),
    },
  });
}

function changed(event) {
  if (event.document.languageId !== "gradus" || !connection || event.contentChanges.length === 0) return;
  connection.notify("textDocument/didChange", {
    textDocument: { ...identifier(event.document), version: event.document.version },
    contentChanges: event.contentChanges.map(({ range, text }) => ({
      range: {
        start: { line: range.start.line, character: range.start.character },
        end: { line: range.end.line, character: range.end.character },
      },
      text,
    })),
  });
}

function closed(document) {
  if (document.languageId !== "gradus" || !connection) return;
  connection.notify("textDocument/didClose", { textDocument: identifier(document) });
}

const ask = (method, params) => (connection ? connection.request(method, params) : Promise.resolve(null));

function activate(context) {
  diagnostics = vscode.languages.createDiagnosticCollection("gradus");
  context.subscriptions.push(
    diagnostics,
    vscode.workspace.onDidOpenTextDocument(opened),
    vscode.workspace.onDidChangeTextDocument(changed),
    vscode.workspace.onDidCloseTextDocument(closed),
    vscode.commands.registerCommand("gradus.restart", async () => {
      await stop();
      diagnostics.clear();
      start();
    }),
    vscode.languages.registerHoverProvider(language, {
      async provideHover(document, position) {
        const found = await ask("textDocument/hover", at(document, position));
        return found && new vscode.Hover(new vscode.MarkdownString(found.contents.value), rangeOf(found.range));
      },
    }),
    vscode.languages.registerDefinitionProvider(language, {
      async provideDefinition(document, position) {
        const found = await ask("textDocument/definition", at(document, position));
        return found && locationOf(found);
      },
    }),
    vscode.languages.registerCompletionItemProvider(language, {
      async provideCompletionItems(document, position) {
        return ((await ask("textDocument/completion", at(document, position))) || []).map(completionOf);
      },
    }, "(", ",", "."),
    vscode.languages.registerDocumentSymbolProvider(language, {
      async provideDocumentSymbols(document) {
        const found = await ask("textDocument/documentSymbol", { textDocument: identifier(document) });
        return (found || []).map(symbolOf);
      },
    }),
    vscode.languages.registerDocumentFormattingEditProvider(language, {
      async provideDocumentFormattingEdits(document, options) {
        const edits = await ask("textDocument/formatting", { textDocument: identifier(document), options });
        return (edits || []).map((edit) => vscode.TextEdit.replace(rangeOf(edit.range), edit.newText));
      },
    }));
  start();
}

module.exports = { activate, deactivate: stop };
