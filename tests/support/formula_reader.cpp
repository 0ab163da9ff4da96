#include "tests/support/formula_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

#include "ir/build.h"
#include "ir/op.h"

namespace gradus::testing {

namespace {

// A value of the graph, or numbers that take the element type of what they meet.
struct Term {
  Value value;
  std::vector<double> numbers;
  Shape shape;  // of the numbers
  bool known() const { return !numbers.empty(); }
};

struct Line {
  size_t indent;
  std::string text;
};

// The names of one graph text, and the graph that is being built from it.
class Reader {
 public:
  Reader(const std::vector<Line>& lines, size_t& at, const Graph& like)
      : lines_(lines), at_(at), like_(like) {
    for (const Input& input : like.inputs())
      names_[input.name] = {b_.input(input.name, input.kind, like.type(input.value)), {}, {}};
    for (uint32_t i = 0; i < like.size() && !element_; ++i)
      for (const Type& type : like.node(i).types)
        if (is_float(type.element)) element_ = type.element;
    for (uint32_t i = 0; i < like.size(); ++i)
      for (const Type& type : like.node(i).types)
        if (!is_float(type.element) && type.element != ElementType::boolean) integer_ = type.element;
    if (!element_) element_ = integer_.value_or(ElementType::f64);
  }

  Graph run() {
    const size_t indent = at_ < lines_.size() ? lines_[at_].indent : 0;
    std::vector<Term> unnamed;
    std::map<std::string, Term> updates;
    for (; at_ < lines_.size() && lines_[at_].indent >= indent; ++at_) {
      text_ = lines_[at_].text;
      p_ = 0;
      const size_t update = text_.find(" := "), equals = text_.find(" = ");
      const auto is_name = [](const std::string& left) {
        return left.find_first_of("(,+*") == std::string::npos;
      };
      if (update != std::string::npos) {
        p_ = update + 4;
        updates[text_.substr(0, update)] = whole_expression();
      } else if (equals != std::string::npos && is_name(text_.substr(0, equals))) {
        const std::string name = text_.substr(0, equals);
        p_ = equals + 3;
        if (text_.back() == ':')
          read_body(name);
        else
          define(name, whole_expression());
      } else {
        unnamed.push_back(whole_expression());
      }
    }
    size_t next = 0;
    for (const NamedValue& result : like_.results()) {
      const Term term = result.name.empty() ? unnamed.at(next++) : named(result.name);
      b_.add_result(result.name, value_of(term, like_.type(result.value).element));
    }
    for (const Update& each : like_.updates()) {
      const std::string& name = like_.inputs()[each.input].name;
      b_.add_update(each.input, value_of(updates.at(name), like_.type(each.value).element));
    }
    return std::move(b_).finish();
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(fmt::format("{} at column {} of: {}", what, p_ + 1, text_));
  }

  // --- names
  void define(const std::string& name, const Term& term) {
    names_[name] = term;
    if (term.known()) return;
    const Node& node = b_.node(term.value);
    for (uint32_t r = 1; term.value.result == 0 && r < node.types.size(); ++r)
      names_[fmt::format("{}#{}", name, r)] = {{term.value.node, r}, {}, {}};
  }
  const Term& named(const std::string& name) const {
    const auto at = names_.find(name);
    if (at == names_.end()) fail("no value is called " + name);
    return at->second;
  }
  static bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '#'; }
  // The longest known name here: names of parameters may hold dots and brackets.
  const std::string* name_here() const {
    const std::string* best = nullptr;
    for (const auto& [name, term] : names_) {
      const size_t end = p_ + name.size();
      if (text_.compare(p_, name.size(), name) == 0 && (end >= text_.size() || !is_word(text_[end])) &&
          (!best || name.size() > best->size()))
        best = &name;
    }
    return best;
  }

  // --- characters
  bool take(std::string_view wanted) {
    if (text_.compare(p_, wanted.size(), wanted) != 0) return false;
    p_ += wanted.size();
    return true;
  }
  void need(std::string_view wanted) {
    if (!take(wanted)) fail(fmt::format("expected '{}'", wanted));
  }

  // --- terms as values
  Value value_of(const Term& term, ElementType element) {
    if (!term.known()) return term.value;
    const Type type(element, term.shape);
    if (is_float(element)) return build::constant_values(b_, type, term.numbers);
    return build::constant_integers(b_, type, {term.numbers.begin(), term.numbers.end()});
  }
  const Shape& shape_of(const Term& term) const { return term.known() ? term.shape : b_.shape(term.value); }
  Term elementwise(const std::string& op, std::vector<Term> terms, const Attributes& attributes = {}) {
    // The condition of a select meets nobody's type.
    const size_t first = op == "select" ? 1 : 0;
    std::optional<ElementType> element;
    Shape shape;
    for (size_t i = 0; i < terms.size(); ++i) {
      if (i >= first && !terms[i].known()) element = b_.type(terms[i].value).element;
      const Shape other = shape_of(terms[i]);
      if (other.size() > shape.size()) shape.insert(shape.begin(), other.size() - shape.size(), 1);
      for (size_t k = 0; k < other.size(); ++k)
        if (int64_t& extent = shape[shape.size() - other.size() + k]; extent == 1) extent = other[k];
    }
    std::vector<Value> values;
    for (size_t i = 0; i < terms.size(); ++i)
      values.push_back(build::broadcast_to(
          b_, value_of(terms[i], i < first ? ElementType::boolean : element.value_or(*element_)), shape));
    return {b_.add(find_op(op)->id, std::move(values), attributes), {}, {}};
  }

  // --- expressions, from the operator that binds least
  Term whole_expression() {
    const Term term = expression();
    if (p_ != text_.size()) fail("something is left");
    return term;
  }
  Term expression() {
    Term left = sum();
    static const std::pair<const char*, const char*> signs[] = {
        {" == ", "equal"},         {" != ", "not_equal"}, {" <= ", "less_equal"},   {" < ", "less"},
        {" >= ", "greater_equal"}, {" > ", "greater"},    {" and ", "logical_and"}, {" or ", "logical_or"}};
    for (const auto& [sign, op] : signs)
      if (take(sign)) return elementwise(op, {left, sum()});
    return left;
  }
  Term sum() {
    Term left = product();
    while (true) {
      if (take(" + "))
        left = elementwise("add", {left, product()});
      else if (take(" - "))
        left = elementwise("sub", {left, product()});
      else
        return left;
    }
  }
  Term product() {
    const bool negative = take("-");
    Term left = power();
    while (true) {
      if (take(" * "))
        left = elementwise("mul", {left, power()});
      else if (take(" // "))
        left = floor_quotient(left, power());
      else if (take(" / "))
        left = elementwise("div", {left, power()});
      else
        break;
    }
    if (!negative) return left;
    for (double& number : left.numbers) number = -number;
    return left.known() ? left : elementwise("neg", {left});
  }
  // Of integers; numbers among themselves are of the graph's integer type.
  Term floor_quotient(Term left, const Term& right) {
    if (left.known() && right.known()) left = {value_of(left, integer_.value_or(ElementType::i64)), {}, {}};
    return elementwise("div", {left, right});
  }
  Term power() {
    Term base = atom();
    return take("^") ? elementwise("pow", {base, atom()}) : base;
  }

  std::optional<double> number() {
    const size_t end = text_.find_first_not_of("0123456789.", p_);
    const bool word = text_.compare(p_, 3, "inf") == 0 || text_.compare(p_, 3, "nan") == 0;
    if (end == p_ && !word) return std::nullopt;
    size_t used = 0;
    const double value = std::stod(text_.substr(p_), &used);
    p_ += used;
    return value;
  }
  double signed_number() {
    const bool negative = take("-");
    const std::optional<double> value = number();
    if (!value) fail("expected a number");
    return negative ? -*value : *value;
  }
  std::vector<double> list() {
    std::vector<double> numbers;
    need("[");
    while (!take("]")) {
      if (!numbers.empty() && !take(", ")) need(",");
      numbers.push_back(signed_number());
    }
    return numbers;
  }
  std::vector<int64_t> integers() {  // not by way of doubles: 2^63 - 1 is none
    std::vector<int64_t> numbers;
    need("[");
    while (!take("]")) {
      if (!numbers.empty() && !take(", ")) need(",");
      size_t used = 0;
      numbers.push_back(std::stoll(text_.substr(p_), &used));
      p_ += used;
    }
    return numbers;
  }

  Term atom() {
    if (take("(")) {
      const Term inner = expression();
      need(")");
      return inner;
    }
    if (p_ < text_.size() && text_[p_] == '[') {
      std::vector<double> numbers = list();
      const auto count = static_cast<int64_t>(numbers.size());
      return {{}, std::move(numbers), {count}};
    }
    if (const std::string* name = name_here()) {
      p_ += name->size();
      return names_.at(*name);
    }
    for (const bool truth : {true, false})
      if (take(truth ? "true" : "false"))
        return {build::constant_integer(b_, Type(ElementType::boolean), truth), {}, {}};
    const size_t paren = text_.find('(', p_);
    const std::string word = text_.substr(
        p_, std::find_if_not(text_.begin() + static_cast<std::ptrdiff_t>(p_), text_.end(), is_word) -
                text_.begin() - static_cast<std::ptrdiff_t>(p_));
    if (!word.empty() && p_ + word.size() == paren) {
      p_ = paren + 1;
      return call(word);
    }
    if (const std::optional<double> value = number()) return {{}, {*value}, {}};
    fail("expected a value");
  }

  // --- functions
  AttributeValue attribute(const AttributeSpec& spec) {
    struct Read {
      Reader& r;
      AttributeValue operator()(bool) const { return r.take("true") || (r.need("false"), false); }
      AttributeValue operator()(int64_t) const { return static_cast<int64_t>(r.signed_number()); }
      AttributeValue operator()(double) const { return r.signed_number(); }
      AttributeValue operator()(const std::string&) const {
        r.need("\"");
        const size_t end = r.text_.find('"', r.p_);
        const std::string text = r.text_.substr(r.p_, end - r.p_);
        r.p_ = end + 1;
        return text;
      }
      AttributeValue operator()(ElementType) const {
        const size_t end = r.text_.find_first_of(",)", r.p_);
        const std::string text = r.text_.substr(r.p_, end - r.p_);
        r.p_ = end;
        return element_type_named(text).value();
      }
      AttributeValue operator()(const std::vector<int64_t>&) const { return r.integers(); }
      AttributeValue operator()(const std::vector<double>&) const { return r.list(); }
      AttributeValue operator()(const AxisPairs&) const {
        AxisPairs pairs;
        pairs.left = r.integers();
        r.need("x");
        pairs.right = r.integers();
        return pairs;
      }
    };
    return std::visit(Read{*this}, spec.example);
  }

  Term call(const std::string& name) {
    if (name == "reshape" || name == "broadcast") {
      Term term = expression();
      need(", ");
      const Shape shape = integers();
      need(")");
      if (term.known() && name == "reshape") return {{}, term.numbers, shape};
      const Value value = value_of(term, *element_);
      return {name == "reshape" ? build::reshape(b_, value, shape) : build::broadcast_to(b_, value, shape),
              {},
              {}};
    }
    const std::optional<ElementType> cast = element_type_named(name);
    const Op* op = cast ? nullptr : find_op(name);
    std::vector<Term> operands;
    Attributes attributes;
    while (!take(")")) {
      if (!operands.empty() || !attributes.empty()) need(", ");
      const auto spec =
          op ? std::find_if(op->attributes.begin(), op->attributes.end(),
                            [&](const AttributeSpec& each) {
                              return text_.compare(p_, each.name.size() + 1, each.name + "=") == 0;
                            })
             : std::vector<AttributeSpec>::const_iterator{};
      if (op && spec != op->attributes.end()) {
        p_ += spec->name.size() + 1;
        attributes.set(spec->name, attribute(*spec));
      } else {
        operands.push_back(expression());
      }
    }
    if (cast) return {build::cast(b_, *cast, value_of(operands.at(0), *element_)), {}, {}};
    return function(name, std::move(operands), std::move(attributes));
  }

  Term function(std::string name, std::vector<Term> operands, Attributes attributes) {
    if ((name == "max" || name == "min") && operands.size() == 2) name += "imum";
    const Op* op = find_op(name);
    if (!op) fail("no function is called " + name);
    if (op->family == OpFamily::elementwise) return elementwise(name, std::move(operands), attributes);
    // What goes without saying.
    if (op->family == OpFamily::reduction && !attributes.has("axes") && !attributes.has("axis"))
      attributes.set("axes", build::all_axes(shape_of(operands.at(0))));
    if (name == "transpose" && attributes.empty()) attributes.set("dims", std::vector<int64_t>{1, 0});
    if (name == "dot" && attributes.empty())
      attributes.set("contract", AxisPairs{{static_cast<int64_t>(shape_of(operands.at(0)).size()) - 1}, {0}});
    // Numbers do not say their type: the first that the op takes.
    std::string why;
    for (const ElementType element : {*element_, ElementType::i64, ElementType::i32, ElementType::boolean}) {
      std::vector<Value> values;
      for (const Term& operand : operands) values.push_back(value_of(operand, element));
      try {
        return {b_.add(find_op(name)->id, std::move(values), attributes), {}, {}};
      } catch (const ShapeError& error) {
        why = error.what();
      }
    }
    fail(why);
  }

  // --- bodies: `t7 = scan of 4 steps (i, carry c = h, s in t2, w = t3):`
  void read_body(const std::string& name) {
    const size_t begin = p_;
    const std::string heading = text_.substr(begin, text_.find(" (", begin) - begin);
    const bool scan = heading.starts_with("scan");
    // The graph of the body, whose inputs and results the text does not declare.
    const std::vector<bool> live = live_nodes(like_);
    while (next_body_ < like_.size() && !(live[next_body_] && like_.node(next_body_).body)) ++next_body_;
    if (next_body_ == like_.size()) fail("there are not so many bodies");
    const Node* node = &like_.node(next_body_++);
    int64_t carries = 0, sequences = 0;
    std::vector<Value> operands;
    p_ = text_.find('(', begin) + 1;
    if (scan) p_ += node->body->inputs()[0].name.size();
    for (size_t i = scan ? 1 : 0; i < node->body->inputs().size(); ++i) {
      if (i > 0) need(", ");
      carries += take("carry ");
      p_ += node->body->inputs()[i].name.size();
      if (take(" in "))
        ++sequences;
      else
        need(" = ");
      operands.push_back(value_of(expression(), node->body->type(node->body->inputs()[i].value).element));
    }
    ++at_;
    auto body = std::make_shared<const Graph>(Reader(lines_, at_, *node->body).run());
    --at_;
    Attributes attributes;
    if (scan) {
      attributes = {{"carries", carries},
                    {"sequences", sequences},
                    {"length", static_cast<int64_t>(std::stoll(heading.substr(8)))},
                    {"reverse", heading.find("from the last") != std::string::npos},
                    {"histories", std::vector<int64_t>{}}};
      if (const size_t at = heading.find("histories "); at != std::string::npos) {
        text_ = heading;
        p_ = at + 10;
        attributes.set("histories", integers());
      }
    }
    const Value value = b_.add(*node->op, std::move(operands), std::move(attributes), std::move(body));
    define(name, {value, {}, {}});
  }

  const std::vector<Line>& lines_;
  size_t& at_;
  const Graph& like_;
  GraphBuilder b_{"formula"};
  std::optional<ElementType> element_;  // of numbers that meet nothing else
  std::optional<ElementType> integer_;
  std::map<std::string, Term> names_;
  uint32_t next_body_ = 0;
  std::string text_;
  size_t p_ = 0;
};

}  // namespace

Graph read_formula(const std::string& text, const Graph& like) {
  std::vector<Line> lines;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    const size_t indent = std::min(line.find_first_not_of(' '), line.size());
    lines.push_back({indent, line.substr(indent)});
    start = end + 1;
  }
  size_t at = 0;
  return Reader(lines, at, like).run();
}

}  // namespace gradus::testing
