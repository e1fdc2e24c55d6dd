// The purges that this node knows of: its own until they stand in the PoP's stream, and all of the last minute, so that
// none is carried out twice and that they can be said again when Redis has lost the stream.
//
// Thread-safe; one a PoP.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace levee {

// An entry of the stream: all up to it has been carried out.
struct PurgeMark {
  std::string epoch;  // of the stream; empty: none
  uint64_t ms = 0, number = 0;
  // "epoch ms-number"; and back, with an empty epoch for what is none.
  std::string text() const;
  static PurgeMark parse(std::string_view text);
  static PurgeMark of(std::string_view epoch, std::string_view id);
};

class PurgeLedger {
 public:
  static constexpr size_t kMost = 1024;              // lines
  static constexpr int64_t kKeep = 60'000;           // ms that a line is kept at least, unless there are too many
  using Told = std::function<void(bool delivered)>;  // on the thread that has the bus

  struct Line {
    std::string id;    // the same on every node
    std::string text;  // see format_order()
  };

  PurgeLedger();

  // An order of this node's, which it has carried out itself. `told` is called once, when it is delivered or was not at
  // the first try; then it is tried again. False: too many wait already, so this one will not be delivered.
  bool issue(std::string text, int64_t now, Told told);
  // Called whenever there is something to deliver, from any thread; null: nobody is.
  void on_issue(std::function<void()> wake);

  // What a peer must have carried out for its answer to be no older than what was purged here. Nothing: no peer can be
  // known to have. Without an epoch: any will do.
  std::optional<PurgeMark> mark() const;
  // As such a peer: whether this node has carried out all up to there.
  bool has_reached(const PurgeMark& mark) const;

  // From the bus. What it knew is for the one that comes after it, at a reload: all that was on its way waits again.
  void bus_begins();
  // The stream's epoch when it was last read; empty: never.
  std::string epoch() const;
  void reached(PurgeMark position, PurgeMark last_order);
  void all_read(int64_t now) { current_at_.store(now, std::memory_order_relaxed); }
  bool knows(std::string_view id) const;
  // The orders that this node has learnt of since then, ms.
  std::vector<std::string> orders_since(int64_t since) const;
  void heard(Line line, int64_t now);   // it stands in the stream
  std::vector<Line> take(size_t most);  // to be delivered now; each is answered for with delivered()
  // `at`: where it stands; nothing: it could not be said.
  void delivered(std::string_view id, const std::optional<PurgeMark>& at);
  void stream_is_new();    // nothing of what we know stands in it
  size_t waiting() const;  // lines that are not delivered
  // When all that stood in the stream was last known here, ms; 0: never.
  int64_t current_at() const { return current_at_.load(std::memory_order_relaxed); }

 private:
  struct Known {
    Line line;
    int64_t since;  // ms
    enum class State : uint8_t { kWaiting, kOnItsWay, kDelivered } state = State::kWaiting;
    Told told;
  };
  // False: there are too many that may not be forgotten.
  bool make_room(int64_t now);
  Known* find(std::string_view id);

  std::atomic<int64_t> current_at_{0};
  const std::string name_;  // what our ids begin with
  mutable std::mutex mutex_;
  std::deque<Known> lines_;  // the oldest first
  uint64_t issued_ = 0;
  PurgeMark position_, last_order_;  // of what the bus has read
  PurgeMark said_;                   // the newest of our own
  std::string epoch_;                // the last that was read
  std::function<void()> wake_;
};

}  // namespace levee
