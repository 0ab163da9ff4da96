// JSON-RPC 2.0 in the framing of the language server protocol: headers, an empty line, a body of
// Content-Length bytes.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>

namespace gradus::language_server {

using Json = nlohmann::json;

enum class ErrorCode {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_parameters = -32602,
  internal_error = -32603,
  not_initialized = -32002,
};

// What a request is answered with that cannot be served.
struct ProtocolError : std::runtime_error {
  ProtocolError(ErrorCode code, const std::string& message) : std::runtime_error(message), code(code) {}
  ErrorCode code;
};

constexpr size_t most_bytes = size_t{64} << 20;  // of a message
constexpr size_t deepest = 64;                   // nesting of its JSON

class Connection {
 public:
  Connection(int input, int output) : input_(input), output_(output) {}

  // The next message; none when the input has ended. Throws ProtocolError for what is none; the next call
  // reads what follows it.
  std::optional<Json> read();
  bool has_input();  // whether the next message has begun to arrive
  // False when nobody reads any more.
  bool write(const Json& message);

 private:
  bool fill();
  bool read_line(std::string& line);
  std::optional<std::string> read_body(size_t length);
  bool skip(size_t length);

  int input_;
  int output_;
  std::string buffer_;
  size_t position_ = 0;
};

Json response(const Json& id, Json result);
Json error_response(const Json& id, const ProtocolError& error);
Json notification(const std::string& method, Json parameters);

// Members of objects from outside; ProtocolError if one is missing or of another kind.
const Json& member(const Json& object, const char* name);
std::string string_member(const Json& object, const char* name);
int64_t integer_member(const Json& object, const char* name);
// null if it is missing somewhere on the way.
const Json& find_member(const Json& object, std::initializer_list<const char*> path);

}  // namespace gradus::language_server
