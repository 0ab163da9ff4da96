#include "ir/random.h"

#include <cmath>
#include <numbers>
#include <string>

namespace gradus::random {

Counter philox_4x32_10(Counter counter, Key key) {
  constexpr uint64_t multiplier_0 = 0xD2511F53;
  constexpr uint64_t multiplier_1 = 0xCD9E8D57;
  for (int round = 0; round < 10; ++round) {
    if (round > 0) {
      key[0] += 0x9E3779B9;  // golden ratio
      key[1] += 0xBB67AE85;  // sqrt(3) - 1
    }
    const uint64_t product_0 = multiplier_0 * counter[0];
    const uint64_t product_1 = multiplier_1 * counter[2];
    counter = {static_cast<uint32_t>(product_1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(product_1),
               static_cast<uint32_t>(product_0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product_0)};
  }
  return counter;
}

uint64_t splitmix64(uint64_t state) {
  state += 0x9E3779B97F4A7C15;
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
  return state ^ (state >> 31);
}

int64_t site(std::string_view path, uint64_t ordinal) {
  uint64_t hash = 0xCBF29CE484222325;
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  };
  add(path);
  add("#");
  add(std::to_string(ordinal));
  return static_cast<int64_t>(hash);
}

Key key(int64_t seed, int64_t site) {
  const uint64_t mixed = splitmix64(static_cast<uint64_t>(seed) ^ splitmix64(static_cast<uint64_t>(site)));
  return {static_cast<uint32_t>(mixed), static_cast<uint32_t>(mixed >> 32)};
}

uint32_t bits(const Draw& draw, int64_t element) {
  const auto e = static_cast<uint64_t>(element);
  const auto step = static_cast<uint64_t>(draw.step);
  const Counter counter = {static_cast<uint32_t>(e / 64 * 16 + e % 16),
                           static_cast<uint32_t>(draw.scan_index), static_cast<uint32_t>(step),
                           static_cast<uint32_t>(step >> 32)};
  return philox_4x32_10(counter, key(draw.seed, draw.site))[e % 64 / 16];
}

double uniform(uint32_t bits) { return static_cast<double>(bits >> 8) * 0x1p-24; }

double uniform(const Draw& draw, int64_t element) { return uniform(bits(draw, element)); }

double normal(const Draw& draw, int64_t element) {
  const bool first = element % 32 < 16;
  const int64_t cosine = first ? element : element - 16;
  const double radius = std::sqrt(-2 * std::log(1 - uniform(draw, cosine)));
  const double angle = 2 * std::numbers::pi * uniform(draw, cosine + 16);
  return radius * (first ? std::cos(angle) : std::sin(angle));
}

}  // namespace gradus::random
