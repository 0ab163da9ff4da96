#include "codegen/lower/convolution.h"

#include "ir/error.h"

namespace gradus::lowering {

namespace {

size_t position(const std::string& letters, char letter) {
  const size_t at = letters.find(letter);
  if (at == std::string::npos) fail_internal("lowering: axis missing in '" + letters + "'");
  return at;
}

AxisRoles roles(const std::string& letters) {
  AxisRoles result;
  result.batch = position(letters, 'b');
  result.feature = position(letters, 'f');
  for (char digit = '0'; letters.find(digit) != std::string::npos; ++digit)
    result.axes.push_back(position(letters, digit));
  return result;
}

}  // namespace

Convolution::Convolution(const Graph& body, const Node& node) {
  const std::string& name = node.attributes.text("kind");
  kind = name == "forward"          ? Kind::forward
         : name == "input_gradient" ? Kind::input_gradient
                                    : Kind::filter_gradient;
  input = roles(node.attributes.text("input"));
  output = roles(node.attributes.text("output"));
  const std::string& filter = node.attributes.text("filter");
  filter_in = position(filter, 'i');
  filter_out = position(filter, 'o');
  const size_t rank = input.axes.size();
  for (size_t i = 0; i < rank; ++i) filter_axes.push_back(position(filter, static_cast<char>('0' + i)));
  const auto ones = std::vector<int64_t>(rank, 1), zeros = std::vector<int64_t>(rank, 0);
  stride = node.attributes.integers_or("stride", ones);
  low = node.attributes.integers_or("low", zeros);
  high = node.attributes.integers_or("high", zeros);
  dilation = node.attributes.integers_or("dilation", ones);
  groups = node.attributes.integer_or("groups", 1);
  const Shape& w = kind == Kind::filter_gradient ? node.types[0].shape : body.type(node.operands[1]).shape;
  for (size_t axis : filter_axes) window.push_back(w[axis]);
}

}  // namespace gradus::lowering
