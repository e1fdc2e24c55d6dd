#include "proxy/cluster/purge_ledger.h"

#include <algorithm>
#include <random>
#include <utility>

namespace levee {
namespace {

// No two ledgers have the same.
std::string some_name() {
  std::random_device random;
  return std::to_string(random()) + "." + std::to_string(random()) + ".";
}

}  // namespace

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

void PurgeLedger::delivered(std::string_view id, bool done) {
  Told told;
  {
    const std::lock_guard lock(mutex_);
    Known* const known = find(id);
    if (known == nullptr) return;
    if (known->state == Known::State::kOnItsWay)
      known->state = done ? Known::State::kDelivered : Known::State::kWaiting;
    told = std::exchange(known->told, nullptr);
  }
  if (told) told(done);
}

void PurgeLedger::stream_is_new() {
  const std::lock_guard lock(mutex_);
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
