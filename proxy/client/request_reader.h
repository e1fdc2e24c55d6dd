// Reads a request's body into what the fetch takes it from, or away.
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "proxy/client/input.h"
#include "proxy/http/body_decoder.h"
#include "proxy/net/stream.h"
#include "proxy/origin/request_body.h"

namespace levee {

class RequestReader {
 public:
  static constexpr size_t kWindow = 256 * 1024;  // bytes read ahead of the fetch

  enum class State : uint8_t {
    kDone,
    kMore,  // the client must send more
    kFull,  // the fetch must take some first
    kTooLarge,
    kBad,  // not as its framing says
    kGone,
  };

  void reset();
  // most: bytes that it may have; 0: any.
  void start(Framing framing, uint64_t most);
  // From here on bytes go to the fetch; before, or without it, they are dropped.
  const std::shared_ptr<RequestBody>& keep();
  // Takes what is in `input`, then from the stream, until nothing more can be had.
  State read(Input& input, Stream& stream, std::span<std::byte> scratch);

  bool has_room() const { return !kept_ || kept_->bytes.size() < kWindow; }
  // What still comes is dropped; the fetch, if it is not over, is told that no more will come.
  void drop();
  bool is_done() const { return decoder_.done(); }
  bool has_body() const { return decoder_.framing().kind != Framing::Kind::kNone; }
  uint64_t size() const { return decoder_.data_size(); }
  // Bytes still to come, if known.
  uint64_t left() const;
  const std::shared_ptr<RequestBody>& kept() const { return kept_; }
  // The client is gone, or its body is not: the fetch must end.
  void abort();

 private:
  State take(std::string_view bytes, size_t& consumed);
  void tell() const {
    if (kept_ && kept_->on_more) kept_->on_more();
  }
  BodyDecoder decoder_;
  uint64_t most_ = 0;
  std::shared_ptr<RequestBody> kept_;
};

}  // namespace levee
