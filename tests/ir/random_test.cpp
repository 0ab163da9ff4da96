// Philox against Random123, and the layout that recorded digests depend on.
#include "ir/random.h"

#include <Random123/philox.h>

#include <catch2/catch.hpp>
#include <cmath>

using namespace gradus;

namespace {

random::Counter random123(random::Counter counter, random::Key key) {
  const philox4x32_ctr_t c = {{counter[0], counter[1], counter[2], counter[3]}};
  const philox4x32_key_t k = {{key[0], key[1]}};
  const philox4x32_ctr_t r = philox4x32_R(10, c, k);
  return {r.v[0], r.v[1], r.v[2], r.v[3]};
}

}  // namespace

TEST_CASE("philox 4x32-10 gives Random123's numbers") {
  // Its own known answers first, then many of its implementation.
  CHECK(random::philox_4x32_10({0, 0, 0, 0}, {0, 0}) ==
        random::Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(random::philox_4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        random::Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  uint64_t state = 1;
  const auto word = [&state] { return static_cast<uint32_t>(random::splitmix64(state++)); };
  for (int i = 0; i < 1000; ++i) {
    const random::Counter counter = {word(), word(), word(), word()};
    const random::Key key = {word(), word()};
    REQUIRE(random::philox_4x32_10(counter, key) == random123(counter, key));
  }
}

TEST_CASE("splitmix64 and FNV-1a give their published values") {
  CHECK(random::splitmix64(0) == 0xe220a8397b1dcdafULL);
  CHECK(random::splitmix64(0x9e3779b97f4a7c15ULL) == 0x6e789e6aa1b965f4ULL);  // the second number from seed 0
  // FNV-1a of "a#0", folded by hand from the offset basis.
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const unsigned char c : {'a', '#', '0'}) hash = (hash ^ c) * 0x100000001b3ULL;
  CHECK(random::site("a", 0) == static_cast<int64_t>(hash));
  CHECK(random::site("", 0) != random::site("", 1));
  CHECK(random::site("dense_1", 11) != random::site("dense_11", 1));
}

TEST_CASE("an element's word and block") {
  const random::Draw draw{7, int64_t{5} << 32 | 9, random::site("dropout_1", 0), 3};
  const random::Key key = random::key(draw.seed, draw.site);
  const uint64_t mixed = random::splitmix64(7 ^ random::splitmix64(static_cast<uint64_t>(draw.site)));
  CHECK(key == random::Key{static_cast<uint32_t>(mixed), static_cast<uint32_t>(mixed >> 32)});
  for (const int64_t e : {0, 1, 15, 16, 31, 47, 48, 63, 64, 65, 79, 80, 127, 128, 1000, 123456}) {
    const auto block = static_cast<uint32_t>(e / 64 * 16 + e % 16);
    const auto lane = static_cast<size_t>(e % 64 / 16);
    REQUIRE(random::bits(draw, e) == random123({block, 3, 9, 5}, key)[lane]);
  }
  // Sixteen neighbours share a word number; the next sixteen take the next word of the same blocks.
  CHECK(random::bits(draw, 0) != random::bits(draw, 16));
}

TEST_CASE("uniform lies on the grid of 2^-24, normal is Box-Muller on lanes 16 apart") {
  const random::Draw draw{42, 1, random::site("w", 0), 0};
  const auto count = 1 << 14;
  double mean = 0;
  double normal_mean = 0;
  double normal_square = 0;
  for (int64_t e = 0; e < count; ++e) {
    const double u = random::uniform(draw, e);
    REQUIRE((u >= 0 && u < 1));
    REQUIRE(std::ldexp(u, 24) == static_cast<double>(random::bits(draw, e) >> 8));
    REQUIRE(static_cast<double>(static_cast<float>(u)) == u);
    mean += u / count;
    const double n = random::normal(draw, e);
    normal_mean += n / count;
    normal_square += n * n / count;
  }
  CHECK(std::abs(mean - 0.5) < 4 * std::sqrt(1.0 / 12 / count));
  CHECK(std::abs(normal_mean) < 4 / std::sqrt(count));
  CHECK(std::abs(normal_square - 1) < 4 * std::sqrt(2.0 / count));
  for (const int64_t e : {0, 5, 15, 32, 47, 64, 1000 * 32 + 3}) {
    const double radius = std::sqrt(-2 * std::log1p(-random::uniform(draw, e)));
    const double angle = 8 * std::atan(1.0) * random::uniform(draw, e + 16);
    CHECK(random::normal(draw, e) == Approx(radius * std::cos(angle)).margin(1e-12));
    CHECK(random::normal(draw, e + 16) == Approx(radius * std::sin(angle)).margin(1e-12));
  }
  CHECK(random::uniform(0xffffffff) < 1);
  CHECK(std::isfinite(std::log(1 - random::uniform(0xffffffff))));
}
