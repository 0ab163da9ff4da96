#include "ir/schedule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>

#include "ir/op.h"
#include "ir/structure.h"

namespace gradus {

namespace {

constexpr std::array<std::string_view, 3> epilogue_sources = {"registers", "memory", "run"};

// The statements of a body are numbered from 1 on, in the order of its text.
std::vector<uint32_t> statements(const Graph& body) {
  std::vector<uint32_t> nodes;
  for (uint32_t i = 0; i < body.size(); ++i)
    if (!is_input(body.node(i))) nodes.push_back(i);
  return nodes;
}

// Writes the settings that are not the plain ones.
struct Writer {
  const Graph& body;
  std::string text = {};

  // Without a name the extents of a tile.
  void operator()(std::string_view name, const std::vector<int64_t>& numbers) {
    if (name.empty())
      text += fmt::format(" {}", fmt::join(numbers, "x"));
    else if (!numbers.empty())
      text += fmt::format(" {} {}", name, fmt::join(numbers, ","));
  }
  void operator()(std::string_view name, const std::vector<uint32_t>& nodes) {
    if (nodes.empty()) return;
    const std::vector<uint32_t> all = statements(body);
    std::vector<int64_t> numbers;
    for (const uint32_t node : nodes)
      numbers.push_back(std::lower_bound(all.begin(), all.end(), node) - all.begin() + 1);
    text += fmt::format(" {} {}", name, fmt::join(numbers, ","));
  }
  // A plain setting of 0 or 1 says nothing.
  void operator()(std::string_view name, int64_t number, int64_t plain) {
    if (number != plain || plain > 1) text += fmt::format(" {} {}", name, number);
  }
  void operator()(std::string_view name, bool flag) {
    if (flag) text += fmt::format(" {}", name);
  }
  void operator()(std::string_view name, EpilogueSource source) {
    if (source != EpilogueSource::registers)
      text += fmt::format(" {} {}", name, epilogue_sources[static_cast<size_t>(source)]);
  }
};

// The number that a setting has in a part of which nothing is said.
template <class Part>
int64_t plain_value(Part plain, std::string_view name) {
  int64_t value = 0;
  plain.settings([&](std::string_view setting, auto& known) {
    if constexpr (std::is_same_v<std::decay_t<decltype(known)>, int64_t>)
      if (setting == name) value = known;
  });
  return value;
}

std::optional<int64_t> number_of(std::string_view text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number < 0) return std::nullopt;
  return number;
}

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> pieces;
  for (size_t end = 0; end != std::string_view::npos;) {
    end = text.find(by);
    pieces.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return pieces;
}

// The words of one part.
class Reader {
 public:
  Reader(std::string_view text, const Graph& body) : body_(body) {
    std::istringstream stream{std::string(text)};
    for (std::string word; stream >> word;) words_.push_back(word);
    if (words_.empty()) throw ShapeError("a schedule with an empty part", "parts are separated by ';'");
  }

  const std::string& kind() const { return words_[0]; }

  template <class Part>
  Part read() {
    Part part;
    std::vector<bool> read(words_.size(), false);
    read[0] = true;
    std::string names;
    part.settings([&](std::string_view name, auto& setting) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", name.empty() ? "8x48" : name);
      read_setting(name, setting, read);
    });
    for (size_t i = 0; i < words_.size(); ++i)
      if (!read[i] && std::find(words_.begin(), words_.end(), words_[i]) !=
                          words_.begin() + static_cast<std::ptrdiff_t>(i))
        throw ShapeError(fmt::format("'{}' stands twice in '{}'", words_[i], joined()), {});
      else if (!read[i])
        throw ShapeError(fmt::format("'{}' does not belong into '{}'", words_[i], joined()),
                         names.empty() ? fmt::format("'{}' has no settings", kind())
                                       : fmt::format("settings of '{}': {}", kind(), names));
    return part;
  }

 private:
  std::string joined() const { return fmt::format("{}", fmt::join(words_, " ")); }

  // The word after a setting's name; where it has none, the one that begins with a digit.
  const std::string* word_of(std::string_view name, std::vector<bool>& read) const {
    for (size_t i = 1; i < words_.size(); ++i) {
      if (read[i]) continue;
      const bool is_it = name.empty() ? i == 1 : words_[i] == name;
      if (!is_it) continue;
      read[i] = true;
      if (name.empty()) return &words_[i];
      if (i + 1 == words_.size())
        throw ShapeError(fmt::format("'{}' of '{}' says nothing", name, joined()), {});
      read[i + 1] = true;
      return &words_[i + 1];
    }
    return nullptr;
  }

  void read_setting(std::string_view name, std::vector<int64_t>& numbers, std::vector<bool>& read) const {
    const std::string* word = word_of(name, read);
    if (name.empty()) return read_tile(word, numbers);
    if (!word) return;
    for (const std::string& piece : split(*word, ',')) {
      const auto number = number_of(piece);
      if (!number)
        throw ShapeError(fmt::format("{} '{}', expected a number", name, piece),
                         fmt::format("numbers with commas between them and nothing else: '{} 8,16'", name));
      numbers.push_back(*number);
    }
  }
  static void read_tile(const std::string* word, std::vector<int64_t>& tile) {
    tile.clear();
    if (!word) throw ShapeError("a tile without extents", "for example 'tile 8x48'");
    for (const std::string& piece : split(*word, 'x')) {
      const auto extent = number_of(piece);
      if (!extent || *extent == 0)
        throw ShapeError(fmt::format("'{}' is no tile", *word), "for example 'tile 8x48'");
      tile.push_back(*extent);
    }
  }
  void read_setting(std::string_view name, std::vector<uint32_t>& nodes, std::vector<bool>& read) const {
    const std::string* word = word_of(name, read);
    if (!word) return;
    const std::vector<uint32_t> all = statements(body_);
    for (const std::string& piece : split(*word, ',')) {
      const auto number = number_of(piece);
      if (!number || *number == 0 || *number > static_cast<int64_t>(all.size()))
        throw ShapeError(fmt::format("{} '{}' of a body with {} statements", name, piece, all.size()),
                         "statements are numbered from 1 on");
      nodes.push_back(all[static_cast<size_t>(*number) - 1]);
    }
  }
  void read_setting(std::string_view name, int64_t& number, std::vector<bool>& read) const {
    const std::string* word = word_of(name, read);
    if (!word) return;
    const auto found = number_of(*word);
    if (!found || *found == 0)
      throw ShapeError(fmt::format("{} is '{}', expected a number from 1 on", name, *word), {});
    number = *found;
  }
  void read_setting(std::string_view name, bool& flag, std::vector<bool>& read) const {
    for (size_t i = 1; i < words_.size() && !flag; ++i)
      if (!read[i] && words_[i] == name) read[i] = flag = true;
  }
  void read_setting(std::string_view name, EpilogueSource& source, std::vector<bool>& read) const {
    const std::string* word = word_of(name, read);
    if (!word) return;
    for (size_t i = 0; i < epilogue_sources.size(); ++i)
      if (epilogue_sources[i] == *word) {
        source = static_cast<EpilogueSource>(i);
        return;
      }
    throw ShapeError(fmt::format("an epilogue in '{}'", *word),
                     fmt::format("expected one of {}", fmt::join(epilogue_sources, ", ")));
  }

  const Graph& body_;
  std::vector<std::string> words_;
};

template <size_t Kind = 0>
StageSchedule read_part(Reader& reader, std::string known = {}) {
  if constexpr (Kind == std::variant_size_v<StageSchedule>) {
    throw ShapeError(fmt::format("there is no kind of stage '{}'", reader.kind()),
                     fmt::format("expected one of {}", known));
  } else {
    using Part = std::variant_alternative_t<Kind, StageSchedule>;
    if (reader.kind() == Part::word) return reader.read<Part>();
    known += fmt::format("{}{}", known.empty() ? "" : ", ", Part::word);
    return read_part<Kind + 1>(reader, std::move(known));
  }
}

}  // namespace

std::string to_string(const StageSchedule& part, const Graph& body) {
  return std::visit(
      [&](auto written) {
        Writer writer{body};
        decltype(written) plain;
        written.settings([&](std::string_view name, auto& setting) {
          if constexpr (std::is_same_v<std::decay_t<decltype(setting)>, int64_t>)
            writer(name, setting, plain_value(plain, name));
          else
            writer(name, setting);
        });
        return std::string(written.word) + writer.text;
      },
      part);
}

std::string to_string(const Schedule& schedule, const Graph& body) {
  std::vector<std::string> parts;
  for (const StageSchedule& part : schedule) parts.push_back(to_string(part, body));
  return fmt::format("{}", fmt::join(parts, "; "));
}

Schedule parse_schedule(std::string_view text, const Graph& body) {
  if (text.empty()) throw ShapeError("an empty schedule", "leave the attribute out for the plain one");
  Schedule schedule;
  for (const std::string& part : split(text, ';')) {
    Reader reader(part, body);
    schedule.push_back(read_part(reader));
  }
  return schedule;
}

}  // namespace gradus
