#include "runtime/data/json.h"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "ir/error.h"
#include "runtime/memory_request.h"

namespace gradus {

namespace {

using nlohmann::json;

// Looks at a text before a value is made of it. (The library's callback for this purpose searches an object
// again after each of its members, which takes quadratic time.)
class Check : public json::json_sax_t {
 public:
  Check(size_t depth, const std::string& what) : depth_(depth), what_(what) {}

  bool start_object(size_t) override { return open(); }
  bool start_array(size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!keys_.back().insert(name).second) fail_program(fmt::format("'{}' appears twice in {}", name, what_));
    return true;
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail_program(fmt::format("{} is not JSON: byte {} is not expected", what_, position));
  }

 private:
  bool open() {
    if (keys_.size() == depth_) fail_program(fmt::format("{} is nested too deeply", what_));
    keys_.emplace_back();
    return true;
  }
  bool close() {
    keys_.pop_back();
    return true;
  }

  size_t depth_;
  const std::string& what_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open; arrays have none
};

}  // namespace

json parse_json(std::string_view text, size_t depth, const std::string& what) {
  // A number takes two bytes of text and sixteen of memory, a key with its value six and about a hundred.
  require_memory({what, 16.0 * static_cast<double>(text.size())});
  Check check(depth, what);
  json::sax_parse(text.begin(), text.end(), &check);
  return json::parse(text.begin(), text.end());
}

}  // namespace gradus
