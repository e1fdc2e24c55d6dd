// Sends one answer: a head, and what follows it, from wherever that is.
//
// Loop thread only. Copies nothing unless the socket is full in the middle of a head.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cache/entry.h"
#include "cache/flight.h"
#include "proxy/net/stream.h"

namespace levee {

class Sender {
 public:
  static constexpr uint64_t kOpen = UINT64_MAX;

  enum class Outcome : uint8_t {
    kDone,
    kBlocked,  // the client must take something first
    kDry,      // the flight must bring something first
    kCut,      // the flight failed in the middle: the client must not take this for the whole
    kGone,     // the client is gone
  };
  // One part of several: what goes before it, and its bytes.
  struct Part {
    std::string head;
    uint64_t first = 0, end = 0;
  };

  void reset();

  // What follows the head; at most one of these, before start(). Nothing: only a head.
  void send_text(std::string text);
  void send_body(const Body& complete, uint64_t first, uint64_t end);
  // end: kOpen if nobody knows yet. passed: its writer waits for us.
  void send_flight(Reader& reader, uint64_t first, uint64_t end, bool chunked, bool passed);
  // The client understands trailers: a chunked body ends with those of the flight.
  void with_trailers() { trailers_ = true; }
  void send_file(int file, uint64_t first, uint64_t end);  // keeps the descriptor open, and closes it
  // Several parts of what was given before, and what goes behind them (multipart/byteranges).
  void in_parts(std::vector<Part> parts, std::string tail);

  Outcome start(Stream& stream, std::span<const iovec> head);
  Outcome go_on(Stream& stream) { return start(stream, {}); }

  // Bytes that somebody else sent for this answer.
  void count(uint64_t bytes) { bytes_ += bytes; }

  uint64_t bytes_sent() const { return bytes_; }       // all
  uint64_t body_bytes() const { return body_bytes_; }  // of these, behind the head, without chunk framing
  bool made_progress() const { return progress_; }     // in the last call

  Sender() = default;
  ~Sender() { reset(); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

 private:
  enum class Source : uint8_t { kNone, kText, kBody, kFlight, kFile };
  struct Batch {  // one sendmsg
    static constexpr size_t kViews = 64;
    iovec views[kViews + 8];
    size_t count = 0;
    size_t head = 0, body = 0;  // bytes
    std::string_view tail;      // framing behind the body
    bool dry = false, cut = false;
  };

  void gather(Batch& batch);
  void gather_flight(Batch& batch, iovec* out, size_t& views);
  void next_part();
  void account(const Batch& batch, size_t sent);
  bool is_over() const { return ended_ && pending_.empty(); }
  Outcome run_file(Stream& stream);

  Source source_ = Source::kNone;
  bool chunked_ = false, passed_ = false, trailers_ = false;
  bool ended_ = true;  // all of the body has been handed to the socket, or is in pending_
  bool progress_ = false;
  int file_ = -1;
  const Body* body_ = nullptr;
  Reader* reader_ = nullptr;
  std::string text_;
  uint64_t offset_ = 0, end_ = 0;
  uint64_t chunk_left_ = 0;  // of the chunk that was announced
  std::string pending_;      // goes before more of the body: rest of a head, framing
  std::vector<Part> parts_;  // still to come, last first
  std::string tail_;
  uint64_t bytes_ = 0, body_bytes_ = 0;
};

}  // namespace levee
