// select_and_scatter and select_and_gather: the adjoint of window extremes, and the adjoint of that. Both
// look at x only to find which element of each window is the extreme (the first on ties).
#include <fmt/format.h>

#include "ir/evaluate/rule.h"
#include "ir/ops/check.h"
#include "ir/ops/offsets.h"
#include "ir/ops/ops.h"
#include "ir/ops/windows.h"

namespace gradus::ops {

namespace {

Windows checked_windows(const OpUse& use) {
  check_same_element(use, 0, 1);
  check_numeric(use, 0);
  Windows w = windows_of(use);
  check_shape(use, w.output);
  return w;
}

std::vector<Type> infer_scatter(const OpUse& use) {
  const Windows w = checked_windows(use);
  if (use.operands[1].shape != w.output)
    shape_error(use,
                fmt::format("{} has windows {}, but the second operand is {}", to_string(use.operands[0]),
                            to_string(w.output), to_string(use.operands[1])),
                "one value per window is scattered");
  return {use.operands[0]};
}

std::vector<Type> infer_gather(const OpUse& use) {
  const Windows w = checked_windows(use);
  if (use.operands[1].shape != w.input)
    shape_error(use, fmt::format("shapes differ: {}", operand_types(use)),
                "one element per window of the first is taken from the second");
  return {Type(use.operands[0].element, w.output)};
}

constexpr evaluate::Rule scatter_rule = evaluate::make_rule([](auto& call) {
  const Windows w = windows_of(call.node, call.operand(0).shape());
  with_elements(call.result(), call.operand(0), call.operand(1),
                [&](auto& result, const auto& x, const auto& dy) {
                  for_each_window(w, [&](size_t at, const std::vector<size_t>& members) {
                    add_to(result[members[extreme_of(w.kind, x, members)]], dy[at]);
                  });
                });
});

constexpr evaluate::Rule gather_rule = evaluate::make_rule([](auto& call) {
  const Windows w = windows_of(call.node, call.operand(0).shape());
  with_elements(call.result(), call.operand(0), call.operand(1),
                [&](auto& result, const auto& x, const auto& t) {
                  for_each_window(w, [&](size_t at, const std::vector<size_t>& members) {
                    result[at] = t[members[extreme_of(w.kind, x, members)]];
                  });
                });
});

}  // namespace

const Op select_and_scatter = [] {
  Op o{.id = OpId::select_and_scatter};
  o.family = OpFamily::window;
  o.traits = {.access = Access::window};
  o.summary =
      "Adjoint of reduce_window max and min: every window's value is added to the position of the window's "
      "extreme in "
      "x (the first on ties), in ascending order of windows.";
  o.formula = "r[i] = sum of dy[q] over the windows q whose extreme is x[i]";
  o.min_operands = o.max_operands = 2;
  o.attributes = window_attributes();
  o.infer = infer_scatter;
  o.evaluate = &scatter_rule;
  o.differentiation = Transpose{[](const GradientUse& use, size_t) {
                                  return use.builder.add(select_and_gather, {use.operand(0), use.adjoint()},
                                                         use.node.attributes);
                                },
                                {1}};
  return o;
}();

const Op select_and_gather = [] {
  Op o{.id = OpId::select_and_gather};
  o.family = OpFamily::window;
  o.traits = {.access = Access::window, .keeps_finite = true};
  o.summary = "For each window the element of t where x has its extreme in that window (the first on ties).";
  o.formula = "y[q] = t[the position of the extreme of x in window q]";
  o.min_operands = o.max_operands = 2;
  o.attributes = window_attributes();
  o.infer = infer_gather;
  o.evaluate = &gather_rule;
  o.differentiation = Transpose{[](const GradientUse& use, size_t) {
                                  return use.builder.add(select_and_scatter, {use.operand(0), use.adjoint()},
                                                         use.node.attributes);
                                },
                                {1}};
  return o;
}();

}  // namespace gradus::ops
