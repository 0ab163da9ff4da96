// How much a test does where it might do any amount.
#pragma once

namespace gradus::testing {

#ifdef GRADUS_SANITIZED
inline constexpr bool sanitized = true;  // several times slower, thirty times in the front end
#else
inline constexpr bool sanitized = false;
#endif

template <typename Number>
constexpr Number effort(Number usual, Number under_sanitizers) {
  return sanitized ? under_sanitizers : usual;
}

}  // namespace gradus::testing
