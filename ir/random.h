// Random numbers as a pure function of (seed, step, site, scan index, element): Philox 4x32-10,
// counter-based. This is the definition; compiled code, evaluator and runtime give the same bits, and
// recorded digests of trained parameters depend on every line of it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace gradus::random {

using Counter = std::array<uint32_t, 4>;
using Key = std::array<uint32_t, 2>;

// Ten rounds of Philox 4x32 (Salmon et al. 2011), bit for bit those of Random123.
Counter philox_4x32_10(Counter counter, Key key);

// First output of the generator SplitMix64 with this state.
uint64_t splitmix64(uint64_t state);

// Where a draw stands in the program: FNV-1a (64 bits) of "path#ordinal".
int64_t site(std::string_view path, uint64_t ordinal);

// splitmix64(seed xor splitmix64(site)), low word first.
Key key(int64_t seed, int64_t site);

// One draw (one execution of a random op); elements are independent of each other and of the shape.
struct Draw {
  int64_t seed = 0;
  int64_t step = 0;  // initial values use step 0
  int64_t site = 0;
  int64_t scan_index = 0;  // flattened over nested scans; its low 32 bits count
};

// A draw has at most 2^34 elements: the block number of the last one fills the counter's first word.
inline constexpr int64_t most_elements = int64_t{1} << 34;

// Element e is word (e mod 64) / 16 of block (e / 64) * 16 + e mod 16, so that sixteen neighbours come from
// sixteen blocks and no lane has to be shuffled.
uint32_t bits(const Draw& draw, int64_t element);

// (bits >>> 8) * 2^-24, in [0, 1); exact in f32 and f64.
double uniform(uint32_t bits);
double uniform(const Draw& draw, int64_t element);

// Box-Muller: elements e and e + 16 (e mod 32 < 16) are the cosine and the sine of their two uniforms, the
// first taken as 1 - u so that its logarithm is finite. Computed in double by the host's libm: compiled code
// agrees to rounding, not to the bit.
double normal(const Draw& draw, int64_t element);

}  // namespace gradus::random
