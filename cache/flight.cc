#include "cache/flight.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "cache/flight_core.h"

namespace levee {
namespace {

constexpr size_t kReadersWokenPerMs = 10;    // so many sends are worth a millisecond of a worker
constexpr size_t kCoupledChunk = 64 * 1024;  // a body for one client alone: small, since nobody keeps it
constexpr uint64_t kOutgrownWindow = 4 * 1024 * 1024;
constexpr int64_t kTooLargeFor = 60'000;  // ms that a key passes after its response was too large
constexpr uint64_t kGone = std::numeric_limits<uint64_t>::max();

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
  const bool paced = now && !coupled() &&
                     held_back_ < Writer::kWakeBytes * static_cast<uint64_t>(pause() / Writer::kWakePause) &&
                     *now - last_wake_ < pause();
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

// ---- Reader

Reader::Reader(std::shared_ptr<Flight> flight, WakeGroup* group, uint64_t token, size_t seat)
    : flight_(std::move(flight)), group_(group), token_(token), seat_(seat) {}

Reader::Reader(Reader&&) noexcept = default;

Reader& Reader::operator=(Reader&& other) noexcept {
  if (this != &other) {
    leave();
    flight_ = std::move(other.flight_);
    group_ = other.group_;
    token_ = other.token_;
    seat_ = other.seat_;
    coupled_ = other.coupled_;
    interim_seen_ = other.interim_seen_;
    waits_for_ = other.waits_for_;
  }
  return *this;
}

Reader::~Reader() {
  leave();
}

void Reader::leave() {
  if (!flight_) return;
  const std::shared_ptr<Flight> flight = std::move(flight_);
  Waker* waker = nullptr;
  uint64_t token = 0;
  {
    MutexLock lock(flight->mutex_);
    --flight->readers_;
    if (waits_for_ == flight->next_wake_) {
      auto& dry = group_->dry;
      const auto found = std::find(dry.begin(), dry.end(), token_);
      *found = dry.back();
      dry.pop_back();
      --flight->dry_;
    }
    flight->seats_[seat_] = kGone;
    if (seat_ == 0) flight->leader_left_ = true;
    waker = flight->writer_to_wake();
    token = flight->writer_token_;
  }
  if (waker != nullptr) waker->wake({&token, 1});
}

Reader::Look Reader::look() {
  Waker* waker = nullptr;
  uint64_t token = 0;
  Look look{};
  {
    MutexLock lock(flight_->mutex_);
    coupled_ = flight_->coupled();
    look = {flight_->state_, nullptr, flight_->fault_, {}};
    for (; interim_seen_ < flight_->interim_.size(); ++interim_seen_) {
      const Flight::Interim& one = flight_->interim_[interim_seen_];
      look.interim += leads() ? one.leader : one.others;
    }
    if (look.state == FlightState::kOpening) {
      flight_->wait(*this);
      // A refresh that nobody waited for is waited for now.
      if (flight_->leader_left_ && flight_->readers_ == 1) waker = flight_->writer_waker_;
      token = flight_->writer_token_;
    } else if (look.state != FlightState::kPassed || leads()) {
      look.entry = flight_->entry_;
    }
  }
  if (waker != nullptr) waker->wake({&token, 1});
  return look;
}

Reader::Bytes Reader::read(uint64_t offset, std::span<iovec> out) {
  std::vector<Body::Chunk> dropped;  // freed after the lock is released
  Waker* waker = nullptr;
  uint64_t token = 0;
  Bytes bytes;
  {
    MutexLock lock(flight_->mutex_);
    coupled_ = flight_->coupled();
    if (coupled_) {
      flight_->advance(*this, offset, dropped);
      waker = flight_->writer_to_wake();
      token = flight_->writer_token_;
    }
    bytes = flight_->read(*this, offset, out);
  }
  if (waker != nullptr) waker->wake({&token, 1});
  return bytes;
}

void Reader::sent(uint64_t offset) {
  if (!coupled_) return;
  std::vector<Body::Chunk> dropped;
  Waker* waker = nullptr;
  uint64_t token = 0;
  {
    MutexLock lock(flight_->mutex_);
    flight_->advance(*this, offset, dropped);
    waker = flight_->writer_to_wake();
    token = flight_->writer_token_;
  }
  if (waker != nullptr) waker->wake({&token, 1});
}

bool Reader::leads() const {
  return seat_ == 0;
}

std::string Reader::trailers() const {
  MutexLock lock(flight_->mutex_);
  return flight_->trailers_;
}

// ---- Writer

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

void Writer::open(std::shared_ptr<Entry> entry) {
  if (flight_->home_ && entry->content_length.value_or(0) > flight_->home_->largest()) {
    return pass(std::move(entry), kTooLargeFor);
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

void Writer::pass(std::shared_ptr<Entry> entry, int64_t remember) {
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
  return std::max<int64_t>(flight_->last_wake_ + flight_->pause() - now, 1);
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

void Writer::finish(std::string trailers) {
  if (!is_open()) return fail({});
  const std::shared_ptr<Flight> flight = std::move(flight_);
  std::shared_ptr<Entry> entry;
  bool passed = false;
  {
    MutexLock lock(flight->mutex_);
    flight->retired_ = flight->body_->complete();
    entry = flight->entry_;
    passed = flight->state_ == FlightState::kPassed;
  }
  // Whoever finds it in the store learns its length.
  if (!passed && !entry->content_length) entry = entry->with_body(entry->body);
  if (flight->home_ && !passed) flight->home_->landed(*flight, entry);
  {
    MutexLock lock(flight->mutex_);
    flight->entry_ = std::move(entry);
    flight->trailers_ = std::move(trailers);
    if (!passed) flight->state_ = FlightState::kLanded;
    flight->end();
  }
  flight->call();
}

void Writer::renew(std::shared_ptr<Entry> entry) {
  const std::shared_ptr<Flight> flight = std::move(flight_);
  entry->key = flight->key_;
  entry->hash = flight->hash_;
  if (flight->home_) flight->home_->landed(*flight, entry);
  {
    MutexLock lock(flight->mutex_);
    flight->body_ = entry->body;
    flight->entry_ = std::move(entry);
    flight->state_ = FlightState::kLanded;
    flight->end();
  }
  flight->call();
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

Flown private_flight(Subscriber leader, uint64_t window) {
  return Flight::begin(std::make_shared<Flight>(nullptr, std::string(), KeyHash{}, window), leader);
}

}  // namespace levee
