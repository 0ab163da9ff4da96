// sort and top_k, a row at a time. Positions are ordered by merging runs of doubling length, from one scratch
// array to another and back, which is stable and needs no recursion. A few largest elements are found by
// insertion into a short list instead.
#include "codegen/lower/kernel.h"

namespace gradus::lowering {

using loop::Expression;
using loop::LoopKind;
using loop::ScalarOp;

namespace {

// NaN is the largest number.
Expression is_less(const Expression& a, const Expression& b) {
  const Expression less = loop::make(ScalarOp::less, {a, b});
  if (!is_float(a->type)) return less;
  const Expression only_b =
      both(loop::make(ScalarOp::equal, {a, a}), loop::make(ScalarOp::not_equal, {b, b}));
  return loop::make(ScalarOp::logical_or, {less, only_b});
}

class Sort {
 public:
  Sort(Kernel& kernel, size_t stage)
      : kernel_(kernel),
        f_(kernel.f),
        schedule_(kernel.part<SortSchedule>(stage)),
        index_(kernel.node_of(stage)),
        node_(kernel.body.node(index_)),
        descending_(node_.attributes.has("k")),
        from_(kernel.type(node_.operands[0]).shape),
        to_(node_.types[0].shape),
        axis_(descending_ ? from_.size() - 1 : static_cast<size_t>(node_.attributes.integer("axis"))),
        length_(from_[axis_]),
        kept_(to_[axis_]) {
    Shape rows = from_;
    rows[axis_] = 1;
    rows_ = element_count(rows);
  }

  void lower(int64_t scratch) {
    values_ = kernel_.home({index_, 0});
    positions_ = kernel_.home({index_, 1});
    if (element_count(to_) == 0) return;
    Shape rows = from_;
    rows[axis_] = 1;
    int64_t levels = 0;
    while ((int64_t{1} << levels) < length_) ++levels;
    row_ =
        f_.open_axis("row", rows_, LoopKind::parallel, iterations_of_task(schedule_.grain, length_, rows_));
    tuple_ = f_.space.delinearize(row_, rows);
    if (schedule_.insert)
      insert();
    else
      merge(scratch, levels);
    f_.close();
  }

 private:
  // An element of the row, by a position that is not known.
  Expression element(const Expression& position) {
    Indices tuple = tuple_;
    tuple[axis_] = f_.space.computed(loop::cast(ElementType::i64, position), {0, length_ - 1}, f_.level());
    return f_.let("x", kernel_.values.at(node_.operands[0], tuple));
  }
  Expression goes_before(const Expression& a, const Expression& b) const {
    return descending_ ? is_less(b, a) : is_less(a, b);
  }
  void store(const Index& k, const Expression& value, const Expression& position) {
    Indices tuple = tuple_;
    tuple[axis_] = k;
    const Index at = f_.space.linearize(tuple, to_);
    f_.store(values_, at, value);
    f_.store(positions_, at, position);
  }

  void merge(int64_t scratch, int64_t levels) {
    const auto half = [&](int64_t level) {
      return f_.space.expression((row_ * 2 + Index(level % 2)) * length_);
    };
    const Expression first = f_.let("first", half(0)), second = f_.let("second", half(1));
    const Expression p = f_.open("p", 0, length_, LoopKind::vectorized);
    f_.store(scratch, {first + p}, loop::cast(ElementType::i32, p));
    f_.close();
    for (int64_t level = 0; level < levels; ++level)
      merge_runs(scratch, level % 2 == 0 ? first : second, level % 2 == 0 ? second : first,
                 int64_t{1} << level);
    const Index k = f_.open_axis("k", kept_);
    const Expression position =
        f_.let("position", f_.load(scratch, {(levels % 2 == 0 ? first : second) + f_.space.expression(k)}));
    store(k, element(position), position);
    f_.close();
  }

  void merge_runs(int64_t scratch, const Expression& from, const Expression& to, int64_t run) {
    const Expression pair = f_.open("pair", 0, (length_ + 2 * run - 1) / (2 * run));
    const Expression begin = f_.let("begin", pair * integer(2 * run));
    const Expression middle = f_.let("middle", minimum(begin + integer(run), integer(length_)));
    const Expression end = f_.let("end", minimum(begin + integer(2 * run), integer(length_)));
    const int64_t left = f_.local("left", ElementType::i64, {1}, begin);
    const int64_t right = f_.local("right", ElementType::i64, {1}, middle);
    const Expression k = f_.open("k", begin, end);
    const Expression i = f_.let("i", f_.load(left, {integer(0)}));
    const Expression j = f_.let("j", f_.load(right, {integer(0)}));
    const auto candidate = [&](const Expression& at) {
      return f_.let("candidate", f_.load(scratch, {from + minimum(at, integer(length_ - 1))}));
    };
    const Expression a = candidate(i), b = candidate(j);
    const Expression sooner = goes_before(element(b), element(a));
    const Expression left_is_done = loop::make(ScalarOp::greater_equal, {i, middle});
    const Expression take_right = f_.let(
        "take_right",
        both(loop::make(ScalarOp::less, {j, end}), loop::make(ScalarOp::logical_or, {left_is_done, sooner})));
    f_.store(scratch, {to + k}, choose(take_right, b, a));
    f_.store(left, {integer(0)}, choose(take_right, i, i + integer(1)));
    f_.store(right, {integer(0)}, choose(take_right, j + integer(1), j));
    f_.close();
    f_.close();
  }

  // A list of the best so far, of which the first min(i, k) entries are filled when element i is looked at.
  void insert() {
    const ElementType element_type = node_.types[0].element;
    const Expression zero =
        is_float(element_type) ? loop::constant(element_type, 0) : loop::constant_integer(element_type, 0);
    best_ = f_.local("best", element_type, {kept_}, zero);
    where_ = f_.local("where", ElementType::i32, {kept_}, loop::constant_integer(ElementType::i32, 0));
    const Expression i = f_.open("i", 0, length_);
    const Expression x = element(i);
    f_.open_if(goes_above(x, i, integer(kept_ - 1)));
    const Expression step = f_.open("step", 0, kept_);
    const Expression q = f_.let("q", integer(kept_ - 1) - step);
    const Expression above = f_.let("above", maximum(q - integer(1), integer(0)));
    // From the end: an entry takes the one above it, the new element, or stays.
    const Expression moves =
        f_.let("moves", both(loop::make(ScalarOp::greater, {q, integer(0)}), goes_above(x, i, above)));
    const Expression enters = f_.let("enters", goes_above(x, i, q));
    const auto update = [&](int64_t list, const Expression& entry) {
      f_.store(list, {q}, choose(moves, f_.load(list, {above}), choose(enters, entry, f_.load(list, {q}))));
    };
    update(best_, x);
    update(where_, loop::cast(ElementType::i32, i));
    f_.close();
    f_.close();
    f_.close();
    const Index k = f_.open_axis("k", kept_);
    const Expression at = f_.space.expression(k);
    store(k, f_.load(best_, {at}), f_.load(where_, {at}));
    f_.close();
  }

  // Whether x, element i, belongs above entry q of the list.
  Expression goes_above(const Expression& x, const Expression& i, const Expression& q) {
    const Expression empty = loop::make(ScalarOp::greater_equal, {q, i});
    return loop::make(ScalarOp::logical_or, {empty, is_less(f_.load(best_, {q}), x)});
  }

  Kernel& kernel_;
  FunctionBuilder& f_;
  const SortSchedule& schedule_;
  uint32_t index_;
  const Node& node_;
  bool descending_;
  Shape from_, to_;
  size_t axis_;
  int64_t length_, kept_;
  int64_t rows_ = 1;
  int64_t values_ = 0, positions_ = 0;  // buffers
  int64_t best_ = 0, where_ = 0;
  Index row_;
  Indices tuple_;
};

}  // namespace

void lower_sort(Kernel& kernel, size_t stage) { Sort(kernel, stage).lower(kernel.work(stage)); }

}  // namespace gradus::lowering
