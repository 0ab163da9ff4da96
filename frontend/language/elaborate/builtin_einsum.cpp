// einsum: sums of products named by letters, composed of diagonals, sums, products and transpositions.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "frontend/language/elaborate/builtin_call.h"
#include "ir/shown_text.h"

namespace gradus::language {

namespace {

constexpr std::string_view form = "letters for each operand, `->`, those of the result: \"ij,jk->ik\"";

// A value whose axes are called by letters, each once.
struct Lettered {
  Value value;
  std::string letters;

  int64_t axis(char letter) const { return static_cast<int64_t>(letters.find(letter)); }
  bool has(char letter) const { return letters.find(letter) != std::string::npos; }
};

class Einsum {
 public:
  explicit Einsum(BuiltinCall& of) : call(of), b(of.builder()) {
    const auto* text = call.object("formula").as<std::string>();
    if (!text) call.error("einsum: its formula is a text", std::string(form));
    formula = *text;
  }

  Object run() {
    parse();
    bind_operands();
    Lettered result = summed(operands[0], needed_after(0));
    for (size_t i = 1; i < operands.size(); ++i)
      result = product(result, summed(operands[i], needed_after(i) + result.letters), needed_after(i));
    std::vector<int64_t> order;
    for (const char letter : output) order.push_back(result.axis(letter));
    return call.result(build::transpose(b, result.value, std::move(order)));
  }

 private:
  // Points at a character of the formula, if it is written out in the call.
  [[noreturn]] void error(size_t position, std::string message, std::string hint = std::string(form)) const {
    SourceSpan place = call.place("formula");
    const Expression* written = call.expression("formula");
    if (written && written->as<String>()) {
      place = written->span;
      place.column += 1 + static_cast<uint32_t>(position);  // behind the quote
      place.end_column = place.column + 1;
    }
    call.error_at(place, "einsum: " + std::move(message), std::move(hint));
  }

  void parse() {
    const size_t arrow = formula.find("->");
    if (arrow == std::string::npos) error(formula.size(), "`->` and the letters of the result are missing");
    terms.push_back({});
    for (size_t i = 0; i < formula.size(); ++i) {
      const char c = formula[i];
      if (c == ' ') continue;
      if (i == arrow) {
        result_begins = terms.size();
        terms.push_back({});
        ++i;
      } else if (c == ',' && i < arrow) {
        terms.push_back({});
      } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        terms.back().push_back(i);
      } else {
        error(i, fmt::format("found `{}` where a letter names an axis", printable(formula.substr(i, 1))));
      }
    }
    for (const size_t i : terms.back()) {
      if (output.find(formula[i]) != std::string::npos)
        error(i, fmt::format("the result has the axis `{}` twice", formula[i]), "");
      if (std::none_of(terms.begin(), terms.end() - 1,
                       [&](const auto& term) { return names(term, formula[i]); }))
        error(i, fmt::format("the axis `{}` of the result is no axis of an operand", formula[i]), "");
      output += formula[i];
    }
  }

  bool names(const std::vector<size_t>& term, char letter) const {
    return std::any_of(term.begin(), term.end(), [&](size_t i) { return formula[i] == letter; });
  }

  void bind_operands() {
    std::vector<const Object*> objects;
    for (const char* name : {"a", "b", "c", "d", "e", "f"})
      if (call.has(name)) objects.push_back(&call.object(name));
    if (objects.size() != result_begins)
      call.error(
          fmt::format("einsum: the formula is about {} operands, found {}", result_begins, objects.size()),
          std::string(form));
    ElementType element = call.common_element(objects);
    if (element == ElementType::boolean) element = ElementType::i32;
    std::string sized;
    Shape sizes;
    for (size_t k = 0; k < objects.size(); ++k) {
      const Value value = call.to_value(*objects[k], element);
      const Type type = b.type(value);
      const std::vector<size_t>& term = terms[k];
      if (static_cast<int64_t>(term.size()) != type.rank())
        error(term.empty() ? 0 : term.front(),
              fmt::format("{} letters for operand {}, {}", term.size(), k + 1, to_string(type)),
              "each axis has one letter");
      for (size_t axis = 0; axis < term.size(); ++axis) {
        const char letter = formula[term[axis]];
        const size_t known = sized.find(letter);
        if (known == std::string::npos) {
          sized += letter;
          sizes.push_back(type.shape[axis]);
        } else if (sizes[known] != type.shape[axis]) {
          error(term[axis],
                fmt::format("`{}` is {} already, but axis {} of operand {}, {}, has {}", letter, sizes[known],
                            axis, k + 1, to_string(type), type.shape[axis]),
                "");
        }
      }
      operands.push_back(diagonal(value, term));
    }
  }

  // An axis that is named again goes along with the first: of [n, n] every (n + 1)th element.
  Lettered diagonal(Value value, const std::vector<size_t>& term) {
    Lettered result{value, ""};
    for (const size_t i : term) {
      const char letter = formula[i];
      if (!result.has(letter)) {
        result.letters += letter;
        continue;
      }
      // The first axis in front, then the one behind it, as one.
      const Shape shape = b.shape(result.value);
      const auto again = static_cast<int64_t>(result.letters.size());
      const int64_t first = result.axis(letter);
      std::vector<int64_t> order{first, again};
      std::string letters(1, letter);
      for (int64_t axis = 0; axis < static_cast<int64_t>(shape.size()); ++axis)
        if (axis != first && axis != again) order.push_back(axis);
      for (const char other : result.letters)
        if (other != letter) letters += other;
      Value x = build::transpose(b, result.value, order);
      Shape joined = b.shape(x);
      const int64_t size = joined[0];
      joined.erase(joined.begin());
      joined[0] = size * size;
      x = build::reshape(b, x, joined);
      std::vector<int64_t> stride(joined.size(), 1);
      stride[0] = size + 1;
      result = {build::slice(b, x, std::vector<int64_t>(joined.size(), 0), joined, std::move(stride)),
                std::move(letters)};
    }
    return result;
  }

  // The letters of the result and of the operands behind one.
  std::string needed_after(size_t operand) const {
    std::string needed = output;
    for (size_t k = operand + 1; k < operands.size(); ++k) needed += operands[k].letters;
    return needed;
  }

  Lettered summed(const Lettered& x, const std::string& needed) {
    std::vector<int64_t> axes;
    std::string kept;
    for (const char letter : x.letters) {
      if (needed.find(letter) == std::string::npos)
        axes.push_back(x.axis(letter));
      else
        kept += letter;
    }
    return axes.empty() ? x : Lettered{build::sum(b, x.value, axes, false), kept};
  }

  // What both have is summed over unless it is needed later; then it is a batch.
  Lettered product(const Lettered& x, const Lettered& y, const std::string& needed) {
    AxisPairs contract, batch;
    std::string letters, of_x, of_y;
    for (const char letter : x.letters) {
      if (!y.has(letter)) {
        of_x += letter;
        continue;
      }
      const bool kept = needed.find(letter) != std::string::npos;
      (kept ? batch : contract).left.push_back(x.axis(letter));
      (kept ? batch : contract).right.push_back(y.axis(letter));
      if (kept) letters += letter;
    }
    for (const char letter : y.letters)
      if (!x.has(letter)) of_y += letter;
    letters += of_x + of_y;
    if (!contract.left.empty())
      return summed({build::dot(b, x.value, y.value, contract, batch), letters}, needed);
    const Shape shape = sizes_of(letters, x, y);
    return summed({build::mul(b, spread(x, letters, shape), spread(y, letters, shape)), letters}, needed);
  }

  Shape sizes_of(const std::string& letters, const Lettered& x, const Lettered& y) const {
    Shape shape;
    for (const char letter : letters) {
      const Lettered& owner = x.has(letter) ? x : y;
      shape.push_back(b.shape(owner.value)[static_cast<size_t>(owner.axis(letter))]);
    }
    return shape;
  }

  // With an axis for each letter, in their order.
  Value spread(const Lettered& x, const std::string& letters, const Shape& shape) {
    std::vector<int64_t> order;
    Shape widened;
    for (size_t i = 0; i < letters.size(); ++i) {
      widened.push_back(x.has(letters[i]) ? shape[i] : 1);
      if (x.has(letters[i])) order.push_back(x.axis(letters[i]));
    }
    const Value ordered = build::transpose(b, x.value, std::move(order));
    return build::broadcast_to(b, build::reshape(b, ordered, std::move(widened)), shape);
  }

  BuiltinCall& call;
  GraphBuilder& b;
  std::string formula;
  std::vector<std::vector<size_t>> terms;  // of each operand, then of the result: where its letters stand
  size_t result_begins = 0;                // its place in `terms`
  std::string output;
  std::vector<Lettered> operands;
};

}  // namespace

std::vector<BuiltinRecord> einsum_builtins() {
  return {{{"einsum", {"formula", "a", "b = none", "c = none", "d = none", "e = none", "f = none"}},
           [](BuiltinCall& call) { return Einsum(call).run(); }}};
}

}  // namespace gradus::language
