// erf: 1.5 ulp in f32, 2 in f64.
#pragma once

#include "ir/math/exponential.h"

namespace gradus::math {

template <class N>
N erf(const N& x) {
  const N magnitude = absolute(x);
  const N z = x * x;
  if (is_double(x)) {
    const N near =
        x +
        x * polynomial(z, std::array{0.12837916709551259, -0.37612638903183748, 0.11283791670954879,
                                     -0.026866170645076792, 0.0052239776248180145, -0.000854832698083379,
                                     0.0001205533111164271, -1.4925595266831182e-05, 1.6461000484121368e-06,
                                     -1.6350312701054695e-07, 1.4659775274047436e-08, -1.1372848856791674e-09,
                                     5.9571761477489113e-11});
    // 1 - e^(-x²) times a smooth function of (x - 2) / (x + 2); from 6 on the difference to 1 is lost.
    const N bounded = select(magnitude > 6.0, like(x, 6), magnitude);
    const N t = (bounded - 2.0) / (bounded + 2.0);
    const N complement =
        exp(-(bounded * bounded)) *
        polynomial(t, std::array{0.25539567631050575, -0.42718584741395849, 0.24165819424246585,
                                 -0.078978581015706109, 0.0037328924043978336, 0.0069974617369715783,
                                 -0.00084714325299195005, -0.00098197694110386418, 4.3555586865754817e-05,
                                 0.00017435947400205157, 2.7527175557227246e-05, -2.7562209161129353e-05,
                                 -1.3998283772784976e-05, 1.3058577122278017e-06, 4.0117496473250669e-06,
                                 1.2725676618402281e-06, -1.1352571477273627e-06});
    return select(magnitude < 1.0, near, copy_sign(1.0 - complement, x));
  }
  const N near =
      x + x * polynomial(z, std::array{0.12837916706154343, -0.37612638468028708, 0.11283782495236845,
                                       -0.026865430727670243, 0.0052210318078580228, -0.00084840804055351068,
                                       0.00011265959025606609, -9.6670445714869965e-06});
  const N bounded = select(magnitude > 4.0, like(x, 4), magnitude);
  // 1 - e^P: P approximates the logarithm of erfc.
  const N exponent = polynomial(
      bounded, std::array{0.00032013804967769883, -1.130233434841994, -0.63182605155916305,
                          -0.11008008294882024, 0.026421136005663898, -0.0047595962932662651,
                          0.00059680562566077975, -4.6058042689189781e-05, 1.6371514145936436e-06});
  return select(magnitude < 1.0, near, copy_sign(1.0 - exp(exponent), x));
}

}  // namespace gradus::math
