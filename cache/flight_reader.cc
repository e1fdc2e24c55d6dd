// One client's view of a flight.
#include <limits>
#include <utility>

#include "cache/flight.h"
#include "cache/flight_core.h"

namespace levee {
namespace {

constexpr uint64_t kGone = std::numeric_limits<uint64_t>::max();

}  // namespace

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

}  // namespace levee
