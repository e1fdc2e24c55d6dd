// A response on its way into the cache: one Writer, any number of Readers.
//
//   kOpening --open--> kStreaming --finish--> kLanded   every reader gets it all
//      |  |                |
//      |  '- writer dies --'----------------> kFailed   before bytes: stale, or the failure; after: cut the client off
//      |  '- renew -------------------------> kLanded   the stored response was validated (304)
//      |---- stand_down --------------------> kFailed   known not to be shareable: look up again
//      '---- pass --------------------------> kPassed   not shareable: its leader alone reads on, others look up again
//
// Thread-safe. Lock order: shard, then flight. No lock is held while a Waker is called.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cache/entry.h"

namespace levee {

// Why a flight brought nothing. Each maps to a status and a Cache-Status detail where the proxy answers.
enum class Failure : uint8_t {
  kAbandoned,  // its worker went away: look up again
  kConnect,    // refused, unreachable, no server up
  kTimeout,
  kReset,         // closed or reset before the head
  kInvalid,       // not HTTP as it should be
  kCut,           // body shorter than declared
  kOverloaded,    // the limiter or its queue refused it
  kChanged,       // a slice of another representation than the one that was begun
  kOriginStatus,  // the origin answered with an error for which stale is preferred; `status` says which
};
struct Fault {
  Failure why = Failure::kAbandoned;
  int status = 502;         // what a client without a stale copy is told
  int64_t retry_after = 0;  // ms; 0: say nothing
};

// Where readers are told that there is more. Called on the writer's thread (a writer's own: on its reader's), without
// locks; must only pass the word on. Lives as long as any flight that knows it.
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void wake(std::span<const uint64_t> readers) = 0;
};

enum class FlightState : uint8_t { kOpening, kStreaming, kLanded, kFailed, kPassed };

class Flight;
struct WakeGroup;

// One client's view of a flight. Not thread-safe itself; belongs to one worker. Dropping it leaves the flight.
class Reader {
 public:
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  struct Look {
    FlightState state;
    std::shared_ptr<const Entry> entry;  // from kStreaming on (kPassed: for the leader only); kFailed: if it had opened
    Fault fault;                         // with kFailed
    std::string interim;                 // 102 and 103 that came since the last look
  };
  // What is known now. If still kOpening, the reader will be woken once when that changes. The entry may be another
  // variant than a follower's request selects: then it drops the reader and looks up again (see matches() in store.h).
  Look look();

  struct Bytes {
    size_t views = 0;     // how many of `out` were filled
    bool ended = false;   // the body is complete and `offset` plus these views is its end
    bool failed = false;  // no more will come, and it is not the whole: cut the client off
  };
  // Views of the body from `offset` on, good until the reader is dropped. With none and neither ended nor failed the
  // reader has run dry, and will be woken once when there is more.
  Bytes read(uint64_t offset, std::span<iovec> out);
  // What the reader has sent. Only the writer of a coupled flight (passed, private, or too large to be stored) cares:
  // it goes on when its window has room. May be called any time, and costs nothing otherwise.
  void sent(uint64_t offset);

  bool leads() const;  // the one whose request is being fetched
  // Trailer lines, CRLF each; when read() has said `ended`.
  std::string trailers() const;

 private:
  friend class Flight;
  Reader(std::shared_ptr<Flight> flight, WakeGroup* group, uint64_t token, size_t seat);
  void leave();
  std::shared_ptr<Flight> flight_;
  WakeGroup* group_ = nullptr;  // its waker's readers, in the flight
  uint64_t token_ = 0;
  size_t seat_ = 0;       // its place in the flight's list of readers
  bool coupled_ = false;  // the writer waits for it, as of its last look or read
  size_t interim_seen_ = 0;
  uint64_t waits_for_ = 0;  // the flight's next wake if this reader is registered for it
};

// The fetching side. Dropped before finish(), renew() or fail(), it fails its flight: no reader waits for ever. After
// one of these it has ended, and only ended() may be called.
class Writer {
 public:
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;
  ~Writer();

  // The head has come and may be shared: readers may start. Sets the entry's key, hash and body; it is immutable from
  // here on. If it declares more than the store could hold, this is pass().
  //
  // A body that turns out too large on the way is not stored; it goes on, coupled to the slowest of those who read it
  // already (who are bounded by their send_timeout), while new requests for the key pass.
  void open(const std::shared_ptr<Entry>& entry);
  // The head has come and is for its leader alone; the key is remembered as uncacheable for `remember` ms (0: not).
  // From here on the body is coupled to its reader: see room(). Sets the entry's key, hash and body.
  void pass(const std::shared_ptr<Entry>& entry, int64_t remember);

  // An interim response, as it goes to the leader, and to everybody else (empty: not at all). Before open() or pass().
  void interim(const std::string& leader, const std::string& others);

  // Memory to receive into; then the count that arrived, which is when readers can read it. After open() or pass().
  //
  // Who has run dry is woken at once, unless `now` (ms on the process clock) is given: then waking is paced, so that a
  // crowd is not woken for every packet. A wake comes at once if the last one is a pause old: kWakePause for up to 20
  // readers, in proportion for more, kLongestWakePause from 500 on; or if kWakeBytes have come since, of which no more
  // need come together to be sent cheaply. Else flush_in() says when it is due, if nothing comes until then, and the
  // caller promises to call flush() then: when the pause is over, or nothing has come for kStill, so that a chunk that
  // an encoder has finished does not wait for the next. The head, the first bytes and the end are never held back.
  static constexpr int64_t kWakePause = 10, kLongestWakePause = 250, kStill = 50;
  static constexpr uint64_t kWakeBytes = 128 * 1024;
  std::span<std::byte> reserve();
  void commit(size_t count, std::optional<int64_t> now = std::nullopt);
  void append(std::span<const std::byte> bytes, std::optional<int64_t> now = std::nullopt);
  // ms until flush() is due; nothing: nobody waits for what was held back.
  std::optional<int64_t> flush_in(int64_t now) const;
  void flush(int64_t now);
  // A coupled body: bytes that may still be read ahead of its reader. 0: wait to be woken (as `waker`, `token`).
  // All others have always room.
  uint64_t room();
  // A coupled flight that nobody reads any more, so its fetch ends. Always false for a flight that will be stored.
  bool unwanted() const;
  // Who is woken when room() or unwanted() change, and when somebody waits again whose leader has left.
  void notify(Waker& waker, uint64_t token);

  // whole: stored (if entry->keep) and landed. `trailers`: lines for those who read it now; they are not stored.
  // Returns it as it stands in the store, null if it does not: it was purged meanwhile, or is not to be kept.
  std::shared_ptr<const Entry> finish(std::string trailers = {});
  // A 304: the stored body under new fields and lifetime. Returns as finish() does.
  std::shared_ptr<const Entry> renew(std::shared_ptr<Entry> entry);
  // `part`: what the bytes that came are as a partial response (Entry::part), to be stored as that; or null.
  void fail(Fault fault, std::shared_ptr<Entry> part = nullptr);
  // Somebody knows that the response will not be shareable: everybody looks up again and passes. Remembered until then,
  // ms. Before open() and pass() alone.
  void stand_down(int64_t until);

  bool ended() const { return flight_ == nullptr; }
  bool is_open() const;   // open() or pass() was called
  uint64_t size() const;  // bytes so far
  size_t readers() const;

 private:
  friend class Flight;
  explicit Writer(std::shared_ptr<Flight> flight);
  std::shared_ptr<Flight> flight_;
};

// Who the reader is to its worker.
struct Subscriber {
  Waker* waker = nullptr;
  uint64_t token = 0;
};

struct Flown {
  Writer writer;
  Reader reader;
};
// A flight outside any store: a response for one client alone, coupled to it even if it opens. `window`: bytes read
// ahead of the client at most, give or take one chunk.
Flown private_flight(Subscriber leader, uint64_t window = 256 * 1024);

}  // namespace levee
