#include "frontend/language_server/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "frontend/language_server/answers.h"

namespace gradus::language_server {

namespace {

class Server {
 public:
  Server(int input, int output) : connection_(input, output) {}
  int run();

 private:
  using Handler = Json (Server::*)(const Json& parameters);
  struct Method {
    std::string_view name;
    Handler handle;
    bool request = true;  // otherwise a notification, which is not answered
  };
  static const Method* find_method(std::string_view name);

  void receive(const Json& message);
  Json answer(const Json& message, const Method& method);
  void forget(const std::string& name);
  void publish();

  Json initialize(const Json& parameters);
  Json nothing(const Json& parameters);
  Json shutdown(const Json& parameters);
  Json exit(const Json& parameters);
  Json opened(const Json& parameters);
  Json changed(const Json& parameters);
  Json closed(const Json& parameters);
  Json hover(const Json& parameters);
  Json definition(const Json& parameters);
  Json completion(const Json& parameters);
  Json symbols(const Json& parameters);
  Json format(const Json& parameters);

  const Documents::Document& document(const Json& parameters) const;
  Program program(const Json& parameters) const;
  const Analysis& analysis_of(const Documents::Document& document);

  Connection connection_;
  Documents documents_;
  std::map<std::string, Analysis> analyses_;  // by URI, of the newest text; missing until one is asked for
  std::set<std::string> unpublished_;         // URIs whose diagnostics the client does not know
  bool related_information_ = false;
  enum class Phase { new_, running, shut_down } phase_ = Phase::new_;
  bool exited_ = false;
  bool broken_ = false;  // the client reads no more
};

const Server::Method* Server::find_method(std::string_view name) {
  static constexpr Method methods[] = {
      {"initialize", &Server::initialize},
      {"initialized", &Server::nothing, false},
      {"shutdown", &Server::shutdown},
      {"exit", &Server::exit, false},
      {"textDocument/didOpen", &Server::opened, false},
      {"textDocument/didChange", &Server::changed, false},
      {"textDocument/didClose", &Server::closed, false},
      {"textDocument/didSave", &Server::nothing, false},
      {"textDocument/hover", &Server::hover},
      {"textDocument/definition", &Server::definition},
      {"textDocument/completion", &Server::completion},
      {"textDocument/documentSymbol", &Server::symbols},
      {"textDocument/formatting", &Server::format},
  };
  for (const Method& method : methods)
    if (method.name == name) return &method;
  return nullptr;
}

// --- messages ----------------------------------------------------------------------------------------------

bool is_id(const Json& id) { return id.is_string() || id.is_number_integer(); }

// Requests are answered; of what is wrong with a notification nobody is told.
void Server::receive(const Json& message) {
  const Json& id = find_member(message, {"id"});
  const bool request = message.is_object() && message.contains("id");
  try {
    const Json& name = find_member(message, {"method"});
    if (!name.is_string()) {
      if (message.is_object() && (message.contains("result") || message.contains("error")))
        return;  // an answer
      throw ProtocolError(ErrorCode::invalid_request, "a message without `method`");
    }
    if (request && !is_id(id))
      throw ProtocolError(ErrorCode::invalid_request, "`id` is neither a number nor a string");
    const Method* method = find_method(name.get_ref<const std::string&>());
    if (!method) {
      if (!request) return;
      throw ProtocolError(ErrorCode::method_not_found,
                          fmt::format("there is no '{}' here", name.get<std::string>()));
    }
    if (request != method->request)
      throw ProtocolError(
          ErrorCode::invalid_request,
          fmt::format("{} is a {}", method->name, method->request ? "request" : "notification"));
    Json result = answer(message, *method);
    if (request) broken_ |= !connection_.write(response(id, std::move(result)));
  } catch (const ProtocolError& error) {
    const bool answered = request || !find_member(message, {"method"}).is_string();
    if (answered) broken_ |= !connection_.write(error_response(is_id(id) ? id : Json(nullptr), error));
  }
}

Json Server::answer(const Json& message, const Method& method) {
  const bool first = method.handle == &Server::initialize;
  const bool last = method.handle == &Server::exit;
  if (!last && first != (phase_ == Phase::new_))
    throw phase_ == Phase::new_ ? ProtocolError(ErrorCode::not_initialized, "`initialize` comes first")
                                : ProtocolError(ErrorCode::invalid_request, "`initialize` comes once");
  if (!last && phase_ == Phase::shut_down)
    throw ProtocolError(ErrorCode::invalid_request, "after `shutdown`");
  try {
    return (this->*method.handle)(find_member(message, {"params"}));
  } catch (const ProtocolError&) {
    throw;
  } catch (const Error& error) {
    throw ProtocolError(ErrorCode::internal_error, error.diagnostics().front().message);
  } catch (const std::exception& error) {
    throw ProtocolError(ErrorCode::internal_error, error.what());
  }
}

// --- the life of the server --------------------------------------------------------------------------------

Json Server::initialize(const Json& parameters) {
  phase_ = Phase::running;
  const Json& related =
      find_member(parameters, {"capabilities", "textDocument", "publishDiagnostics", "relatedInformation"});
  related_information_ = related.is_boolean() && related.get<bool>();
  constexpr int incremental = 2;
  return {{"capabilities",
           {{"positionEncoding", "utf-16"},
            {"textDocumentSync", {{"openClose", true}, {"change", incremental}}},
            {"hoverProvider", true},
            {"definitionProvider", true},
            {"completionProvider", {{"triggerCharacters", {"(", ",", "."}}}},
            {"documentSymbolProvider", true},
            {"documentFormattingProvider", true}}},
          {"serverInfo", {{"name", "gradus"}}}};
}

Json Server::nothing(const Json&) { return nullptr; }

Json Server::shutdown(const Json&) {
  phase_ = Phase::shut_down;
  return nullptr;
}

Json Server::exit(const Json&) {
  exited_ = true;
  return nullptr;
}

// --- documents ---------------------------------------------------------------------------------------------

// What was known of the texts that this one is part of.
void Server::forget(const std::string& name) {
  for (const auto& [uri, document] : documents_.all()) {
    const Program program = program_of(document, documents_);
    const auto is_it = [&](const std::shared_ptr<const ParsedText>& text) { return text->name == name; };
    if (!is_it(program.own) && std::none_of(program.imported.begin(), program.imported.end(), is_it))
      continue;
    analyses_.erase(uri);
    unpublished_.insert(uri);
  }
}

Json Server::opened(const Json& parameters) {
  const Json& item = member(parameters, "textDocument");
  const std::string uri = string_member(item, "uri");
  documents_.open(uri, integer_member(item, "version"), string_member(item, "text"));
  forget(documents_.at(uri).parsed->name);
  return nullptr;
}

Json Server::changed(const Json& parameters) {
  const Json& item = member(parameters, "textDocument");
  documents_.change(string_member(item, "uri"), integer_member(item, "version"),
                    member(parameters, "contentChanges"));
  forget(document(parameters).parsed->name);
  return nullptr;
}

Json Server::closed(const Json& parameters) {
  const std::string uri = document(parameters).uri;
  const std::string name = document(parameters).parsed->name;
  documents_.close(uri);
  forget(name);  // from now on the file counts
  analyses_.erase(uri);
  unpublished_.erase(uri);
  broken_ |= !connection_.write(
      notification("textDocument/publishDiagnostics", {{"uri", uri}, {"diagnostics", Json::array()}}));
  return nullptr;
}

const Analysis& Server::analysis_of(const Documents::Document& document) {
  const auto found = analyses_.find(document.uri);
  if (found != analyses_.end()) return found->second;
  return analyses_.emplace(document.uri, analyze(*document.parsed, documents_)).first->second;
}

// When nothing else is to be done: while somebody types, only the last text is looked at.
void Server::publish() {
  while (!unpublished_.empty() && !connection_.has_input()) {
    const std::string uri = *unpublished_.begin();
    unpublished_.erase(unpublished_.begin());
    const Documents::Document& document = documents_.at(uri);
    try {
      Json diagnostics =
          diagnostics_of(program_of(document, documents_), analysis_of(document), related_information_);
      broken_ |= !connection_.write(notification(
          "textDocument/publishDiagnostics",
          {{"uri", uri}, {"version", document.version}, {"diagnostics", std::move(diagnostics)}}));
    } catch (const std::exception& error) {
      broken_ |= !connection_.write(notification(
          "window/logMessage", {{"type", 1}, {"message", fmt::format("internal: {}", error.what())}}));
    }
  }
}

const Documents::Document& Server::document(const Json& parameters) const {
  return documents_.at(string_member(member(parameters, "textDocument"), "uri"));
}

Program Server::program(const Json& parameters) const { return program_of(document(parameters), documents_); }

// --- answers -----------------------------------------------------------------------------------------------

Json Server::hover(const Json& parameters) {
  const Position position = position_of(member(parameters, "position"));
  return language_server::hover(program(parameters), analysis_of(document(parameters)), position);
}

Json Server::definition(const Json& parameters) {
  return language_server::definition(program(parameters), position_of(member(parameters, "position")));
}

Json Server::completion(const Json& parameters) {
  return language_server::completion(program(parameters), position_of(member(parameters, "position")));
}

Json Server::symbols(const Json& parameters) { return document_symbols(*document(parameters).parsed); }

Json Server::format(const Json& parameters) { return formatting(*document(parameters).parsed); }

int Server::run() {
  while (!exited_ && !broken_) {
    try {
      const std::optional<Json> message = connection_.read();
      if (!message) break;
      receive(*message);
    } catch (const ProtocolError& error) {
      broken_ |= !connection_.write(error_response(nullptr, error));
    }
    if (phase_ == Phase::running) publish();
  }
  return phase_ == Phase::shut_down ? 0 : 1;
}

}  // namespace

int serve(int input, int output) { return Server(input, output).run(); }

}  // namespace gradus::language_server
