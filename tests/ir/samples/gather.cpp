// Samples of the ops in ir/ops/gather.cpp.
#include <fmt/format.h>

#include "tests/ir/samples/sample_text.h"
#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

namespace {

Sample sample(const char* op, const char* data, const char* ids, const char* attributes, const char* result,
              int64_t below = 4) {
  Sample s{sample_text(fmt::format("%x: {}, %ids: {}", data, ids),
                       fmt::format("%0:2 = {} %x, %ids {{{}}} : {}, i64[]", op, attributes, result))};
  s.below = below;
  return s;
}

// Some indices out of range, and the check's result beside the values.
Sample checked_sample(const char* op, const char* data, const char* ids, const char* attributes,
                      const char* result) {
  Sample s = sample(op, data, ids, attributes, result, 9);
  const size_t place = s.text.find("return %0");
  s.text.replace(place, 9, "return %0, %0#1");
  s.differentiate = false;
  return s;
}

BadSample bad(const char* op, const char* data, const char* ids, const char* attributes,
              const char* message) {
  return {sample(op, data, ids, attributes, "f32[1]").text, message};
}

}  // namespace

const OpSamples gather = {
    .good =
        {
            sample("gather", "f32[4,3]", "i32[5]", "batch=0, check=0", "f32[5,3]"),
            sample("gather", "f64[7,2,3]", "i64[2,3]", "batch=0, check=0", "f64[2,3,2,3]", 7),
            sample("gather", "f32[5,4]", "i32[5]", "batch=1, check=2", "f32[5]"),
            sample("gather", "f64[2,4,3]", "i64[2,5]", "batch=1, check=0", "f64[2,5,3]"),
            sample("gather", "f32[17]", "i32[]", "batch=0, check=0", "f32[]", 17),
            sample("gather", "f64[2,3,4]", "i32[2,3,2]", "batch=2", "f64[2,3,2]"),
            checked_sample("gather", "f32[5,3]", "i32[11]", "batch=0, check=0", "f32[11,3]"),
            checked_sample("gather", "i32[3,5]", "i64[3,4]", "batch=1, check=1", "i32[3,4]"),
            // Indices beyond the axis: zero there, and no adjoint.
            sample("gather", "f64[3,2]", "i32[9]", "batch=0, check=0", "f64[9,2]", 5),
        },
    .bad =
        {
            bad("gather", "f32[4,3]", "f32[5]", "batch=0, check=0", "expected an integer type"),
            bad("gather", "f32[4,3]", "i32[5]", "batch=1, check=0", "batch axis 0 differs"),
            bad("gather", "f32[4]", "i32[4]", "batch=1, check=0", "has no axis 1 to index"),
            bad("gather", "f32[4]", "i32[4]", "batch=-1, check=0", "batch -1 is out of range"),
            bad("gather", "f32[1,16777216]", "i32[67108864]", "batch=0, check=0", "too large"),
        },
};

const OpSamples scatter_add = {
    .good =
        {
            sample("scatter_add", "f32[5,3]", "i32[5]", "batch=0, size=4, check=0", "f32[4,3]"),
            sample("scatter_add", "f64[2,3,2]", "i64[2,3]", "batch=0, size=7, check=0", "f64[7,2]", 7),
            sample("scatter_add", "f32[5]", "i32[5]", "batch=1, size=4, check=0", "f32[5,4]"),
            sample("scatter_add", "f64[2,5,3]", "i64[2,5]", "batch=1, size=4, check=0", "f64[2,4,3]"),
            sample("scatter_add", "f32[]", "i32[]", "batch=0, size=17, check=0", "f32[17]", 17),
            sample("scatter_add", "f64[2,9]", "i32[2,9]", "batch=0, size=3", "f64[3]", 5),
            checked_sample("scatter_add", "f32[11,3]", "i32[11]", "batch=0, size=5, check=0", "f32[5,3]"),
            checked_sample("scatter_add", "i32[3,4]", "i64[3,4]", "batch=1, size=5, check=1", "i32[3,5]"),
        },
    .bad =
        {
            bad("scatter_add", "f32[4,3]", "i32[5]", "batch=0, size=4, check=0", "are not those of the ids"),
            bad("scatter_add", "f32[4]", "i32[4,2]", "batch=0, size=4, check=0", "are not those of the ids"),
            bad("scatter_add", "f32[4]", "i32[4]", "batch=0, size=0, check=0", "size 0 must be positive"),
            bad("scatter_add", "f32[4]", "i32[4]", "batch=0, size=9223372036854775807, check=0", "too large"),
            bad("scatter_add", "f32[4]", "i32[4]", "batch=2, size=4, check=0", "batch 2 is out of range"),
            bad("scatter_add", "f32[4]", "i32[4]", "batch=0, check=0", "'size' is missing"),
        },
};

}  // namespace gradus::testing::samples
