// The fetch's request: head and body, onto a connection that is there.
#include <algorithm>
#include <array>
#include <memory>

#include "proxy/http/writer.h"
#include "proxy/ops/counters.h"
#include "proxy/origin/fetch_task.h"

namespace levee {
namespace {

constexpr size_t kBodyPiece = 64 * 1024;  // of a request body that are framed at a time
constexpr int64_t kContinueWait = 1000;   // ms for an origin's 100; who knows no Expect is sent the body then

}  // namespace

// The connection is there: everything of the request starts again.
Fetch::Next Fetch::connected() {
  conditional_ = !at_peer() && !resuming_ && !whole_ && is_conditional(order_);
  output_ = at_peer() ? peer_question()
                      : request_head(order_, resuming_ ? &*resuming_ : nullptr, conditional_, whole_,
                                     rules_->keepalive > 0 && !location_.http10);
  output_sent_ = 0;
  body_ended_ = order_.body == nullptr;
  awaits_continue_ = order_.expects_continue && !body_ended_ && !location_.http10 && order_.body->taken == 0;
  head_size_ = 0;
  head_began_ = 0;
  interim_ = 0;
  head_.reset();
  reusable_ = false;
  request_sent_ = worker_.now();
  if (!at_peer()) worker_.counters().fetches.add();
  return Step::kSend;
}

// Puts more of the request's body behind the output; false: none is there now.
bool Fetch::gather_body() {
  RequestBody& body = *order_.body;
  if (!kept_body_.empty() || (body.ended && body.taken == kept_body_.size() && body.bytes.empty())) {
    // The whole is here, and is kept for a second try.
    if (!body.length && !kept_body_.empty()) {
      std::array<char, 18> size{};
      output_.append(size.data(), write_chunk_size(kept_body_.size(), size.data()));
    }
    output_.append(kept_body_);
    if (!body.length) output_.append(kept_body_.empty() ? "" : kChunkEnd).append(kLastChunk);
    body_ended_ = true;
    return true;
  }
  const size_t count = std::min(body.bytes.size(), kBodyPiece);
  if (count > 0) {
    if (!body.length) {
      std::array<char, 18> size{};
      output_.append(size.data(), write_chunk_size(count, size.data()));
    }
    output_.append(body.bytes, 0, count);
    if (!body.length) output_.append(kChunkEnd);
    body.bytes.erase(0, count);
    body.taken += count;
    if (body.on_room) body.on_room();
  }
  if (body.ended && body.bytes.empty()) {
    if (!body.length) output_.append(kLastChunk);
    body_ended_ = true;
  }
  return count > 0 || body_ended_;
}

Fetch::Next Fetch::send() {
  Stream& stream = *connection_->stream;
  while (true) {
    if (output_sent_ == output_.size()) {
      output_.clear();
      output_sent_ = 0;
      if (body_ended_) return Step::kReadHead;
      if (awaits_continue_) return await_continue();
      if (!gather_body()) return body_wait();
    }
    const iovec piece{output_.data() + output_sent_, output_.size() - output_sent_};
    const IoResult result = stream.write({&piece, 1});
    output_sent_ += result.count;
    attempt().bytes_sent += result.count;
    if (result.state == Io::kAgain) {
      if (early_response()) return Step::kReadHead;
      return wait(Step::kSend, Stream::Wait::kBoth, location_.proxy_send_timeout.count());
    }
    if (result.state != Io::kDone) return send_failed();
  }
}

// The client's bytes are awaited, under the session's time limit; the origin may answer before they are all here.
Fetch::Next Fetch::body_wait() {
  if (early_response()) return Step::kReadHead;
  return wait(Step::kSend, Stream::Wait::kRead, 0);
}

// A second is given to the origin to want the body, or to refuse it.
Fetch::Next Fetch::await_continue() {
  if (early_response()) return Step::kReadHead;
  return wait(Step::kSend, Stream::Wait::kRead, kContinueWait);
}

void Fetch::want_body() {
  awaits_continue_ = false;
  if (order_.body->on_wanted) order_.body->on_wanted();
}

// An origin that answers and closes before it has read the whole request has still answered.
Fetch::Next Fetch::send_failed() {
  if (early_response()) return Step::kReadHead;
  return failed(Trouble::kError, Failure::kReset);
}

// Whether the origin has begun to speak, or has closed, while the request is still being sent.
bool Fetch::early_response() {
  if (attempt().bytes_sent == 0) return false;
  if (head_buffer_ == nullptr) head_buffer_ = std::make_unique_for_overwrite<char[]>(location_.buffer_size);
  const std::span<char> room(head_buffer_.get() + head_size_, location_.buffer_size - head_size_);
  const IoResult result = connection_->stream->read(std::as_writable_bytes(room));
  head_size_ += result.count;
  attempt().bytes_received += result.count;
  return result.state != Io::kAgain;
}

}  // namespace levee
