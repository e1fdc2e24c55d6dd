// A chart over the seconds of a rehearsal, as inline SVG whose colours are the page's. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace levee::bench {

struct Chart {
  enum class Scale : unsigned char { kCount, kShare, kBytes, kMilliseconds };  // the last is logarithmic; 0 is a gap
  struct Series {
    std::string name;
    std::string colour;          // a class of the page: c1 to c4
    std::vector<double> values;  // one a second
    bool filled = false;
  };
  struct Mark {
    double second = 0;
    std::string label;  // short: it stands above the line
    bool is_break = false;
  };

  std::string title = {};
  std::string note = {};  // what is drawn, in one line
  Scale scale = Scale::kCount;
  std::string unit = {};  // of the axis: "per second"
  std::vector<Series> series = {};
  std::vector<Mark> marks = {};
  std::optional<double> limit = {};  // a dashed line
  std::string limit_word = "promised";
};

std::string chart_html(const Chart& chart);
// Text as it may stand in HTML, attributes included.
std::string escaped(std::string_view text);
// "1.2 k", "35 %", "4.0 MB", "250 ms".
std::string scaled(double value, Chart::Scale scale);

// The lines of an axis: round numbers from 0 to at least `most`, or powers of ten around what there is.
std::vector<double> ticks(double most, Chart::Scale scale);

}  // namespace levee::bench
