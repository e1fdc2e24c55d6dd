#include "proxy/client/sender.h"

#include <unistd.h>

#include <algorithm>

#include "proxy/http/body_decoder.h"

namespace levee {
namespace {

constexpr int kCallsInTurn = 8;  // then others have their turn
// Bytes of a stored body in one call. While a call holds the socket, acknowledgements wait; BBR then takes the path for
// slower than it is, and paces: a megabyte by one call costs up to twice as much as by two.
constexpr uint64_t kCall = 800 * 1024;

iovec view_of(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};
}

// Cuts views to `most` bytes; returns how many bytes are left, and how many views in `count`.
size_t limit(iovec* views, size_t& count, uint64_t most) {
  size_t total = 0;
  for (size_t i = 0; i < count; ++i) {
    if (most - total <= views[i].iov_len) {
      views[i].iov_len = static_cast<size_t>(most - total);
      count = views[i].iov_len > 0 ? i + 1 : i;
      return static_cast<size_t>(most);
    }
    total += views[i].iov_len;
  }
  return total;
}

std::string end_of_chunks(const Reader& reader, bool in_chunk, bool trailers) {
  std::string text(in_chunk ? kChunkEnd : "");
  if (!trailers) return text.append(kLastChunk);
  return text.append("0\r\n").append(reader.trailers()).append("\r\n");
}

}  // namespace

void Sender::reset() {
  if (file_ >= 0) close(file_);
  source_ = Source::kNone;
  chunked_ = passed_ = trailers_ = progress_ = false;
  ended_ = true;
  file_ = -1;
  body_ = nullptr;
  reader_ = nullptr;
  text_.clear();
  offset_ = end_ = chunk_left_ = 0;
  pending_.clear();
  parts_.clear();
  tail_.clear();
  bytes_ = body_bytes_ = 0;
}

void Sender::send_text(std::string text) {
  source_ = Source::kText;
  text_ = std::move(text);
  end_ = text_.size();
  ended_ = text_.empty();
}

void Sender::send_body(const Body& complete, uint64_t first, uint64_t end) {
  source_ = Source::kBody;
  body_ = &complete;
  offset_ = first;
  end_ = end;
  ended_ = first == end;
}

void Sender::send_flight(Reader& reader, uint64_t first, uint64_t end, bool chunked, bool passed) {
  source_ = Source::kFlight;
  reader_ = &reader;
  offset_ = first;
  end_ = end;
  chunked_ = chunked;
  passed_ = passed;
  ended_ = first == end;
}

void Sender::send_file(int file, uint64_t first, uint64_t end) {
  source_ = Source::kFile;
  file_ = file;
  offset_ = first;
  end_ = end;
  ended_ = first == end;
}

void Sender::in_parts(std::vector<Part> parts, std::string tail) {
  parts_ = std::move(parts);
  std::reverse(parts_.begin(), parts_.end());
  tail_ = std::move(tail);
  offset_ = end_ = 0;
  ended_ = false;
  next_part();
}

// The range is over: the next one, with its head, or the tail.
void Sender::next_part() {
  if (parts_.empty()) {
    pending_ += tail_;
    tail_.clear();
    ended_ = true;
    return;
  }
  pending_ += parts_.back().head;
  offset_ = parts_.back().first;
  end_ = parts_.back().end;
  parts_.pop_back();
}

void Sender::gather_flight(Batch& batch, iovec* out, size_t& views) {
  const Reader::Bytes bytes = reader_->read(offset_, {out, Batch::kViews});
  views = bytes.views;
  uint64_t most = end_ - offset_;
  if (chunk_left_ > 0) most = chunk_left_;
  const size_t unlimited = views;
  batch.body = limit(out, views, most);
  const bool all = views == unlimited;  // nothing behind these views was left out
  if (chunked_) {
    if (chunk_left_ == 0 && batch.body > 0) {
      char line[18];
      pending_.append(line, write_chunk_size(batch.body, line));
      chunk_left_ = batch.body;
    }
    const bool last = bytes.ended && all;
    if (last) tail_ = end_of_chunks(*reader_, batch.body > 0, trailers_);
    if (batch.body > 0 && batch.body == chunk_left_) batch.tail = last ? std::string_view(tail_) : kChunkEnd;
    if (batch.body == 0 && last) pending_ += tail_;
    if (last && (batch.body == 0 || !batch.tail.empty())) ended_ = true;
  } else if (end_ == kOpen) {
    ended_ = bytes.ended;
  }
  if (batch.body > 0 || ended_) return;
  if (bytes.failed || (bytes.ended && end_ != kOpen)) {
    batch.cut = true;
  } else {
    batch.dry = true;
  }
}

// Fills in pending_ and the body behind what is there. ended_ may be set ahead of the bytes: account() takes it back.
void Sender::gather(Batch& batch) {
  iovec* const before = &batch.views[batch.count];
  iovec* const out = before + 1;
  size_t views = 0;
  if (!ended_) {
    switch (source_) {
      case Source::kNone:
      case Source::kFile:
        break;
      case Source::kText:
        out[0] = {text_.data() + offset_, static_cast<size_t>(end_ - offset_)};
        batch.body = out[0].iov_len;
        views = 1;
        break;
      case Source::kBody:
        views = body_->views(offset_, {out, Batch::kViews});
        batch.body = limit(out, views, std::min(end_ - offset_, kCall));
        batch.cut = views == 0;
        break;
      case Source::kFlight:
        gather_flight(batch, out, views);
        break;
    }
  }
  if (pending_.empty()) {
    std::move(out, out + views, before);
    batch.count += views;
  } else {
    *before = view_of(pending_);
    batch.count += views + 1;
  }
  if (!batch.tail.empty()) batch.views[batch.count++] = view_of(batch.tail);
}

void Sender::account(const Batch& batch, size_t sent) {
  bytes_ += sent;
  progress_ |= sent > 0;
  size_t left = sent;
  std::string head_rest;
  if (batch.head > 0) {
    const size_t taken = std::min(left, batch.head);
    left -= taken;
    size_t skip = taken;
    for (size_t i = 0, seen = 0; seen < batch.head; ++i) {
      const iovec& view = batch.views[i];
      seen += view.iov_len;
      if (skip < view.iov_len) head_rest.append(static_cast<const char*>(view.iov_base) + skip, view.iov_len - skip);
      skip -= std::min(skip, view.iov_len);
    }
  }
  if (!pending_.empty()) {
    const size_t taken = std::min(left, pending_.size());
    left -= taken;
    pending_.erase(0, taken);
  }
  if (!head_rest.empty()) pending_.insert(0, head_rest);
  const size_t body = std::min(left, batch.body);
  left -= body;
  offset_ += body;
  body_bytes_ += body;
  if (chunked_) chunk_left_ -= body;
  if (!batch.tail.empty()) {
    if (body == batch.body && pending_.empty()) {
      pending_ = batch.tail.substr(left);
    } else {
      ended_ = false;  // it will be gathered again
    }
  } else if (end_ == kOpen && batch.body > body) {
    ended_ = false;
  }
  if (source_ != Source::kNone && end_ != kOpen && offset_ == end_ && !ended_) next_part();
}

Sender::Outcome Sender::start(Stream& stream, std::span<const iovec> head) {
  progress_ = false;
  for (int call = 0; call < kCallsInTurn; ++call) {
    Batch batch;
    if (call == 0) {
      for (const iovec& view : head) {
        batch.views[batch.count++] = view;
        batch.head += view.iov_len;
      }
    }
    gather(batch);
    if (batch.count == 0) {
      if (source_ == Source::kFile && !ended_) return run_file(stream);
      return batch.cut ? Outcome::kCut : batch.dry ? Outcome::kDry : Outcome::kDone;
    }
    const IoResult result = stream.write({batch.views, batch.count});
    account(batch, result.count);
    if (passed_) reader_->sent(offset_);
    if (result.state == Io::kAgain) return Outcome::kBlocked;
    if (result.state != Io::kDone) return Outcome::kGone;
    if (is_over()) return Outcome::kDone;
    if (batch.dry) return Outcome::kDry;
    if (batch.cut) return Outcome::kCut;
  }
  return Outcome::kBlocked;
}

Sender::Outcome Sender::run_file(Stream& stream) {
  constexpr uint64_t kAtOnce = 1 << 20;
  for (int call = 0; call < kCallsInTurn; ++call) {
    auto at = static_cast<off_t>(offset_);
    const IoResult result = stream.send_file(file_, at, static_cast<size_t>(std::min(end_ - offset_, kAtOnce)));
    offset_ = static_cast<uint64_t>(at);
    bytes_ += result.count;
    body_bytes_ += result.count;
    progress_ |= result.count > 0;
    if (result.state == Io::kAgain) return Outcome::kBlocked;
    if (result.state == Io::kClosed) return Outcome::kCut;  // the file was truncated
    if (result.state != Io::kDone) return Outcome::kGone;
    if (result.count == 0) return Outcome::kCut;
    if (offset_ < end_) continue;
    next_part();
    if (!pending_.empty()) return start(stream, {});
    return Outcome::kDone;
  }
  return Outcome::kBlocked;
}

}  // namespace levee
