// The inside of a flight, as Reader, Writer and Store see it. Nobody else includes this.
//
// Thread-safe. Lock order: shard, then flight. A Home and a Waker are called without the flight's lock.
#pragma once

#include <forward_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/annotations.h"
#include "cache/entry.h"
#include "cache/flight.h"

namespace levee {

constexpr int64_t kTooLargeFor = 60'000;  // ms that a key passes after its response was too large

// The store that a flight goes to. Called by the writer.
class Home {
 public:
  virtual ~Home() = default;
  virtual std::shared_ptr<Home> shared() = 0;
  virtual std::shared_ptr<Budget> budget() = 0;
  virtual void opened(Flight& flight, const std::shared_ptr<const Entry>& entry) = 0;
  // Forget the flight; and store the entry, if the flight was not forgotten before. Whether it is stored now.
  virtual bool landed(Flight& flight, const std::shared_ptr<const Entry>& entry) = 0;
  // Forget the flight, and remember the key as uncacheable until then (0: do not).
  virtual void passed(Flight& flight, int64_t until) = 0;
  // Forget the flight; and store the part that came (null: none), if the flight was not forgotten before.
  virtual void failed(Flight& flight, const std::shared_ptr<const Entry>& part) = 0;
  // Forget the flight: it is too large to be stored. Until then (0: not) its key passes.
  virtual void outgrown(Flight& flight, int64_t until) = 0;
  // Bytes that a body may have to be stored.
  virtual uint64_t largest() const = 0;
  // Evict until the budget holds again; false: there is nothing to evict.
  virtual bool make_room() = 0;
};

// The readers of one flight on one worker that have run dry.
struct WakeGroup {
  explicit WakeGroup(Waker* to) : waker(to) {}
  Waker* const waker;
  std::vector<uint64_t> dry;     // guarded by the flight's mutex
  std::vector<uint64_t> waking;  // the writer's, while it calls
};

class Flight : public std::enable_shared_from_this<Flight> {
 public:
  Flight(std::shared_ptr<Home> home, std::string key, KeyHash hash, uint64_t window);

  static Flown begin(const std::shared_ptr<Flight>& flight, Subscriber leader);
  Reader follow(Subscriber subscriber) EXCLUDES(mutex_);
  size_t readers() const EXCLUDES(mutex_);
  Fault fault() const EXCLUDES(mutex_);

  const std::string& key() const { return key_; }
  const KeyHash& hash() const { return hash_; }
  size_t footprint() const;

 private:
  friend class Reader;
  friend class Writer;
  WakeGroup* group_of(Waker* waker) REQUIRES(mutex_);
  void wait(Reader& reader) REQUIRES(mutex_);
  // Takes everybody off the lists, under the lock; call() then wakes them, without it.
  void collect() REQUIRES(mutex_);
  void end() REQUIRES(mutex_);
  void call() EXCLUDES(mutex_);
  void start_body(const std::shared_ptr<Entry>& entry, bool shared) REQUIRES(mutex_);
  void arrived(size_t count, std::optional<int64_t> now) REQUIRES(mutex_);
  Reader::Bytes read(Reader& reader, uint64_t offset, std::span<iovec> out) REQUIRES(mutex_);
  bool mine() const REQUIRES(mutex_) { return alone_ || state_ == FlightState::kPassed; }  // the leader's
  bool coupled() const REQUIRES(mutex_) { return mine() || outgrown_; }
  uint64_t room() const REQUIRES(mutex_);
  int64_t pause() const REQUIRES(mutex_);  // ms between two wakes
  // How far the slowest has got of those whom the writer waits for.
  uint64_t slowest() const REQUIRES(mutex_);
  // The writer's waker if it is to be woken, since it has room or is not wanted any more; it then waits no longer.
  Waker* writer_to_wake() REQUIRES(mutex_);
  // Of a coupled flight: the reader needs nothing below `offset` any more. Fills `dropped`, to be freed without the
  // lock.
  void advance(const Reader& reader, uint64_t offset, std::vector<Body::Chunk>& dropped) REQUIRES(mutex_);
  bool unwanted() const REQUIRES(mutex_);
  // The body is too large for the store, or the store is full of what cannot leave: goes on coupled to its readers.
  void outgrow_if_needed() EXCLUDES(mutex_);

  // Constant.
  const std::shared_ptr<Home> home_;  // null: a response for one client alone
  const std::string key_;
  const KeyHash hash_;
  const uint64_t window_;
  const bool alone_;

  mutable Mutex mutex_;
  FlightState state_ GUARDED_BY(mutex_) = FlightState::kOpening;
  std::shared_ptr<Entry> entry_ GUARDED_BY(mutex_);
  std::shared_ptr<Body> body_ GUARDED_BY(mutex_);
  std::vector<Body::Chunk> retired_ GUARDED_BY(mutex_);  // readers may still hold views of it
  Fault fault_ GUARDED_BY(mutex_);
  struct Interim {
    std::string leader, others;
  };
  std::vector<Interim> interim_ GUARDED_BY(mutex_);
  std::string trailers_ GUARDED_BY(mutex_);
  std::forward_list<WakeGroup> groups_ GUARDED_BY(mutex_);
  uint64_t next_wake_ GUARDED_BY(mutex_) = 1;
  size_t readers_ GUARDED_BY(mutex_) = 0;
  size_t dry_ GUARDED_BY(mutex_) = 0;
  bool leader_left_ GUARDED_BY(mutex_) = false;
  bool outgrown_ GUARDED_BY(mutex_) = false;
  std::vector<uint64_t> seats_
      GUARDED_BY(mutex_);  // what each reader needs no more of a coupled flight; the leader first
  Waker* writer_waker_ GUARDED_BY(mutex_) = nullptr;
  uint64_t writer_token_ GUARDED_BY(mutex_) = 0;
  bool writer_waits_ GUARDED_BY(mutex_) = false;
  uint64_t held_back_ GUARDED_BY(mutex_) = 0;  // bytes that came since the last wake
  int64_t last_wake_ GUARDED_BY(mutex_) = INT64_MIN / 2;

  // The writer's thread only.
  std::vector<WakeGroup*> wakes_;
};

}  // namespace levee
