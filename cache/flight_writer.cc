// The fetching side of a flight.
#include <algorithm>
#include <utility>

#include "cache/flight.h"
#include "cache/flight_core.h"

namespace levee {

Writer::Writer(std::shared_ptr<Flight> flight) : flight_(std::move(flight)) {}

Writer::Writer(Writer&&) noexcept = default;

Writer& Writer::operator=(Writer&& other) noexcept {
  if (this != &other) {
    if (flight_) fail({});
    flight_ = std::move(other.flight_);
  }
  return *this;
}

Writer::~Writer() {
  if (flight_) fail({});
}

void Writer::open(const std::shared_ptr<Entry>& entry) {
  if (flight_->home_ && entry->content_length.value_or(0) > flight_->home_->largest()) {
    return pass(entry, kTooLargeFor);
  }
  {
    MutexLock lock(flight_->mutex_);
    flight_->start_body(entry, !flight_->alone_);
    flight_->state_ = FlightState::kStreaming;
    flight_->collect();
  }
  if (flight_->home_) flight_->home_->opened(*flight_, entry);
  flight_->call();
}

void Writer::pass(const std::shared_ptr<Entry>& entry, int64_t remember) {
  // First of all the store forgets the flight: those who are woken look up again and must not find it.
  if (flight_->home_) flight_->home_->passed(*flight_, remember > 0 ? entry->response_time + remember : 0);
  {
    MutexLock lock(flight_->mutex_);
    flight_->start_body(entry, false);
    flight_->state_ = FlightState::kPassed;
    flight_->collect();
  }
  flight_->call();
}

void Writer::interim(const std::string& leader, const std::string& others) {
  {
    MutexLock lock(flight_->mutex_);
    flight_->interim_.push_back({leader, others});
    flight_->collect();
  }
  flight_->call();
}

std::span<std::byte> Writer::reserve() {
  std::span<std::byte> room;
  {
    MutexLock lock(flight_->mutex_);
    room = flight_->body_->reserve();
  }
  flight_->outgrow_if_needed();
  return room;
}

void Writer::commit(size_t count, std::optional<int64_t> now) {
  {
    MutexLock lock(flight_->mutex_);
    flight_->body_->commit(count);
    flight_->arrived(count, now);
  }
  flight_->call();
}

void Writer::append(std::span<const std::byte> bytes, std::optional<int64_t> now) {
  {
    MutexLock lock(flight_->mutex_);
    flight_->body_->append(bytes);
    flight_->arrived(bytes.size(), now);
  }
  flight_->call();
  flight_->outgrow_if_needed();
}

std::optional<int64_t> Writer::flush_in(int64_t now) const {
  MutexLock lock(flight_->mutex_);
  if (flight_->held_back_ == 0 || flight_->dry_ == 0) return std::nullopt;
  return std::clamp<int64_t>(flight_->last_wake_ + flight_->pause() - now, 1, kStill);
}

void Writer::flush(int64_t now) {
  {
    MutexLock lock(flight_->mutex_);
    if (flight_->held_back_ > 0) {
      flight_->last_wake_ = now;
      flight_->collect();
    }
  }
  flight_->call();
}

uint64_t Writer::room() {
  MutexLock lock(flight_->mutex_);
  const uint64_t room = flight_->room();
  flight_->writer_waits_ = room == 0;
  return room;
}

bool Writer::unwanted() const {
  MutexLock lock(flight_->mutex_);
  return flight_->unwanted();
}

void Writer::notify(Waker& waker, uint64_t token) {
  MutexLock lock(flight_->mutex_);
  flight_->writer_waker_ = &waker;
  flight_->writer_token_ = token;
}

std::shared_ptr<const Entry> Writer::finish(std::string trailers) {
  if (!is_open()) {
    fail({});
    return nullptr;
  }
  const std::shared_ptr<Flight> flight = std::move(flight_);
  std::shared_ptr<Entry> entry;
  bool passed = false;
  {
    MutexLock lock(flight->mutex_);
    flight->trailers_ = std::move(trailers);  // before a reader can see the end
    flight->retired_ = flight->body_->complete();
    entry = flight->entry_;
    passed = flight->state_ == FlightState::kPassed;
  }
  // Whoever finds it in the store learns its length.
  if (!passed && !entry->content_length) entry = entry->with_body(entry->body);
  const bool stored = flight->home_ && !passed && flight->home_->landed(*flight, entry);
  {
    MutexLock lock(flight->mutex_);
    flight->entry_ = entry;
    if (!passed) flight->state_ = FlightState::kLanded;
    flight->end();
  }
  flight->call();
  return stored ? std::move(entry) : nullptr;
}

std::shared_ptr<const Entry> Writer::renew(std::shared_ptr<Entry> entry) {
  const std::shared_ptr<Flight> flight = std::move(flight_);
  entry->key = flight->key_;
  entry->hash = flight->hash_;
  const bool stored = flight->home_ && flight->home_->landed(*flight, entry);
  {
    MutexLock lock(flight->mutex_);
    flight->body_ = entry->body;
    flight->entry_ = entry;
    flight->state_ = FlightState::kLanded;
    flight->end();
  }
  flight->call();
  return stored ? std::move(entry) : nullptr;
}

void Writer::fail(Fault fault, std::shared_ptr<Entry> part) {
  const std::shared_ptr<Flight> flight = std::move(flight_);
  {
    MutexLock lock(flight->mutex_);
    flight->fault_ = fault;
    flight->state_ = FlightState::kFailed;  // from here on a complete body is no end of the response for any reader
    if (part && flight->body_ && !flight->coupled()) {
      flight->retired_ = flight->body_->complete();
      part->key = flight->key_;
      part->hash = flight->hash_;
      part->body = flight->body_;
    } else {
      part = nullptr;
    }
  }
  if (flight->home_) flight->home_->failed(*flight, part);
  {
    MutexLock lock(flight->mutex_);
    flight->end();
  }
  flight->call();
}

void Writer::stand_down(int64_t until) {
  if (flight_->home_) flight_->home_->passed(*flight_, until);
  fail({});
}

bool Writer::is_open() const {
  MutexLock lock(flight_->mutex_);
  return flight_->body_ != nullptr;
}

uint64_t Writer::size() const {
  MutexLock lock(flight_->mutex_);
  return flight_->body_ ? flight_->body_->size() : 0;
}

size_t Writer::readers() const {
  return flight_->readers();
}

}  // namespace levee
