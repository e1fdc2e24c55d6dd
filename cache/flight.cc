#include "cache/flight.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "cache/flight_core.h"

namespace levee {
namespace {

// A send to a reader that was woken costs some 10 us whatever its size: a crowd may take a fiftieth of a worker.
constexpr size_t kReadersWokenPerMs = 2;
constexpr size_t kCoupledChunk = 64 * 1024;  // a body for one client alone: small, since nobody keeps it
constexpr uint64_t kOutgrownWindow = 4 * 1024 * 1024;

}  // namespace

Flight::Flight(std::shared_ptr<Home> home, std::string key, KeyHash hash, uint64_t window)
    : home_(std::move(home)), key_(std::move(key)), hash_(hash), window_(window), alone_(home_ == nullptr) {}

Flown Flight::begin(const std::shared_ptr<Flight>& flight, Subscriber leader) {
  MutexLock lock(flight->mutex_);
  ++flight->readers_;
  flight->seats_.push_back(0);
  return {Writer(flight), Reader(flight, flight->group_of(leader.waker), leader.token, 0)};
}

Reader Flight::follow(Subscriber subscriber) {
  MutexLock lock(mutex_);
  ++readers_;
  seats_.push_back(0);
  return Reader(shared_from_this(), group_of(subscriber.waker), subscriber.token, seats_.size() - 1);
}

Fault Flight::fault() const {
  MutexLock lock(mutex_);
  return fault_;
}

size_t Flight::readers() const {
  MutexLock lock(mutex_);
  return readers_;
}

size_t Flight::footprint() const {
  return allocated(sizeof(Flight) + 16) + allocated(key_.capacity() + 1);
}

WakeGroup* Flight::group_of(Waker* waker) {
  for (WakeGroup& group : groups_) {
    if (group.waker == waker) return &group;
  }
  return &groups_.emplace_front(waker);
}

// Registers once: until the next wake the reader's token is on its group's list.
void Flight::wait(Reader& reader) {
  if (reader.waits_for_ == next_wake_) return;
  reader.group_->dry.push_back(reader.token_);
  reader.waits_for_ = next_wake_;
  ++dry_;
}

void Flight::collect() {
  held_back_ = 0;
  if (dry_ == 0) return;
  for (WakeGroup& group : groups_) {
    if (group.dry.empty()) continue;
    group.waking.clear();
    group.waking.swap(group.dry);
    wakes_.push_back(&group);
  }
  dry_ = 0;
  ++next_wake_;
}

// The writer has ended: nobody wakes it any more, and everybody who waits learns it.
void Flight::end() {
  writer_waker_ = nullptr;
  collect();
}

void Flight::call() {
  for (WakeGroup* group : wakes_) {
    if (group->waker != nullptr) group->waker->wake(group->waking);
  }
  wakes_.clear();
}

void Flight::start_body(const std::shared_ptr<Entry>& entry, bool shared) {
  entry->key = key_;
  entry->hash = hash_;
  body_ = std::make_shared<Body>(shared ? home_->budget() : nullptr, entry->content_length,
                                 shared ? Body::kLargestChunk : kCoupledChunk);
  entry->body = body_;
  entry_ = entry;
}

int64_t Flight::pause() const {
  return std::clamp<int64_t>(static_cast<int64_t>(readers_ / kReadersWokenPerMs), Writer::kWakePause,
                             Writer::kLongestWakePause);
}

void Flight::arrived(size_t count, std::optional<int64_t> now) {
  if (dry_ == 0) return;
  held_back_ += count;
  const bool paced = now && !coupled() && held_back_ < Writer::kWakeBytes && *now - last_wake_ < pause();
  if (paced) return;
  if (now) last_wake_ = *now;
  collect();
}

uint64_t Flight::slowest() const {
  const uint64_t slowest = mine() ? seats_.front() : *std::min_element(seats_.begin(), seats_.end());
  return std::min(slowest, body_->size());
}

uint64_t Flight::room() const {
  if (!coupled() || !body_) return std::numeric_limits<uint64_t>::max();
  const uint64_t window = outgrown_ ? kOutgrownWindow : window_;
  return window - std::min(window, body_->size() - slowest());
}

bool Flight::unwanted() const {
  return mine() ? leader_left_ : outgrown_ && readers_ == 0;
}

Waker* Flight::writer_to_wake() {
  if (writer_waker_ == nullptr || !coupled()) return nullptr;
  if (!unwanted() && !(writer_waits_ && room() >= window_ / 2)) return nullptr;
  writer_waits_ = false;
  return writer_waker_;
}

void Flight::advance(const Reader& reader, uint64_t offset, std::vector<Body::Chunk>& dropped) {
  if (!body_ || body_->is_complete()) return;
  uint64_t& seat = seats_[reader.seat_];
  if (offset <= seat) return;
  seat = offset;
  dropped = body_->release_below(slowest());
}

void Flight::outgrow_if_needed() {
  if (!home_) return;
  bool too_large = false;
  int64_t until = 0;
  const bool full = !home_->make_room();
  {
    MutexLock lock(mutex_);
    if (coupled()) return;
    too_large = body_->size() > home_->largest();
    if (!too_large && !full) return;
    outgrown_ = true;
    if (too_large) until = entry_->response_time + kTooLargeFor;
  }
  home_->outgrown(*this, until);
}

Reader::Bytes Flight::read(Reader& reader, uint64_t offset, std::span<iovec> out) {
  Reader::Bytes bytes;
  if (state_ == FlightState::kPassed && !reader.leads()) {
    bytes.failed = true;
    return bytes;
  }
  const bool broken = state_ == FlightState::kFailed;
  if (!body_) {
    bytes.failed = broken;
    if (!broken) wait(reader);
    return bytes;
  }
  bytes.views = body_->views(offset, out);
  uint64_t end = offset;
  for (size_t i = 0; i < bytes.views; ++i) end += out[i].iov_len;
  const bool all = end >= body_->size();
  bytes.ended = all && body_->is_complete() && !broken;
  bytes.failed = (all && broken) || (bytes.views == 0 && !all && !out.empty());
  if (bytes.views == 0 && !bytes.ended && !bytes.failed) wait(reader);
  return bytes;
}

Flown private_flight(Subscriber leader, uint64_t window) {
  return Flight::begin(std::make_shared<Flight>(nullptr, std::string(), KeyHash{}, window), leader);
}

}  // namespace levee
