// Charts of quantities over the epochs as a picture (SVG), one below the other.
#pragma once

#include <string>
#include <vector>

namespace gradus {

struct Curve {
  struct Point {
    double epoch = 0, value = 0;
  };
  std::string name;
  std::string color;          // #rrggbb
  std::vector<Point> points;  // by epoch; values that are not finite leave a gap
};

struct Chart {
  std::string title;
  std::vector<Curve> curves;
};

// Charts without points are left out.
std::string draw_charts(const std::string& title, const std::vector<Chart>& charts);

}  // namespace gradus
