#include "bench/rehearse/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>

#include "bench/figures/print.h"

namespace levee::bench {
namespace {

constexpr size_t kWidest = 120;  // nobody reads rows that are longer
constexpr size_t kNarrow = 60;   // with less, words stand closer

// The last `width` seconds as a row of bars, the highest of all being full.
std::string bars(const Outcome& so_far, size_t width, const std::function<double(const Moment&)>& value) {
  constexpr std::array<const char*, 9> kBars{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double most = 0;
  for (const Moment& moment : so_far.seconds) most = std::max(most, value(moment));
  std::string row;
  const size_t from = so_far.seconds.size() > width ? so_far.seconds.size() - width : 0;
  for (size_t i = from; i < so_far.seconds.size(); ++i) {
    const double part = most > 0 ? value(so_far.seconds[i]) / most : 0;
    const auto height = static_cast<size_t>(part * 8 + (part > 0 ? 0.999 : 0));
    row += kBars[std::min<size_t>(height, 8)];
  }
  return row;
}

// 0 is no request at all.
std::string latency(double milliseconds) {
  return milliseconds > 0 ? with_unit(milliseconds, Unit::kTime) : "-";
}

double hit_share(const Second& second) {
  return second.told > 0 ? 100.0 * (second.hits + second.collapsed) / second.told : 0;
}

// A share in `format`; of answers of which none said whether it came from a cache: a dash.
std::string hits(const Second& second, const char* format) {
  return second.told > 0 ? print(format, hit_share(second)) : "-";
}

std::string progress(double part, size_t width) {
  const auto done = static_cast<size_t>(std::clamp(part, 0.0, 1.0) * static_cast<double>(width));
  std::string bar;
  for (size_t i = 0; i < width; ++i) bar += i < done ? "━" : "┄";
  return bar;
}

// What a server said before it ended has many lines, and nobody knows what in them.
std::string in_one_line(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  return text;
}

// The lines that fit, and of each what fits: one that wrapped would spoil the count of those to go up again.
std::string cut_to(const std::string& text, size_t width, size_t height) {
  std::string fitting;
  size_t column = 0;
  for (const char byte : text) {
    const bool starts = (static_cast<unsigned char>(byte) & 0xC0U) != 0x80;  // a character, and not the rest of one
    if (byte == '\n') {
      column = 0;
      if (--height == 0) return fitting + byte;
    } else if (starts) {
      ++column;
    }
    if (column <= width) fitting += byte;
  }
  return fitting;
}

class Lines final : public Onlooker {
 public:
  void on_second(const Outcome& so_far) override {
    if (so_far.seconds.size() % 2 == 0) std::printf("%s\n", line_of_seconds(so_far, 2).c_str());
    std::fflush(stdout);
  }
  void on_event(const Happening& event) override {
    std::printf("%4lld s  -- %s\n", static_cast<long long>(event.at_ms / 1000), event.what.c_str());
    std::fflush(stdout);
  }
};

class Picture final : public Onlooker {
 public:
  explicit Picture(const Plan& plan) : plan_(plan) {}

  void on_second(const Outcome& so_far) override {
    winsize size{};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 1;
    const size_t width = known ? size.ws_col : 80;
    const size_t height = known ? size.ws_row - 1U : 23;  // the cursor stands below
    const std::string text = picture(plan_, so_far, width, height);
    if (lines_ > 0 && (width != width_ || height != height_)) {
      std::printf("\x1b[H\x1b[2J");  // nobody knows where the old lines are now
    } else if (lines_ > 0) {
      std::printf("\x1b[%zuA", lines_);
    }
    width_ = width;
    height_ = height;
    lines_ = static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      std::printf("%s\x1b[K\n", text.substr(at, end - at).c_str());
      at = end + 1;
    }
    std::fflush(stdout);
  }
  void on_event(const Happening&) override {}  // the picture has them

 private:
  const Plan& plan_;
  size_t width_ = 0, height_ = 0;  // of the terminal, at the last picture
  size_t lines_ = 0;               // of that picture; 0: there is none yet
};

class Silence final : public Onlooker {
 public:
  void on_second(const Outcome&) override {}
  void on_event(const Happening&) override {}
};

}  // namespace

std::string line_of_seconds(const Outcome& so_far, size_t count) {
  const Moment& last = so_far.seconds.back();
  count = std::min(count, so_far.seconds.size());
  Moment mean;  // of so many seconds: audiences often ask every other second
  for (size_t i = so_far.seconds.size() - count; i < so_far.seconds.size(); ++i) {
    const Moment& each = so_far.seconds[i];
    mean.of.requests += each.of.requests;
    mean.of.answered += each.of.answered;
    mean.of.told += each.of.told;
    mean.of.hits += each.of.hits;
    mean.of.collapsed += each.of.collapsed;
    mean.of.errors += each.of.errors;
    mean.first_byte_p99_ms = std::max(mean.first_byte_p99_ms, each.first_byte_p99_ms);
    mean.origin_requests += each.origin_requests;
  }
  const auto in_one = static_cast<uint32_t>(count);
  std::string line =
      print("%4zu s  viewers %-6u requests/s %-6u hits %5s  stalled %-5u errors %-5u first byte p99 %s",
            so_far.seconds.size(), last.of.viewers, mean.of.requests / in_one, hits(mean.of, "%3.0f %%").c_str(),
            last.of.stalled, mean.of.errors, latency(mean.first_byte_p99_ms).c_str());
  if (so_far.origin) {
    line += print("  origin %llu/s, %u at a time", static_cast<unsigned long long>(mean.origin_requests / count),
                  last.origin_active);
  }
  return line;
}

std::string picture(const Plan& plan, const Outcome& so_far, size_t width, size_t height) {
  const Moment& last = so_far.seconds.back();
  const double whole = std::chrono::duration<double>(plan.duration).count();
  const auto passed = static_cast<double>(so_far.seconds.size());
  const auto left = [most = std::min<size_t>(width, kWidest)](size_t used) { return most > used ? most - used : 0; };
  const std::string clock = print("  %.0f of %.0f s", std::min(passed, whole), whole);
  const std::string name_of_plan = plan.name.substr(0, left(clock.size() + 2)) + "  ";
  std::string text = name_of_plan + progress(passed / whole, left(name_of_plan.size() + clock.size())) + clock + "\n";
  const auto row = [&](const char* name, const std::string& value, const std::function<double(const Moment&)>& of) {
    const std::string words = print(width < kNarrow ? "%-15s %-14s " : "  %-18s %-18s ", name, value.c_str());
    text += words + bars(so_far, left(words.size()), of) + "\n";
  };
  if (!plan.arrivals.empty()) {
    row("viewers", print("%u", last.of.viewers), [](const Moment& m) { return m.of.viewers; });
    row("stalled", print("%u", last.of.stalled), [](const Moment& m) { return m.of.stalled; });
  }
  row("requests", print("%u /s", last.of.requests), [](const Moment& m) { return m.of.requests; });
  row("traffic", print("%.0f Mb/s", static_cast<double>(last.of.bytes) * 8 / 1e6),
      [](const Moment& m) { return static_cast<double>(m.of.bytes); });
  row("hits, collapsed", hits(last.of, "%.1f %%"), [](const Moment& m) { return hit_share(m.of); });
  row("errors", print("%u /s", last.of.errors), [](const Moment& m) { return m.of.errors; });
  row("first byte p99", latency(last.first_byte_p99_ms), [](const Moment& m) { return m.first_byte_p99_ms; });
  if (so_far.origin) {
    row("origin", print("%llu /s, %u busy", static_cast<unsigned long long>(last.origin_requests), last.origin_active),
        [](const Moment& m) { return static_cast<double>(m.origin_requests); });
  }
  row("generator's lag", with_unit(last.lag_p99_ms, Unit::kTime), [](const Moment& m) { return m.lag_p99_ms; });
  const size_t shown = std::min<size_t>(so_far.events.size(), 3);
  for (size_t i = 0; i < 3; ++i) {
    if (i >= shown) {
      text += "\n";
      continue;
    }
    const Happening& event = so_far.events[so_far.events.size() - shown + i];
    text += print("  %5.1f s  ", static_cast<double>(event.at_ms) / 1000) + in_one_line(event.what) + "\n";
  }
  return cut_to(text, width, height);
}

std::unique_ptr<Onlooker> make_screen(const Plan& plan) {
  const char* const kind = std::getenv("TERM");
  const bool can_move = kind != nullptr && kind[0] != '\0' && std::string_view(kind) != "dumb";
  if (can_move && isatty(STDOUT_FILENO) != 0) return std::make_unique<Picture>(plan);
  return std::make_unique<Lines>();
}

std::unique_ptr<Onlooker> make_silence() {
  return std::make_unique<Silence>();
}

}  // namespace levee::bench
