// Row by row: a stage for each reduction and one for the results. What the schedule keeps of a row lies in a
// small array for the stages after the first that needs it; the rest is computed again. Rows are parallel,
// elements of a row are lanes.
#include "codegen/lower/row.h"

#include <algorithm>

#include "codegen/lower/columns.h"
#include "ir/kernel/row_stages.h"

namespace gradus::lowering {

using loop::Expression;
using loop::LoopKind;

namespace {

class Rows {
 public:
  explicit Rows(Kernel& kernel)
      : kernel_(kernel),
        f_(kernel.f),
        body_(kernel.body),
        schedule_(kernel.part<RowsSchedule>(0)),
        stages_(RowStages::of(kernel.body).value()),
        whole_(stages_.whole()),
        length_(stages_.length()) {
    const std::vector<size_t> first = stages_.first_stages(schedule_.keep);
    for (size_t k = 0; k < first.size(); ++k) kept_.push_back({{schedule_.keep[k], 0}, first[k]});
  }

  void lower() {
    const std::vector<Axis> kept = make_axes(f_.space, stages_.form().kept);
    std::vector<MergedAxis> merged = merge_axes(kept, used(kept));
    merged.emplace_back();  // all axes are outer loops
    const size_t opened = open_outer(kernel_, merged, schedule_.grain, length_);
    row(kept);
    for (size_t i = 0; i < opened; ++i) f_.close();
  }

 private:
  // Values of the row that stage `stage` computes and keeps.
  struct Kept {
    Value value;
    size_t stage;
  };

  Index lane_of(const Indices& tuple) {
    const auto border = tuple.begin() + static_cast<std::ptrdiff_t>(stages_.form().kept.size());
    return f_.space.linearize(Indices(border, tuple.end()), stages_.form().row);
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
    for (uint32_t i : stages_.reductions()) kernel_.values.unbind({i, 0});
    arrays_.clear();
    for (const Kept& value : kept_) {
      kernel_.values.unbind(value.value);
      arrays_.push_back(f_.local("row", kernel_.type(value.value).element, {length_}));
    }
    const int level = f_.level();
    for (size_t s = 0; s < stages_.reductions().size(); ++s) {
      const Expression total =
          reduce_row(kernel_, stages_.reductions()[s], kept, [&](const Indices& tuple) { keep(s, tuple); });
      const Expression named = f_.let("reduced", total);
      kernel_.values.bind({stages_.reductions()[s], 0},
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
    for (Index& index : f_.space.delinearize(lane, stages_.form().row)) element.push_back(std::move(index));
    for (size_t stage = 0; stage <= stages_.reductions().size(); ++stage)
      for (const Value root : stages_.roots(stage)) {
        Indices tuple = kernel_.type(root).shape == whole_ ? element : tuple_of(kept);
        tuple.resize(kernel_.type(root).shape.size());
        reads.follow(root, tuple);
      }
    reads.use(f_.space.linearize(tuple_of(kept), stages_.form().kept));
    reads.use(f_.space.linearize(element, whole_));
    return reads.used();
  }

  void results(const std::vector<Axis>& kept) {
    const Index at = f_.space.linearize(tuple_of(kept), stages_.form().kept);
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
    for (Index& index : f_.space.delinearize(lane, stages_.form().row)) tuple.push_back(std::move(index));
    keep(stages_.reductions().size(), tuple);
    for (size_t r : wide)
      f_.store(kernel_.results[r], f_.space.linearize(tuple, whole_),
               kernel_.values.at(body_.results()[r].value, tuple));
    f_.close();
  }

  Kernel& kernel_;
  FunctionBuilder& f_;
  const Graph& body_;
  const RowsSchedule& schedule_;
  RowStages stages_;
  const Shape& whole_;
  int64_t length_;
  std::vector<Kept> kept_;
  std::vector<int64_t> arrays_;
};

}  // namespace

void lower_rows(Kernel& kernel) { Rows(kernel).lower(); }

}  // namespace gradus::lowering
