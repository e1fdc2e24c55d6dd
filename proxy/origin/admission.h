// Who may ask an upstream now: its limit, and the queue before it. One an upstream, for the whole process.
//
//   admit --> Permit                          a slot; held until the fetch has ended, given back exactly once
//     |-----> Place --woken--> claim: Permit  in the queue; dropping it leaves the queue
//     '-----> Refused
//
// Who has a slot and finds all servers at their max_conns gives it back, and waits for a server with room (stand_back).
//
// Thread-safe. No lock is held while a fetch is woken.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "cache/flight.h"
#include "conf/upstream.h"
#include "proxy/origin/faulty.h"
#include "proxy/origin/fetch_queue.h"
#include "proxy/origin/limiter.h"

namespace levee {

class Admission;

class Permit {
 public:
  Permit(Permit&& other) noexcept
      : admission_(std::move(other.admission_)),
        idle_(std::exchange(other.idle_, false)),
        leaving_(std::exchange(other.leaving_, false)),
        seated_(std::exchange(other.seated_, false)) {}
  Permit& operator=(Permit&& other) noexcept;
  ~Permit() { release(); }

  // What the limiter learns; `started`: when the request was sent. A head that came, or a failure of load, unless it is
  // the resource's own.
  void head_came(uint64_t resource, int64_t started, int64_t now);
  void failed(uint64_t resource, int64_t started, int64_t now);
  // The fetch has a server.
  void seated() { seated_ = true; }
  // The fetch waits for its reader, or does not any more; it keeps the slot, since the origin is still engaged.
  void idle(bool is_idle);
  // Whether an idle one is to end: others wait, and such as this one have more than half of the slots. If so it counts
  // as given back, and the caller ends it; so no two end where one is enough.
  bool gives_way();

 private:
  friend class Admission;
  friend class Place;
  explicit Permit(std::shared_ptr<Admission> admission) : admission_(std::move(admission)) {}
  void release();
  std::shared_ptr<Admission> admission_;
  bool idle_ = false, leaving_ = false, seated_ = false;
};

class Place {
 public:
  Place(Place&& other) noexcept
      : admission_(std::move(other.admission_)), ticket_(other.ticket_), deadline_(other.deadline_) {}
  Place& operator=(Place&& other) noexcept;
  ~Place() { leave(); }

  enum class Standing : uint8_t { kWaiting, kGranted, kShed };
  // kGranted: `permit` is set, and the place is over. kShed: somebody more important needed the room.
  Standing claim(std::optional<Permit>& permit);
  // Until when it is good, ms; a reload changes it for those who come later.
  int64_t deadline() const { return deadline_; }

 private:
  friend class Admission;
  Place(std::shared_ptr<Admission> admission, uint64_t ticket, int64_t deadline)
      : admission_(std::move(admission)), ticket_(ticket), deadline_(deadline) {}
  void leave();
  std::shared_ptr<Admission> admission_;
  uint64_t ticket_ = 0;
  int64_t deadline_ = 0;
};

struct Refused {};

struct AdmissionSnapshot {
  bool limited = false, adaptive = false;
  uint32_t limit = 0;                             // if limited
  uint32_t in_flight = 0, idle = 0;               // idle: of these, those that wait for slow readers
  double baseline = 0;                            // ms to the response head without a queue; 0: not known
  std::array<size_t, kClasses.size()> queued{};   // by class, as kClasses
  std::array<uint64_t, kClasses.size()> waits{};  // fetches that ever waited
  std::array<uint64_t, kClasses.size()> sheds{};  // fetches refused: no room, or no slot in time
  uint64_t admitted = 0, overloaded_stale = 0;
  uint64_t waited_ms = 0;  // of all who got a slot from the queue
};

class Admission : public std::enable_shared_from_this<Admission> {
 public:
  // Again at each reload; what was learnt stays.
  void apply(const Upstream& upstream);
  // Whether a PoP shares the limit: then this node has no part of it until it is given one.
  void share(bool shared);
  // It has no part until it is given one again.
  void forget_part();
  // This node's part: so many slots, of a limit that `nodes` nodes share. Of an adaptive limit the upper bound is what
  // is shared, and initial= and min= are divided by the nodes: each finds out by itself what it may use below its part.
  void set_part(uint32_t slots, uint32_t nodes);
  struct Demand {
    uint32_t limit = 0;      // the whole PoP's
    uint32_t wanted = 0;     // fetches that have a slot or wait for one
    uint32_t in_flight = 0;  // of these, that have one
  };
  std::optional<Demand> demand() const;  // nothing: there is no limit

  using Answer = std::variant<Permit, Place, Refused>;
  // may_wait: false refuses at once where it would have to wait. `who` is woken when the place's standing has changed.
  Answer admit(Priority priority, bool may_wait, Subscriber who, int64_t now);
  // Of a fetch whose servers are all at their max_conns: the permit is given back, and it waits as if `since` for
  // room_made(). departures: what room_made() had said when the servers were looked at.
  Answer stand_back(Permit permit, uint64_t departures, Priority priority, bool may_wait, Subscriber who, int64_t since,
                    int64_t now);
  // A fetch has left a server that has max_conns, as the so-manyth, or a server may be asked again (0): one of those
  // who wait tries. Or other servers may be asked than before: all try.
  void room_made(uint64_t departures);
  void servers_changed();
  // A fetch that was refused, and that a stale copy answers.
  void count_stale();
  void count_shed(Priority priority);
  AdmissionSnapshot snapshot() const;

 private:
  friend class Permit;
  friend class Place;
  struct Waiter {
    Subscriber who;
    Place::Standing standing = Place::Standing::kWaiting;
    int64_t since = 0;
  };
  using Wakes = std::vector<Subscriber>;
  uint32_t limit() const;
  Concurrency rule_here() const;
  int64_t patience(Priority priority) const;
  Answer queue_up(Priority priority, bool may_wait, Subscriber who, int64_t since, int64_t now,
                  std::optional<Subscriber>& shed);
  void release(bool seated, bool leaving, int64_t now);
  void grant(int64_t now, Wakes& wakes);
  static void wake(const Wakes& wakes);

  mutable std::mutex mutex_;  // guards all below
  bool limited_ = false;
  Concurrency rule_;
  Limiter limiter_{Concurrency{}};
  FaultyResources faulty_;
  std::optional<uint32_t> part_;  // slots; nothing: the limit is this node's alone
  uint32_t nodes_ = 1;            // that share it
  FetchQueue queue_{0};
  int64_t queue_timeout_ = 0;
  uint32_t in_flight_ = 0, idle_ = 0;
  uint32_t leaving_ = 0;                // of those in flight: they end, and give their slots to who waits
  bool crowded_ = false;                // all servers are at their max_conns, and some wait for one
  uint32_t room_ = 0;                   // crowded_: who of these may try
  uint64_t departures_ = 0;             // from servers with max_conns
  std::map<uint64_t, Waiter> waiters_;  // by ticket
  AdmissionSnapshot counts_;
};

}  // namespace levee
