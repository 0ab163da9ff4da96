// The register tile that all contractions share: rows of broadcast values times vectors of columns, one chain
// of multiply-adds per output, and the epilogue applied to the tile before it is stored.
#pragma once

#include <functional>
#include <memory>

#include "codegen/lower/kernel.h"
#include "ir/kernel/nests.h"

namespace gradus::lowering {

// Accumulators of rows x columns outputs. `begin` starts a chain at +0; where the sum is cut into chunks,
// `end` adds the chain to those before it.
class RegisterTile {
 public:
  RegisterTile(FunctionBuilder& f, ElementType element, int64_t rows, int64_t columns, bool chunked);

  void begin();
  void end();
  // One term of the chains of rows [first, last): a(row) times b(lane) for every column.
  using Factor = std::function<loop::Expression(const loop::Expression&)>;
  void multiply(int64_t first, int64_t last, const Factor& a, const Factor& b);
  // The same in two steps, for several groups of rows that share the columns' factors.
  void load_columns(const Factor& b);
  void multiply_rows(int64_t first, int64_t last, const Factor& a);
  // Continues a chain whose values lie in memory, or puts them there.
  using Position = std::function<loop::Expression(const loop::Expression& row, const loop::Expression& lane)>;
  void load_chain(int64_t buffer, const Position& at);
  void store_chain(int64_t buffer, const Position& at);
  loop::Expression value(const loop::Expression& row, const loop::Expression& lane) const;

  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }

 private:
  FunctionBuilder& f_;
  ElementType element_;
  int64_t rows_, columns_;
  bool chunked_;
  int64_t chain_ = 0;
  int64_t factors_ = 0;
  int64_t total_ = 0;
};

// What a contraction's tile writes: results of the kernel that it computes on the way, and the raw values if
// something else needs them.
struct TileOutput {
  Value value;
  int64_t buffer = 0;  // of the kernel
};

// The part of a kernel that its contraction's tiles compute, with the buffers that it needs.
class TileEpilogue {
 public:
  TileEpilogue(const Kernel& kernel, size_t stage);

  const Epilogue& facts() const { return facts_; }
  EpilogueSource source() const { return source_; }
  const std::vector<TileOutput>& outputs() const { return outputs_; }
  // Buffers of the kernel that a tile function needs, the outputs included.
  const std::vector<int64_t>& buffers() const { return buffers_; }
  Value contraction() const { return facts_.contraction(); }
  // Whether a tile of so many columns is one run of elements.
  bool is_dense(int64_t columns) const { return gradus::is_dense(nest_, columns); }

 private:
  Epilogue facts_;
  EpilogueSource source_;
  ContractionNest nest_;
  std::vector<TileOutput> outputs_;
  std::vector<int64_t> buffers_;
};

// A function that computes one tile: operand views `a` and `b`, the buffers of the epilogue, then scalars.
class TileFunction {
 public:
  // The views of the operands reach over so many elements.
  TileFunction(Kernel& kernel, const TileEpilogue& epilogue, const std::string& purpose, int64_t a_count,
               int64_t b_count);

  // Binds the epilogue's position: one axis per axis of the contraction's result.
  std::vector<Axis> axes;
  FunctionBuilder f;
  Values values;
  int64_t a = 0, b = 0;

  // Stores all outputs of the tile; in place, what a position reads is read before it is stored.
  // `bind(row, lane)` binds the axes within the loops over the tile.
  using Bind = std::function<void(const loop::Expression& row, const loop::Expression& lane)>;
  void store(const RegisterTile& tile, const Bind& bind);
  // Hands the function to the kernel and returns its name.
  std::string finish();
  // The call's views, after those of a and b.
  void add_views(std::vector<loop::View>& views) const;

 private:
  Index linear_position();
  std::vector<loop::Expression> compute_outputs(const Index& linear);
  void store_outputs(const Index& linear, const std::vector<loop::Expression>& computed);
  int64_t put_in_memory(const RegisterTile& tile);
  // Whether rows that are no whole vectors follow each other in memory: in place, the masked store of one
  // reaches over what the next one reads, which would wait for it.
  bool row_delays_next(const RegisterTile& tile) const;
  void store_as_run(const RegisterTile& tile, const Bind& bind);

  Kernel& kernel_;
  const TileEpilogue& epilogue_;
  Computing computing_;       // the contraction, but for the epilogue
  std::vector<int64_t> own_;  // parameter per epilogue buffer
  loop::Expression current_;  // the contraction's value at the current position
};

// Each computes the contraction of a stage as its schedule says. `axes` are those of its result in the
// kernel's index space.
void lower_dot_tiles(Kernel& kernel, size_t stage, const DotNest& nest, const std::vector<Axis>& axes);
void lower_convolution_tiles(Kernel& kernel, size_t stage, const ConvolutionNest& nest);
void lower_filter_tiles(Kernel& kernel, size_t stage, const FilterNest& nest);

}  // namespace gradus::lowering
