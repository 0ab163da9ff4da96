// Row by row: a sweep for each reduction and one for the results. What the schedule keeps of a row lies in a
// small array for the sweeps after the first that needs it; the rest is computed again. Rows are parallel,
// elements of a row are lanes.
#include "codegen/lower/row.h"

#include <algorithm>

#include "codegen/lower/columns.h"
#include "ir/kernel/row_sweeps.h"

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
        sweeps_(RowSweeps::of(kernel.body).value()),
        whole_(sweeps_.whole()),
        length_(sweeps_.length()) {
    const std::vector<size_t> first = sweeps_.first_sweeps(schedule_.keep);
    for (size_t k = 0; k < first.size(); ++k) kept_.push_back({{schedule_.keep[k], 0}, first[k]});
  }

  void lower() {
    const std::vector<Axis> outer = make_axes(f_.space, sweeps_.form().outer);
    std::vector<MergedAxis> merged = merge_axes(outer, used(outer));
    merged.emplace_back();  // all axes are outer loops
    const size_t opened = open_outer(kernel_, merged, schedule_.grain, length_);
    row(outer);
    for (size_t i = 0; i < opened; ++i) f_.close();
  }

 private:
  // Values of the row that sweep `sweep` computes and keeps.
  struct Kept {
    Value value;
    size_t sweep;
  };

  Index lane_of(const Indices& tuple) {
    const auto border = tuple.begin() + static_cast<std::ptrdiff_t>(sweeps_.form().outer.size());
    return f_.space.linearize(Indices(border, tuple.end()), sweeps_.form().row);
  }

  // Computes and stores what this sweep keeps, at one element.
  void keep(size_t sweep, const Indices& tuple) {
    for (size_t k = 0; k < kept_.size(); ++k) {
      if (kept_[k].sweep != sweep) continue;
      const Computing scope = kernel_.values.computing(kept_[k].value);
      kernel_.values.unbind(kept_[k].value);
      const Pulled pulled = kernel_.values.pull(kept_[k].value, tuple);
      const Expression y = f_.let("kept", pulled.value);
      f_.store(arrays_[k], lane_of(tuple), y);
      const int level = f_.level();
      kernel_.values.bind(kept_[k].value, [y, level](const Indices&) { return Pulled{y, level, 0}; });
    }
  }

  // From the next sweep on these are loaded.
  void load_kept(size_t sweep) {
    const int level = f_.level();
    for (size_t k = 0; k < kept_.size(); ++k) {
      if (kept_[k].sweep != sweep) continue;
      const int64_t array = arrays_[k];
      kernel_.values.bind(kept_[k].value, [this, array, level](const Indices& tuple) {
        const Index lane = lane_of(tuple);
        return Pulled{f_.load(array, lane), std::max(level, f_.space.level(lane)), 1};
      });
    }
  }

  void row(const std::vector<Axis>& outer) {
    for (uint32_t i : sweeps_.reductions()) kernel_.values.unbind({i, 0});
    arrays_.clear();
    for (const Kept& value : kept_) {
      kernel_.values.unbind(value.value);
      arrays_.push_back(f_.local("row", kernel_.type(value.value).element, {length_}));
    }
    const int level = f_.level();
    for (size_t s = 0; s < sweeps_.reductions().size(); ++s) {
      const Computing scope = kernel_.values.computing({sweeps_.reductions()[s], 0});
      const Expression total =
          reduce_row(kernel_, sweeps_.reductions()[s], outer, [&](const Indices& tuple) { keep(s, tuple); });
      const Expression named = f_.let("reduced", total);
      kernel_.values.bind({sweeps_.reductions()[s], 0},
                          [named, level](const Indices&) { return Pulled{named, level, 0}; });
      load_kept(s);
    }
    results(outer);
  }

  // The indices that the sweeps of a row use. What depends on a reduction walks with the rows.
  std::vector<Index> used(const std::vector<Axis>& outer) {
    Reads reads(body_, f_.space, [this](Value value) {
      return kernel_.values.is_at_hand(value) || is_plain_reduction(*body_.node(value).op);
    });
    const Index lane = f_.space.axis(length_);
    Indices element = tuple_of(outer);
    for (Index& index : f_.space.delinearize(lane, sweeps_.form().row)) element.push_back(std::move(index));
    for (size_t sweep = 0; sweep <= sweeps_.reductions().size(); ++sweep)
      for (const Value root : sweeps_.roots(sweep)) {
        Indices tuple = kernel_.type(root).shape == whole_ ? element : tuple_of(outer);
        tuple.resize(kernel_.type(root).shape.size());
        reads.follow(root, tuple);
      }
    reads.use(f_.space.linearize(tuple_of(outer), sweeps_.form().outer));
    reads.use(f_.space.linearize(element, whole_));
    return reads.used();
  }

  void results(const std::vector<Axis>& outer) {
    const Index at = f_.space.linearize(tuple_of(outer), sweeps_.form().outer);
    std::vector<size_t> wide;
    for (size_t r = 0; r < body_.results().size(); ++r) {
      const Value value = body_.results()[r].value;
      const Computing scope = kernel_.values.computing(value);
      if (kernel_.type(value).shape == whole_) {
        wide.push_back(r);
        continue;
      }
      Indices tuple = tuple_of(outer);
      tuple.resize(kernel_.type(value).shape.size());
      f_.store(kernel_.results[r], at, kernel_.values.at(value, tuple));
    }
    if (wide.empty()) return;
    const Index lane = f_.open_axis("l", length_, LoopKind::vectorized);
    Indices tuple = tuple_of(outer);
    for (Index& index : f_.space.delinearize(lane, sweeps_.form().row)) tuple.push_back(std::move(index));
    keep(sweeps_.reductions().size(), tuple);
    for (size_t r : wide) {
      const Value value = body_.results()[r].value;
      const Computing scope = kernel_.values.computing(value);
      f_.store(kernel_.results[r], f_.space.linearize(tuple, whole_), kernel_.values.at(value, tuple));
    }
    f_.close();
  }

  Kernel& kernel_;
  FunctionBuilder& f_;
  const Graph& body_;
  const RowsSchedule& schedule_;
  RowSweeps sweeps_;
  const Shape& whole_;
  int64_t length_;
  std::vector<Kept> kept_;
  std::vector<int64_t> arrays_;
};

}  // namespace

void lower_rows(Kernel& kernel) { Rows(kernel).lower(); }

}  // namespace gradus::lowering
