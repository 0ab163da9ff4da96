// Row by row: a stage for each reduction and one for the results. Costly values of the row that several
// stages need are kept in a small array; the others are computed again. Rows are parallel, elements of a row
// are lanes.
#include "codegen/lower/row.h"

#include <algorithm>
#include <set>

#include "codegen/lower/columns.h"

namespace gradus::lowering {

using loop::Expression;
using loop::LoopKind;

namespace {

constexpr int64_t most_kept_bytes = 256 << 10;

class Rows {
 public:
  Rows(Kernel& kernel, RowForm form)
      : kernel_(kernel), f_(kernel.f), body_(kernel.body), form_(std::move(form)) {
    length_ = element_count(form_.row);
    whole_ = form_.kept;
    whole_.insert(whole_.end(), form_.row.begin(), form_.row.end());
    const std::vector<bool> live = live_nodes(body_);
    for (uint32_t i = 0; i < body_.size(); ++i)
      if (live[i] && is_plain_reduction(*body_.node(i).op)) reductions_.push_back(i);
    plan();
  }

  void lower() {
    const std::vector<Axis> kept = make_axes(f_.space, form_.kept);
    std::vector<MergedAxis> merged = merge_axes(kept, used(kept));
    merged.emplace_back();  // all axes are outer loops
    double cost = 10;
    for (uint32_t i = 0; i < body_.size(); ++i)
      if (body_.node(i).types[0].shape == whole_)
        cost += static_cast<double>(length_) * (body_.node(i).op->traits.cost == Cost::costly ? 0.3 : 0.05);
    const size_t opened = open_outer(kernel_, merged, cost);
    row(kept);
    for (size_t i = 0; i < opened; ++i) f_.close();
    for (size_t r = 0; r < body_.results().size(); ++r) kernel_.done.push_back(r);
  }

 private:
  // Values of the row that stage `stage` computes and keeps.
  struct Kept {
    Value value;
    size_t stage;
  };

  bool is_costly(uint32_t i) const { return body_.node(i).op->traits.cost >= Cost::moderate; }

  std::vector<Value> roots(size_t stage) const {
    if (stage < reductions_.size()) return {body_.node(reductions_[stage]).operands[0]};
    std::vector<Value> values;
    for (const NamedValue& result : body_.results()) values.push_back(result.value);
    return values;
  }

  // Visits what a stage computes, reductions and `known` values left out; `moved`: not at the row's element.
  void visit(Value value, bool moved, const std::vector<bool>& known, std::vector<int>& seen) const {
    const int mark = moved ? 2 : 1;
    if (known[value.node] || (seen[value.node] & mark) != 0) return;
    seen[value.node] |= mark;
    const Node& node = body_.node(value);
    if (is_plain_reduction(*node.op)) return;
    const bool moves = node.op->family != OpFamily::elementwise;
    for (Value operand : node.operands) visit(operand, moved || moves, known, seen);
  }

  void plan() {
    const size_t stages = reductions_.size() + 1;
    std::vector<bool> known(body_.size(), false), candidate(body_.size(), false);
    std::vector<int> stages_of(body_.size(), 0), moved(body_.size(), 0);
    for (size_t s = 0; s < stages; ++s) {
      std::vector<int> seen(body_.size(), 0);
      for (Value root : roots(s)) visit(root, false, known, seen);
      for (uint32_t i = 0; i < body_.size(); ++i) {
        stages_of[i] += seen[i] != 0;
        moved[i] |= seen[i] & 2;
      }
    }
    for (uint32_t i = 0; i < body_.size(); ++i)
      candidate[i] =
          stages_of[i] > 1 && moved[i] == 0 && is_costly(i) && body_.node(i).types[0].shape == whole_;
    // The last of a chain of candidates is what later stages load.
    std::vector<size_t> first(body_.size(), stages);
    std::vector<bool> loaded(body_.size(), false);
    for (size_t s = 0; s < stages; ++s) {
      std::vector<bool> before(body_.size(), false);
      for (uint32_t i = 0; i < body_.size(); ++i) before[i] = candidate[i] && first[i] < s;
      std::vector<int> seen(body_.size(), 0);
      for (Value root : roots(s)) {
        if (before[root.node]) loaded[root.node] = true;
        visit(root, false, before, seen);
      }
      for (uint32_t i = 0; i < body_.size(); ++i) {
        if (seen[i] == 0 || is_plain_reduction(*body_.node(i).op)) continue;
        if (candidate[i]) first[i] = std::min(first[i], s);
        for (Value operand : body_.node(i).operands)
          if (before[operand.node]) loaded[operand.node] = true;
      }
    }
    int64_t bytes = 0;
    for (uint32_t i = 0; i < body_.size(); ++i) {
      if (!loaded[i]) continue;
      bytes += length_ * size_in_bytes(body_.node(i).types[0].element);
      if (bytes <= most_kept_bytes) kept_.push_back({{i, 0}, first[i]});
    }
  }

  Index lane_of(const Indices& tuple) {
    const auto border = tuple.begin() + static_cast<std::ptrdiff_t>(form_.kept.size());
    return f_.space.linearize(Indices(border, tuple.end()), form_.row);
  }

  // Computes and stores what this stage keeps, at one element.
  void keep(size_t stage, const Indices& tuple) {
    for (size_t k = 0; k < kept_.size(); ++k) {
      if (kept_[k].stage != stage) continue;
      kernel_.values.unbind(kept_[k].value);
      const Pulled pulled = kernel_.values.pull(kept_[k].value, tuple);
      const Expression y = f_.let("kept", pulled.value);
      f_.store(arrays_[k], lane_of(tuple), y);
      const int level = f_.level();
      kernel_.values.bind(kept_[k].value, [y, level](const Indices&) { return Pulled{y, level, 0}; });
    }
  }

  // From the next stage on these are loaded.
  void load_kept(size_t stage) {
    const int level = f_.level();
    for (size_t k = 0; k < kept_.size(); ++k) {
      if (kept_[k].stage != stage) continue;
      const int64_t array = arrays_[k];
      kernel_.values.bind(kept_[k].value, [this, array, level](const Indices& tuple) {
        const Index lane = lane_of(tuple);
        return Pulled{f_.load(array, lane), std::max(level, f_.space.level(lane)), 1};
      });
    }
  }

  void row(const std::vector<Axis>& kept) {
    for (uint32_t i : reductions_) kernel_.values.unbind({i, 0});
    arrays_.clear();
    for (const Kept& value : kept_) {
      kernel_.values.unbind(value.value);
      arrays_.push_back(f_.local("row", kernel_.type(value.value).element, {length_}));
    }
    const int level = f_.level();
    for (size_t s = 0; s < reductions_.size(); ++s) {
      const Expression total =
          reduce_row(kernel_, reductions_[s], kept, [&](const Indices& tuple) { keep(s, tuple); });
      const Expression named = f_.let("reduced", total);
      kernel_.values.bind({reductions_[s], 0},
                          [named, level](const Indices&) { return Pulled{named, level, 0}; });
      load_kept(s);
    }
    results(kept);
  }

  // The indices that the stages of a row use. What depends on a reduction walks with the rows.
  std::vector<Index> used(const std::vector<Axis>& kept) {
    Reads reads(body_, f_.space, [this](Value value) {
      return kernel_.values.is_at_hand(value) || is_plain_reduction(*body_.node(value).op);
    });
    const Index lane = f_.space.axis(length_);
    Indices element = tuple_of(kept);
    for (Index& index : f_.space.delinearize(lane, form_.row)) element.push_back(std::move(index));
    for (size_t stage = 0; stage <= reductions_.size(); ++stage)
      for (const Value root : roots(stage)) {
        Indices tuple = kernel_.type(root).shape == whole_ ? element : tuple_of(kept);
        tuple.resize(kernel_.type(root).shape.size());
        reads.follow(root, tuple);
      }
    reads.use(f_.space.linearize(tuple_of(kept), form_.kept));
    reads.use(f_.space.linearize(element, whole_));
    return reads.used();
  }

  void results(const std::vector<Axis>& kept) {
    const Index at = f_.space.linearize(tuple_of(kept), form_.kept);
    std::vector<size_t> wide;
    for (size_t r = 0; r < body_.results().size(); ++r) {
      const Value value = body_.results()[r].value;
      if (kernel_.type(value).shape == whole_) {
        wide.push_back(r);
        continue;
      }
      Indices tuple = tuple_of(kept);
      tuple.resize(kernel_.type(value).shape.size());
      f_.store(kernel_.results[r], at, kernel_.values.at(value, tuple));
    }
    if (wide.empty()) return;
    const Index lane = f_.open_axis("l", length_, LoopKind::vectorized);
    Indices tuple = tuple_of(kept);
    for (Index& index : f_.space.delinearize(lane, form_.row)) tuple.push_back(std::move(index));
    keep(reductions_.size(), tuple);
    for (size_t r : wide)
      f_.store(kernel_.results[r], f_.space.linearize(tuple, whole_),
               kernel_.values.at(body_.results()[r].value, tuple));
    f_.close();
  }

  Kernel& kernel_;
  FunctionBuilder& f_;
  const Graph& body_;
  RowForm form_;
  Shape whole_;
  int64_t length_ = 0;
  std::vector<uint32_t> reductions_;
  std::vector<Kept> kept_;
  std::vector<int64_t> arrays_;
};

// Whether working by rows saves anything: a lone reduction with an end of its own shape has its own family.
bool is_worth_rows(const Graph& body, const RowForm& form) {
  const std::vector<bool> live = live_nodes(body);
  int64_t reductions = 0;
  for (uint32_t i = 0; i < body.size(); ++i) reductions += live[i] && is_plain_reduction(*body.node(i).op);
  const bool wide = std::any_of(body.results().begin(), body.results().end(), [&](const NamedValue& result) {
    return body.type(result.value).rank() == static_cast<int64_t>(form.kept.size() + form.row.size()) &&
           element_count(body.type(result.value).shape) > element_count(form.kept);
  });
  return reductions > 1 || wide;
}

}  // namespace

bool lower_rows(Kernel& kernel) {
  const bool in_place =
      std::any_of(kernel.alias.begin(), kernel.alias.end(), [](int64_t operand) { return operand >= 0; });
  const bool laid_out =
      std::any_of(kernel.body.results().begin(), kernel.body.results().end(),
                  [&](const NamedValue& result) { return !kernel.type(result.value).layout.is_default(); });
  const std::optional<RowForm> form = row_form(kernel.body);
  if (in_place || laid_out || !form || !is_worth_rows(kernel.body, *form)) return false;
  Rows(kernel, *form).lower();
  return true;
}

}  // namespace gradus::lowering
