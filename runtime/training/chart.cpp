#include "runtime/training/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace gradus {

namespace {

constexpr double width = 640, height = 280;  // of a chart, labels included
constexpr double left = 76, right = 16, top = 40, bottom = 44;
constexpr size_t most_points = 1000;  // of a curve: more are finer than the picture

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  return out;
}

// Neither infinite nor so large that a difference could be.
bool drawable(double value) { return std::abs(value) < 1e300; }

// 1, 2 or 5 times a power of ten, so that about `count` steps cover the range.
double nice_step(double range, double count) {
  const double rough = range / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double digit : {1.0, 2.0, 5.0})
    if (digit * power >= rough) return digit * power;
  return 10 * power;
}

struct Axis {
  double low = 0, high = 1, step = 0.2;
};

Axis axis_of(const Chart& chart) {
  double low = INFINITY, high = -INFINITY;
  for (const Curve& curve : chart.curves)
    for (const Curve::Point& point : curve.points)
      if (drawable(point.value)) low = std::min(low, point.value), high = std::max(high, point.value);
  if (low > high) return {};
  // A quantity that stays above zero is shown from zero unless that would hide its change.
  if (low > 0 && low < high / 2) low = 0;
  if (high - low <= std::max(1e-12 * std::abs(high), 1e-290)) {
    const double margin = std::abs(high) < 1e-280 ? 1 : std::abs(high) / 10;
    low -= margin, high += margin;
  }
  Axis axis;
  axis.step = nice_step(high - low, 5);
  axis.low = std::floor(low / axis.step) * axis.step;
  axis.high = std::ceil(high / axis.step) * axis.step;
  return axis;
}

class Drawing {
 public:
  explicit Drawing(double offset) : offset_(offset) {}

  std::string draw(const Chart& chart) {
    axis_ = axis_of(chart);
    first_ = INFINITY, last_ = -INFINITY;
    for (const Curve& each : chart.curves)
      for (const Curve::Point& point : each.points)
        first_ = std::min(first_, point.epoch), last_ = std::max(last_, point.epoch);
    text(width / 2, 18, chart.title, "middle", 15);
    for (double value = axis_.low; value <= axis_.high + axis_.step / 2; value += axis_.step) {
      line(left, y(value), width - right, y(value), "#dddddd");
      const double shown = std::abs(value) < axis_.step / 1e6 ? 0 : value;
      text(left - 6, y(value) + 4, fmt::format("{:.6g}", shown), "end", 12);
    }
    const double step = std::max(1.0, nice_step(std::max(1.0, last_ - first_), 8));
    for (double epoch = std::ceil(first_ / step) * step; epoch <= last_; epoch += step) {
      line(x(epoch), height - bottom, x(epoch), height - bottom + 4, "#444444");
      text(x(epoch), height - bottom + 18, fmt::format("{:.6g}", epoch), "middle", 12);
    }
    line(left, top, left, height - bottom, "#444444");
    line(left, height - bottom, width - right, height - bottom, "#444444");
    text((left + width - right) / 2, height - 8, "epoch", "middle", 12);
    for (const Curve& each : chart.curves) curve(each);
    if (chart.curves.size() > 1) legend(chart.curves);
    return out_;
  }

 private:
  double x(double epoch) const {
    const double range = last_ > first_ ? last_ - first_ : 1;
    return left + (epoch - first_) / range * (width - left - right);
  }
  double y(double value) const {
    return top + (axis_.high - value) / (axis_.high - axis_.low) * (height - top - bottom);
  }
  // In rows, as many as it takes.
  void legend(const std::vector<Curve>& curves) {
    double at_x = left + 8, at_y = top - 12;
    for (const Curve& each : curves) {
      const double taken = 44 + 7 * static_cast<double>(each.name.size());
      if (at_x > left + 8 && at_x + taken > width - right) at_x = left + 8, at_y += 14;
      line(at_x, at_y, at_x + 18, at_y, each.color, 2);
      text(at_x + 24, at_y + 4, each.name, "start", 12);
      at_x += taken;
    }
  }
  void line(double x1, double y1, double x2, double y2, const std::string& color, int thickness = 1) {
    out_ += fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" "
        "stroke-width=\"{}\"/>\n",
        x1, offset_ + y1, x2, offset_ + y2, color, thickness);
  }
  void text(double at_x, double at_y, const std::string& content, const char* anchor, int size) {
    out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{}\">{}</text>\n",
                        at_x, offset_ + at_y, anchor, size, escaped(content));
  }
  void curve(const Curve& each) {
    const size_t count = each.points.size();
    const size_t stride = std::max<size_t>(1, count / most_points);
    std::string points;
    const auto flush = [&] {
      if (!points.empty())
        out_ += fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\" points=\"{}\"/>\n",
                            each.color, points);
      points.clear();
    };
    for (size_t i = 0; i < count; ++i) {
      if (i % stride != 0 && i + 1 != count) continue;
      const double at_x = x(each.points[i].epoch);
      if (!drawable(each.points[i].value)) {
        flush();
        continue;
      }
      const double at_y = offset_ + y(each.points[i].value);
      points += fmt::format("{:.1f},{:.1f} ", at_x, at_y);
      // A single epoch is a point, which a line does not show.
      if (count == 1)
        out_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\" fill=\"{}\"/>\n", at_x, at_y,
                            each.color);
    }
    flush();
  }

  double offset_;
  double first_ = 1, last_ = 1;
  Axis axis_;
  std::string out_;
};

}  // namespace

std::string draw_charts(const std::string& title, const std::vector<Chart>& all) {
  const auto has_points = [](const Curve& curve) { return !curve.points.empty(); };
  std::vector<Chart> charts;
  for (const Chart& chart : all)
    if (std::any_of(chart.curves.begin(), chart.curves.end(), has_points)) charts.push_back(chart);
  const double heading = 32;
  const double whole = heading + height * static_cast<double>(charts.size());
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
      "{1:.0f}\" font-family=\"sans-serif\" fill=\"#222222\">\n"
      "<title>{2}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
      "<text x=\"{3:.0f}\" y=\"22\" text-anchor=\"middle\" font-size=\"18\">{2}</text>\n",
      width, whole, escaped(title), width / 2);
  for (size_t i = 0; i < charts.size(); ++i)
    out += Drawing(heading + height * static_cast<double>(i)).draw(charts[i]);
  return out + "</svg>\n";
}

}  // namespace gradus
