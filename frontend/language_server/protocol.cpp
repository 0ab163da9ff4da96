#include "frontend/language_server/protocol.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "ir/error.h"
#include "runtime/data/json.h"

namespace gradus::language_server {

namespace {

constexpr size_t longest_header = 4096;

bool is_header(std::string_view line, std::string_view name) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return line.size() > name.size() && line[name.size()] == ':' &&
         std::equal(name.begin(), name.end(), line.begin(), [&](char a, char b) { return same(b, a); });
}

std::optional<size_t> length_of(std::string_view value) {
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  size_t length = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), length);
  if (read.ec != std::errc() || read.ptr != value.data() + value.size()) return std::nullopt;
  return length;
}

}  // namespace

// More bytes into the buffer; false at the end.
bool Connection::fill() {
  buffer_.erase(0, position_);
  position_ = 0;
  char chunk[65536];
  ssize_t count = 0;
  do count = ::read(input_, chunk, sizeof chunk);
  while (count < 0 && errno == EINTR);
  if (count <= 0) return false;
  buffer_.append(chunk, static_cast<size_t>(count));
  return true;
}

bool Connection::has_input() {
  if (position_ < buffer_.size()) return true;
  pollfd waiting{input_, POLLIN, 0};
  return ::poll(&waiting, 1, 0) > 0 && (waiting.revents & POLLIN) != 0;
}

// Without its end; cut after `longest_header` bytes.
bool Connection::read_line(std::string& line) {
  line.clear();
  for (;;) {
    if (position_ == buffer_.size() && !fill()) return false;
    const char c = buffer_[position_++];
    if (c == '\n') break;
    if (line.size() < longest_header) line += c;
  }
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

std::optional<std::string> Connection::read_body(size_t length) {
  std::string body;
  while (body.size() < length) {
    if (position_ == buffer_.size() && !fill()) return std::nullopt;
    const size_t count = std::min(length - body.size(), buffer_.size() - position_);
    body.append(buffer_, position_, count);
    position_ += count;
  }
  return body;
}

bool Connection::skip(size_t length) {
  while (length > 0) {
    if (position_ == buffer_.size() && !fill()) return false;
    const size_t count = std::min(length, buffer_.size() - position_);
    position_ += count;
    length -= count;
  }
  return true;
}

std::optional<Json> Connection::read() {
  std::optional<size_t> length;
  std::string line;
  bool any = false;
  for (;;) {
    if (!read_line(line)) return std::nullopt;
    if (line.empty()) {
      if (length) break;
      if (any) throw ProtocolError(ErrorCode::parse_error, "a message without Content-Length");
      continue;
    }
    any = true;
    constexpr std::string_view name = "content-length";
    if (!is_header(line, name)) continue;
    length = length_of(std::string_view(line).substr(name.size() + 1));
    if (!length) throw ProtocolError(ErrorCode::parse_error, "Content-Length is no whole number");
  }
  if (*length > most_bytes) {
    if (!skip(*length)) return std::nullopt;
    throw ProtocolError(ErrorCode::invalid_request,
                        fmt::format("a message of more than {} bytes", most_bytes));
  }
  const std::optional<std::string> body = read_body(*length);
  if (!body) return std::nullopt;
  try {
    return parse_json(*body, deepest, "the message");
  } catch (const Error& error) {
    throw ProtocolError(ErrorCode::parse_error, error.diagnostics().front().message);
  }
}

bool Connection::write(const Json& message) {
  const std::string body = message.dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::string text = fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
  for (size_t written = 0; written < text.size();) {
    const ssize_t count = ::write(output_, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    written += static_cast<size_t>(count);
  }
  return true;
}

Json response(const Json& id, Json result) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

Json error_response(const Json& id, const ProtocolError& error) {
  return {{"jsonrpc", "2.0"},
          {"id", id},
          {"error", {{"code", static_cast<int>(error.code)}, {"message", error.what()}}}};
}

Json notification(const std::string& method, Json parameters) {
  return {{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(parameters)}};
}

const Json& member(const Json& object, const char* name) {
  if (const auto found = object.find(name); object.is_object() && found != object.end()) return *found;
  throw ProtocolError(ErrorCode::invalid_parameters, fmt::format("`{}` is missing", name));
}

std::string string_member(const Json& object, const char* name) {
  const Json& value = member(object, name);
  if (!value.is_string())
    throw ProtocolError(ErrorCode::invalid_parameters, fmt::format("`{}` is no string", name));
  return value.get<std::string>();
}

int64_t integer_member(const Json& object, const char* name) {
  const Json& value = member(object, name);
  if (!value.is_number_integer())
    throw ProtocolError(ErrorCode::invalid_parameters, fmt::format("`{}` is no whole number", name));
  return value.get<int64_t>();
}

const Json& find_member(const Json& object, std::initializer_list<const char*> path) {
  static const Json nothing;
  const Json* at = &object;
  for (const char* name : path) {
    const auto found = at->find(name);
    if (!at->is_object() || found == at->end()) return nothing;
    at = &*found;
  }
  return *at;
}

}  // namespace gradus::language_server
