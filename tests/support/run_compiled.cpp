#include "tests/support/run_compiled.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

namespace gradus::testing {

namespace {

using evaluate::Array;

// 64-byte aligned memory that is filled with a pattern.
class Block {
 public:
  explicit Block(int64_t bytes) : memory_(static_cast<size_t>(bytes) + 192, std::byte{0x7f}) {
    const auto address = reinterpret_cast<uintptr_t>(memory_.data());
    data_ = memory_.data() + (64 - address % 64) % 64;
  }
  std::byte* data() const { return data_; }

 private:
  std::vector<std::byte> memory_;
  std::byte* data_;
};

// IEEE 754 numbers of 16 bits, made from doubles that they can hold.
template <int digits, int least_exponent>
struct ShortFloat {
  uint16_t bits = 0;

  ShortFloat() = default;
  explicit ShortFloat(double value) {
    constexpr int fraction = digits - 1;
    const auto sign = static_cast<unsigned>(std::signbit(value)) << 15;
    const unsigned top = ((1u << (15 - fraction)) - 1) << fraction;  // exponent of infinity
    unsigned rest = 0;
    if (std::isnan(value)) {
      rest = top | (1u << (fraction - 1));
    } else if (std::isinf(value)) {
      rest = top;
    } else if (value != 0) {
      const int exponent = std::max(std::ilogb(value), least_exponent);
      rest = static_cast<unsigned>(std::ldexp(std::fabs(value), fraction - exponent)) +
             (static_cast<unsigned>(exponent - least_exponent) << fraction);
    }
    bits = static_cast<uint16_t>(sign | rest);
  }
  explicit operator double() const {
    constexpr int fraction = digits - 1;
    const unsigned rest = bits & 0x7fffu, top = (1u << (15 - fraction)) - 1, biased = rest >> fraction;
    const unsigned low = rest & ((1u << fraction) - 1);
    double value = 0;
    if (biased == top)
      value = low != 0 ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
    else
      value = std::ldexp(low + (biased != 0 ? 1u << fraction : 0u),
                         least_exponent - fraction + static_cast<int>(biased != 0 ? biased - 1 : 0));
    return (bits & 0x8000u) != 0 ? -value : value;
  }
};
using Float16 = ShortFloat<11, -14>;
using Bfloat16 = ShortFloat<8, -126>;

template <class T>
void copy_in(std::byte* to, const Array<double>& array) {
  for (size_t i = 0; i < array.size(); ++i) {
    T value;
    if constexpr (std::is_integral_v<T>)
      value = static_cast<T>(array.integers[i]);
    else
      value = static_cast<T>(array.floats[i]);
    std::memcpy(to + i * sizeof(T), &value, sizeof(T));
  }
}
template <class T>
void copy_out(Array<double>& array, const std::byte* from) {
  for (size_t i = 0; i < array.size(); ++i) {
    T value;
    std::memcpy(&value, from + i * sizeof(T), sizeof(T));
    if constexpr (std::is_integral_v<T>)
      array.integers[i] = static_cast<int64_t>(value);
    else
      array.floats[i] = static_cast<double>(value);
  }
}

template <class F>
void with_type(ElementType element, F f) {
  switch (element) {
    case ElementType::f32:
      return f(float{});
    case ElementType::f64:
      return f(double{});
    case ElementType::i64:
      return f(int64_t{});
    case ElementType::i32:
      return f(int32_t{});
    case ElementType::i8:
      return f(int8_t{});
    case ElementType::u8:
    case ElementType::boolean:
      return f(uint8_t{});
    case ElementType::bf16:
      return f(Bfloat16{});
    case ElementType::f16:
      return f(Float16{});
  }
}

Array<double> read(const Type& type, const std::byte* from) {
  Array<double> array(Type(type.element, type.shape));
  with_type(type.element, [&](auto tag) { copy_out<decltype(tag)>(array, from); });
  return array;
}

}  // namespace

CompiledRun run_compiled(const CompiledProgram& compiled, int64_t workspace_bytes, const Graph& graph,
                         const std::vector<Array<double>>& inputs, ThreadPool* pool) {
  std::vector<std::unique_ptr<Block>> blocks;
  const auto allocate = [&](int64_t bytes) {
    return blocks.emplace_back(std::make_unique<Block>(bytes))->data();
  };
  gradus_call call{};
  std::vector<std::byte*> of_input(graph.inputs().size());
  std::vector<const void*> data;
  std::vector<void*> state, results;
  for (const InputKind kind : {InputKind::data, InputKind::parameter, InputKind::state})
    for (size_t i = 0; i < graph.inputs().size(); ++i) {
      const InputKind own = graph.inputs()[i].kind;
      if ((own == InputKind::variable ? InputKind::data : own) != kind) continue;
      of_input[i] = allocate(size_in_bytes(inputs[i].type));
      with_type(inputs[i].type.element, [&](auto tag) { copy_in<decltype(tag)>(of_input[i], inputs[i]); });
      if (kind == InputKind::data)
        data.push_back(of_input[i]);
      else
        state.push_back(of_input[i]);
    }
  for (size_t i = 0; i < graph.inputs().size(); ++i) {
    if (graph.inputs()[i].kind == InputKind::seed) call.seed = inputs[i].integers[0];
    if (graph.inputs()[i].kind == InputKind::step) call.step = inputs[i].integers[0];
  }
  for (const NamedValue& result : graph.results())
    results.push_back(allocate(size_in_bytes(graph.type(result.value))));
  call.inputs = data.data();
  call.parameters = state.data();
  call.results = results.data();
  call.workspace = allocate(workspace_bytes);
  if (pool) {
    call.parallel_for = ThreadPool::callback;
    call.pool = pool;
  }
  compiled.entry(&call);

  CompiledRun run;
  run.status = call.status;
  for (size_t r = 0; r < results.size(); ++r)
    run.results.push_back(
        read(graph.type(graph.results()[r].value), static_cast<const std::byte*>(results[r])));
  for (const Update& update : graph.updates())
    run.updates.push_back(read(graph.type(update.value), of_input[update.input]));
  return run;
}

}  // namespace gradus::testing
