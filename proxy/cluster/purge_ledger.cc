#include "proxy/cluster/purge_ledger.h"

#include <algorithm>
#include <charconv>
#include <random>
#include <utility>

namespace levee {
namespace {

// No two ledgers have the same.
std::string some_name() {
  std::random_device random;
  return std::to_string(random()) + "." + std::to_string(random()) + ".";
}

bool is_before(const PurgeMark& a, const PurgeMark& b) {
  return a.ms != b.ms ? a.ms < b.ms : a.number < b.number;
}

}  // namespace

std::string PurgeMark::text() const {
  return epoch.empty() ? "" : epoch + " " + std::to_string(ms) + "-" + std::to_string(number);
}

PurgeMark PurgeMark::of(std::string_view epoch, std::string_view id) {
  PurgeMark mark;
  const char* const end = id.data() + id.size();
  const auto [dash, ms_error] = std::from_chars(id.data(), end, mark.ms);
  if (ms_error != std::errc() || dash == end || *dash != '-') return {};
  const auto [last, error] = std::from_chars(dash + 1, end, mark.number);
  if (error != std::errc() || last != end) return {};
  mark.epoch = epoch;
  return mark;
}

PurgeMark PurgeMark::parse(std::string_view text) {
  const size_t space = text.find(' ');
  return space == std::string_view::npos ? PurgeMark() : of(text.substr(0, space), text.substr(space + 1));
}

PurgeLedger::PurgeLedger() : name_(some_name()) {}

bool PurgeLedger::issue(std::string text, int64_t now, Told told) {
  const std::lock_guard lock(mutex_);
  if (!make_room(now)) return false;
  lines_.push_back({{name_ + std::to_string(++issued_), std::move(text)}, now, {}, std::move(told)});
  if (wake_) wake_();
  return true;
}

void PurgeLedger::on_issue(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

bool PurgeLedger::make_room(int64_t now) {
  const auto may_go = [&](const Known& known) {
    return known.state == Known::State::kDelivered && (now - known.since > kKeep || lines_.size() >= kMost);
  };
  while (!lines_.empty() && may_go(lines_.front())) lines_.pop_front();
  if (lines_.size() < kMost) return true;
  const auto found = std::ranges::find(lines_, Known::State::kDelivered, &Known::state);
  if (found == lines_.end()) return false;
  lines_.erase(found);
  return true;
}

PurgeLedger::Known* PurgeLedger::find(std::string_view id) {
  const auto found =
      std::ranges::find(lines_, id, [](const Known& known) -> std::string_view { return known.line.id; });
  return found == lines_.end() ? nullptr : &*found;
}

bool PurgeLedger::knows(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(lines_, [&](const Known& known) { return known.line.id == id; });
}

std::vector<std::string> PurgeLedger::orders_since(int64_t since) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> orders;
  for (auto known = lines_.rbegin(); known != lines_.rend() && known->since >= since; ++known) {
    orders.push_back(known->line.text);
  }
  return orders;
}

void PurgeLedger::heard(Line line, int64_t now) {
  Told told;
  {
    const std::lock_guard lock(mutex_);
    if (Known* const known = find(line.id)) {
      known->state = Known::State::kDelivered;
      told = std::exchange(known->told, nullptr);
    } else if (make_room(now)) {
      lines_.push_back({std::move(line), now, Known::State::kDelivered, nullptr});
    }
  }
  if (told) told(true);
}

std::vector<PurgeLedger::Line> PurgeLedger::take(size_t most) {
  const std::lock_guard lock(mutex_);
  std::vector<Line> lines;
  for (Known& known : lines_) {
    if (lines.size() == most) break;
    if (known.state != Known::State::kWaiting) continue;
    known.state = Known::State::kOnItsWay;
    lines.push_back(known.line);
  }
  return lines;
}

std::optional<PurgeMark> PurgeLedger::mark() const {
  const std::lock_guard lock(mutex_);
  const bool all_said =
      std::ranges::all_of(lines_, [](const Known& known) { return known.state == Known::State::kDelivered; });
  if (!all_said || (!said_.epoch.empty() && said_.epoch != position_.epoch)) return std::nullopt;
  return is_before(last_order_, said_) ? said_ : last_order_;
}

bool PurgeLedger::has_reached(const PurgeMark& mark) const {
  const std::lock_guard lock(mutex_);
  return mark.epoch.empty() || (mark.epoch == position_.epoch && !is_before(position_, mark));
}

void PurgeLedger::bus_begins() {
  const std::lock_guard lock(mutex_);
  position_ = last_order_ = {};
  for (Known& known : lines_) {
    if (known.state == Known::State::kOnItsWay) known.state = Known::State::kWaiting;
  }
}

std::string PurgeLedger::epoch() const {
  const std::lock_guard lock(mutex_);
  return epoch_;
}

void PurgeLedger::reached(PurgeMark position, PurgeMark last_order) {
  const std::lock_guard lock(mutex_);
  if (!position.epoch.empty()) epoch_ = position.epoch;
  position_ = std::move(position);
  last_order_ = std::move(last_order);
}

void PurgeLedger::delivered(std::string_view id, const std::optional<PurgeMark>& at) {
  const bool done = at.has_value();
  Told told;
  {
    const std::lock_guard lock(mutex_);
    Known* const known = find(id);
    if (known == nullptr) return;
    if (known->state == Known::State::kOnItsWay)
      known->state = done ? Known::State::kDelivered : Known::State::kWaiting;
    told = std::exchange(known->told, nullptr);
    if (done) said_ = *at;
  }
  if (told) told(done);
}

void PurgeLedger::stream_is_new() {
  const std::lock_guard lock(mutex_);
  said_ = {};
  for (Known& known : lines_) {
    if (known.state == Known::State::kDelivered) known.state = Known::State::kWaiting;
  }
}

size_t PurgeLedger::waiting() const {
  const std::lock_guard lock(mutex_);
  return static_cast<size_t>(
      std::ranges::count_if(lines_, [](const Known& known) { return known.state != Known::State::kDelivered; }));
}

}  // namespace levee
