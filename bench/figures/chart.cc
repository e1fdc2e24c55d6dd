#include "bench/figures/chart.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "bench/figures/print.h"

namespace levee::bench {
namespace {

constexpr double kWidth = 880, kHeight = 230;
constexpr double kLeft = 70, kRight = 18, kTop = 24, kBottom = 40;
constexpr double kLowest = 0.1;  // milliseconds, of a logarithmic axis

// Where values and seconds lie in the picture.
class Frame {
 public:
  Frame(const Chart& chart, size_t seconds) : scale_(chart.scale), seconds_(std::max<size_t>(seconds, 1)) {
    double most = chart.limit.value_or(0);
    for (const Chart::Series& series : chart.series) {
      for (const double value : series.values) most = std::max(most, value);
    }
    ticks_ = levee::bench::ticks(most, scale_);
  }
  const std::vector<double>& ticks() const { return ticks_; }
  size_t seconds() const { return seconds_; }
  double x(double second) const { return kLeft + (kWidth - kLeft - kRight) * second / static_cast<double>(seconds_); }
  // In the middle of a second stands its value.
  double middle(size_t second) const { return x(static_cast<double>(second) + 0.5); }
  double y(double value) const {
    const double low = height_of(ticks_.front()), high = height_of(ticks_.back());
    const double part = high > low ? (height_of(value) - low) / (high - low) : 0;
    return kHeight - kBottom - (kHeight - kTop - kBottom) * std::clamp(part, 0.0, 1.0);
  }

 private:
  double height_of(double value) const {
    return scale_ == Chart::Scale::kMilliseconds ? std::log10(std::max(value, kLowest)) : value;
  }
  const Chart::Scale scale_;
  const size_t seconds_;
  std::vector<double> ticks_;
};

std::string axes(const Chart& chart, const Frame& frame) {
  std::string text;
  for (const double tick : frame.ticks()) {
    const double y = frame.y(tick);
    text +=
        print("<line class=\"grid\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>", kLeft, kWidth - kRight, y, y);
    text += print("<text class=\"tick\" text-anchor=\"end\" x=\"%.0f\" y=\"%.1f\">%s</text>", kLeft - 8, y + 4,
                  scaled(tick, chart.scale).c_str());
  }
  const auto last = static_cast<double>(frame.seconds());
  const std::vector<double> steps = ticks(last, Chart::Scale::kCount);
  for (const double second : steps) {
    if (second > last) continue;
    text += print("<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.0f\" y2=\"%.0f\"/>", frame.x(second),
                  frame.x(second), kHeight - kBottom, kHeight - kBottom + 4);
    text += print("<text class=\"tick second\" text-anchor=\"middle\" x=\"%.1f\" y=\"%.0f\">%.0f</text>",
                  frame.x(second), kHeight - kBottom + 17, second);
  }
  text += print("<text class=\"unit second\" text-anchor=\"end\" x=\"%.0f\" y=\"%.0f\">seconds</text>", kWidth - kRight,
                kHeight - 6);
  text += print("<text class=\"unit\" x=\"4\" y=\"13\">%s</text>", escaped(chart.unit).c_str());
  return text;
}

// The runs of seconds that have a value; a gap ends a line.
std::string line_of(const Chart::Series& series, const Chart& chart, const Frame& frame) {
  std::string path, area;
  bool is_open = false;
  const bool gaps = chart.scale == Chart::Scale::kMilliseconds;
  size_t began = 0;
  const auto close_area = [&](size_t last) {
    if (!is_open || !series.filled) return;
    area +=
        print("L%.1f %.1fL%.1f %.1fZ", frame.middle(last), kHeight - kBottom, frame.middle(began), kHeight - kBottom);
  };
  for (size_t i = 0; i < series.values.size(); ++i) {
    const double value = series.values[i];
    if (gaps && value <= 0) {
      if (i > 0) close_area(i - 1);
      is_open = false;
      continue;
    }
    if (!is_open) began = i;
    const std::string point = print("%c%.1f %.1f", is_open ? 'L' : 'M', frame.middle(i), frame.y(value));
    is_open = true;
    path += point;
    if (series.filled) area += point;
    // A second that stands alone is a dot.
    const bool alone = gaps && i == began && (i + 1 == series.values.size() || series.values[i + 1] <= 0);
    if (alone) path += "h0.1";
  }
  if (!series.values.empty()) close_area(series.values.size() - 1);
  std::string text;
  if (!area.empty()) text += "<path class=\"area " + series.colour + "\" d=\"" + area + "\"/>";
  return text + "<path class=\"line " + series.colour + "\" d=\"" + path + "\"/>";
}

std::string marks(const Chart& chart, const Frame& frame) {
  std::string text;
  double free_from = 0;  // labels do not stand upon each other
  for (const Chart::Mark& mark : chart.marks) {
    const double x = frame.x(std::min(mark.second, static_cast<double>(frame.seconds())));
    const char* const kind = mark.is_break ? "mark broke" : "mark";
    text += print("<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.0f\" y2=\"%.0f\"/>", kind, x, x, kTop - 6,
                  kHeight - kBottom);
    if (x < free_from) continue;
    const bool reaches_out = x + 5.0 * static_cast<double>(mark.label.size()) > kWidth;  // of a large letter's half
    text += print("<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.0f\">%s</text>", kind,
                  reaches_out ? "end" : "middle", x, kTop - 10, escaped(mark.label).c_str());
    free_from = x + 14 + 6.0 * static_cast<double>(mark.label.size());
  }
  return text;
}

// A strip for each second, whose title a browser shows.
std::string tips(const Chart& chart, const Frame& frame, size_t seconds) {
  std::string text;
  const double wide = frame.x(1) - frame.x(0);
  for (size_t i = 0; i < seconds; ++i) {
    std::string tip = std::to_string(i + 1) + " s";
    for (const Chart::Series& series : chart.series) {
      if (i < series.values.size()) tip += "\n" + series.name + ": " + scaled(series.values[i], chart.scale);
    }
    text += print("<rect class=\"tip\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"%.0f\"><title>",
                  frame.x(static_cast<double>(i)), kTop, wide, kHeight - kTop - kBottom) +
            escaped(tip) + "</title></rect>";
  }
  return text;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string scaled(double value, Chart::Scale scale) {
  const auto number = [](double of, const char* unit) {
    return print(of != std::floor(of) && of < 10 ? "%.1f%s" : "%.0f%s", of, unit);
  };
  switch (scale) {
    case Chart::Scale::kShare:
      return number(value * 100, " %");
    case Chart::Scale::kMilliseconds:
      return value >= 1000 ? number(value / 1000, " s") : number(value, " ms");
    case Chart::Scale::kBytes:
    case Chart::Scale::kCount:
      break;
  }
  if (value >= 1e9) return number(value / 1e9, " G");
  if (value >= 1e6) return number(value / 1e6, " M");
  return value >= 10'000 ? number(value / 1e3, " k") : number(value, "");
}

std::vector<double> ticks(double most, Chart::Scale scale) {
  if (scale == Chart::Scale::kShare) return {0, 0.25, 0.5, 0.75, 1};
  if (scale == Chart::Scale::kMilliseconds) {
    std::vector<double> powers{kLowest};
    while (powers.back() < std::max(most, 10.0)) powers.push_back(powers.back() * 10);
    return powers;
  }
  const double rough = std::max(most, 1.0) / 4;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = power * 10;
  for (const double round : {1.0, 2.0, 5.0}) {
    if (round * power >= rough) {
      step = round * power;
      break;
    }
  }
  if (scale == Chart::Scale::kCount) step = std::max(step, 1.0);
  std::vector<double> lines{0};
  while (lines.back() < std::max(most, step)) lines.push_back(lines.back() + step);
  return lines;
}

std::string chart_html(const Chart& chart) {
  size_t seconds = 0;
  for (const Chart::Series& series : chart.series) seconds = std::max(seconds, series.values.size());
  const Frame frame(chart, seconds);
  std::string text = "<figure><figcaption><b>" + escaped(chart.title) + "</b> <span>" + escaped(chart.note) + "</span>";
  text += "<span class=\"legend\">";
  for (const Chart::Series& series : chart.series) {
    text += "<i class=\"key " + series.colour + "\"></i>" + escaped(series.name) + " ";
  }
  if (chart.limit)
    text += "<i class=\"key limit\"></i>" + escaped(chart.limit_word) + " " + scaled(*chart.limit, chart.scale);
  text += "</span></figcaption>";
  text += print("<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", kWidth, kHeight) + escaped(chart.title) +
          "\">";
  text += axes(chart, frame);
  for (const Chart::Series& series : chart.series) text += line_of(series, chart, frame);
  if (chart.limit) {
    text += print("<line class=\"limit\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>", kLeft, kWidth - kRight,
                  frame.y(*chart.limit), frame.y(*chart.limit));
  }
  return text + marks(chart, frame) + tips(chart, frame, seconds) + "</svg></figure>\n";
}

}  // namespace levee::bench
