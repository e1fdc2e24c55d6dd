// The fetch's second half: the response head, what it means, and the body into the flight.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "cache/vary.h"
#include "proxy/http/writer.h"
#include "proxy/ops/counters.h"
#include "proxy/ops/log.h"
#include "proxy/origin/fetch_task.h"
#include "proxy/origin/upgraded.h"

namespace levee {
namespace {

constexpr unsigned kMostInterim = 16;
constexpr uint64_t kPeerRoom = 1024;          // bytes
constexpr int kReads = 16;                    // a turn: one fast origin must not hold up the loop
constexpr uint64_t kMostBytes = 1024 * 1024;  // a turn
constexpr int64_t kLongestPause = 3000;       // ms that a slow reader of a private body has in any case
constexpr uint64_t kDirect = 4096;            // bytes of a chunk that are worth receiving straight to their place

// Where chunked bodies are received, to be decoded at once.
struct Scratch {
  explicit Scratch(Worker&) {}
  std::array<char, size_t{64} * 1024> bytes;
};

// Of a response only HEAD changes the framing.
Method framing_method(const std::string& method) {
  return method == "HEAD" ? Method::kHead : Method::kGet;
}

// What an answer says of its server. 429 and 500 are about a request, not about the server.
Outcome outcome_of(const Location& location, int status) {
  const std::optional<Trouble> trouble = trouble_of(status);
  if (trouble && status != 403 && status != 404 && location.next_upstream.has(*trouble)) return Outcome::kBad;
  if (status == 502 || status == 503 || status == 504) return Outcome::kRefused;
  return status == 429 || status == 500 ? Outcome::kUnknown : Outcome::kGood;
}

// An interim response as it is forwarded (RFC 9110 section 15.2). To those behind the leader only with what asks
// browsers to load things: nobody knows yet whether the response is for them.
std::string interim_text(const ResponseHead& head, bool for_all) {
  std::string out;
  const Fields& fields = head.fields();
  out.append("HTTP/1.1 ").append(std::to_string(head.status())).append(" ");
  out.append(reason_of(head.status())).append("\r\n");
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field field = fields[i];
    if (field.id == FieldId::kContentLength || fields.is_hop_by_hop(field)) continue;
    if (for_all && !same_name(field.name, "Link") && !same_name(field.name, "Content-Security-Policy")) continue;
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return out.append("\r\n");
}

}  // namespace

Times Fetch::times() {
  return {request_sent_, worker_.now(), worker_.wall_ms()};
}

Fetch::Next Fetch::read_head() {
  if (head_buffer_ == nullptr) head_buffer_ = std::make_unique_for_overwrite<char[]>(head_room());
  while (true) {
    if (const Next next = parse_head()) return next;
    const std::span<char> room(head_buffer_.get() + head_size_, head_room() - head_size_);
    if (room.empty()) return failed(Trouble::kInvalidHeader, Failure::kInvalid);
    const IoResult result = connection_->stream->read(std::as_writable_bytes(room));
    if (result.state == Io::kAgain) return await_head();
    if (result.state != Io::kDone) return failed(Trouble::kError, Failure::kReset);
    head_size_ += result.count;
    attempt().bytes_received += result.count;
    if (!at_peer()) worker_.counters().bytes_fetched.add(result.count);
  }
}

// A head that has begun has so long to be complete, too: it must not hold a slot for ever a byte at a time.
Fetch::Next Fetch::await_head() {
  const int64_t now = worker_.now(), most = head_timeout();
  if (head_size_ > 0 && head_began_ == 0) head_began_ = now;
  const int64_t left = head_began_ == 0 ? most : head_began_ + most - now;
  if (most > 0 && left <= 0) return failed(Trouble::kTimeout, Failure::kTimeout);
  return wait(Step::kReadHead, Stream::Wait::kRead, std::max<int64_t>(left, 0));
}

// Of the largest head. A peer's is the origin's, and what it says itself.
uint64_t Fetch::head_room() const {
  return location_.buffer_size + (pop_ != nullptr ? kPeerRoom : 0);
}

// Nothing: more bytes are needed.
Fetch::Next Fetch::parse_head() {
  const auto most = static_cast<uint32_t>(head_room());
  const HeadLimits limits{most, most, most, Fields::kCapacity};
  const bool upgrades = !order_.upgrade.empty();
  bool interim = false;
  while (head_size_ > 0) {
    switch (head_.parse({head_buffer_.get(), head_size_}, limits, framing_method(order_.method), upgrades)) {
      case Parse::kMore:
        return std::nullopt;
      case Parse::kBad:
        log(LogLevel::kError, 0, "upstream sent an invalid response: ", describe(head_.error()),
            ", upstream: ", seat_.peer().name);
        return failed(Trouble::kInvalidHeader, Failure::kInvalid);
      case Parse::kDone:
        break;
    }
    if (!head_.is_interim()) return head_arrived();
    if (++interim_ > kMostInterim) return failed(Trouble::kInvalidHeader, Failure::kInvalid);
    interim = true;
    if (head_.status() == 100) {
      if (awaits_continue_) want_body();
    } else if (!writer_.is_open() && !(at_peer() && head_.status() == 102)) {
      writer_.interim(interim_text(head_, false), order_.authorized ? std::string() : interim_text(head_, true));
    }
    head_size_ -= head_.size();
    std::memmove(head_buffer_.get(), head_buffer_.get() + head_.size(), head_size_);
    head_.reset();
    head_began_ = 0;
  }
  if (interim && !body_ended_) return Step::kSend;  // it is no answer
  return std::nullopt;
}

Fetch::Next Fetch::head_arrived() {
  const int64_t now = worker_.now();
  const int status = head_.status();
  attempt().status = status;
  attempt().header_time = now - attempt_began_;
  reusable_ = head_.keep_alive() && body_ended_ && output_sent_ == output_.size();
  if (at_peer()) return peer_head();
  tell_limiter(status);
  if (resuming_ && entry_) return resumed();
  if (status == 101) return switch_protocols();
  if (resuming_ && (status == 206 || status == 416)) return complete();
  resuming_.reset();

  const Outcome outcome = outcome_of(location_, status);
  seat_.judge(outcome, now, retry_after(head_.fields(), worker_.wall_ms()));
  const std::optional<Trouble> trouble = trouble_of(status);
  if (trouble && may_retry(*trouble)) {
    tried_.push_back(seat_.shared_peer());
    leave_server(outcome);
    return Step::kChoose;
  }
  if (status == 304 && (conditional_ || order_.may_store)) return refresh();  // else the client's own conditions
  if (prefers_stale(order_, status, now)) {
    return give_up({Failure::kOriginStatus, status, retry_after(head_.fields(), worker_.wall_ms())});
  }
  return deliver();
}

Fetch::Next Fetch::refresh() {
  if (!conditional_) return failed(Trouble::kInvalidHeader, Failure::kInvalid);
  if (auto entry = renewed(order_, head_, times())) {
    publish(writer_.renew(entry));
    reusable_ = reusable_ && head_size_ == head_.size();
    return end();
  }
  // It validated something else than what we have, or what may not be kept any more.
  return ask_whole();
}

Fetch::Next Fetch::ask_whole() {
  leave_server(Outcome::kUnknown);
  resuming_.reset();
  whole_ = true;
  return Step::kChoose;
}

// The session goes on with the connection.
Fetch::Next Fetch::switch_protocols() {
  auto upgraded = std::make_shared<Upgraded>();
  upgraded->protocol = head_.fields().get(FieldId::kUpgrade);
  if (upgraded->protocol.empty()) return failed(Trouble::kInvalidHeader, Failure::kInvalid);
  upgraded->early = behind_head();
  seat_.judge(Outcome::kGood, worker_.now());
  close_attempt();
  upgraded->seat = std::move(seat_);
  connection_->stream->hand_to(*upgraded);
  connection_->stream->wait(Stream::Wait::kNothing, 0);
  upgraded->connection = std::move(connection_);
  trace_->upgraded = std::move(upgraded);
  entry_ = hear(order_, head_, times()).entry;
  writer_.pass(entry_, 0);
  writer_.finish();
  return end();
}

// The rest of what was there in part.
Fetch::Next Fetch::complete() {
  auto entry = head_.status() == 206 ? completed(order_, head_, times(), *resuming_) : nullptr;
  if (!entry) return ask_whole();
  resuming_.reset();
  seat_.judge(Outcome::kGood, worker_.now());
  entry_ = std::move(entry);
  total_ = entry_->content_length;
  decoder_ = BodyDecoder(head_.framing(), {}, true);
  writer_.open(entry_);
  std::array<iovec, 8> views{};
  uint64_t offset = 0;
  while (const size_t count = order_.begun->body->views(offset, views)) {
    for (size_t i = 0; i < count; ++i) {
      writer_.append({static_cast<const std::byte*>(views[i].iov_base), views[i].iov_len}, worker_.now());
      offset += views[i].iov_len;
    }
  }
  return feed(behind_head());
}

// The answer to a POST is stored too, beside the way to its client, for GETs (RFC 9110 section 9.3.3).
void Fetch::keep_for_get() {
  struct Asker final : VarySource {
    explicit Asker(const std::string& lines) { fields.read_lines(lines); }
    void vary_values(std::string_view names, std::string& out) const override {
      levee::vary_values(fields, names, out);
    }
    Fields fields;
  };
  auto entry = kept_for_get(order_, head_, times());
  if (!entry) return;
  const KeepForGet& keep = *order_.keep_for_get;
  keep.store->purge(KeyView(keep.key), false, worker_.now());
  const Asker asker(order_.vary_source);
  Found found = keep.store->find({KeyView(keep.key), asker, worker_.subscriber(*this), {}, worker_.now()});
  auto* const lead = std::get_if<Lead>(&found);
  if (lead == nullptr) return;
  copy_.emplace(std::move(lead->writer));
  copy_->open(entry);
  trace_->kept_for_get = true;
}

Fetch::Next Fetch::deliver() {
  Heard heard = hear(order_, head_, times(), whole_);
  if (order_.slice && !whole_) {
    switch (slice_fit(order_, head_, heard)) {
      case SliceFit::kFits:
        break;
      case SliceFit::kAskFirst:
        order_.slice->first = 0;
        leave_server(Outcome::kUnknown);
        resuming_.reset();
        return Step::kChoose;
      case SliceFit::kAskWhole:
        return ask_whole();
      case SliceFit::kChanged:
        tell_changed();
        return give_up({Failure::kChanged, 502});
    }
  }
  entry_ = std::move(heard.entry);
  if (heard.storable && order_.known_uncacheable) tell_cacheable();
  decoder_ = BodyDecoder(head_.framing(), {}, true);
  if (head_.framing().kind == Framing::Kind::kLength) total_ = head_.framing().length;
  if (entry_->part) total_ = entry_->content_length;
  if (order_.keep_for_get) keep_for_get();
  tell_pop(heard.shared, heard.remember);
  if (heard.shared) {
    writer_.open(entry_);
  } else {
    writer_.pass(entry_, heard.remember);
  }
  return feed(behind_head());
}

Fetch::Next Fetch::resumed() {
  const Rejoin how = rejoin(head_, *entry_, *resuming_, total_);
  if (how == Rejoin::kAnother) {
    if (at_peer()) return leave_peer(Outcome::kUnknown);
    const bool refused = head_.status() == 429 || head_.status() >= 500;
    seat_.judge(outcome_of(location_, head_.status()), worker_.now());
    return refused ? cut() : give_up({Failure::kCut});
  }
  seat_.judge(Outcome::kGood, worker_.now());
  decoder_ = BodyDecoder(head_.framing(), {}, true);
  skip_ = how == Rejoin::kAgain ? resuming_->offset : 0;
  return feed(behind_head());
}

Fetch::Next Fetch::read_body() {
  Stream& stream = *connection_->stream;
  const uint64_t before = attempt().bytes_received;
  for (int i = 0; i < kReads && attempt().bytes_received - before < kMostBytes; ++i) {
    const uint64_t room = writer_.room();
    paused_ = room == 0;
    if (paused_) copy_.reset();  // those who wait for it do not wait for this reader
    if (permit_) permit_->idle(paused_);
    if (paused_ && permit_ && !timer_.is_set()) timer_.set(kLongestPause);
    if (paused_) return wait(Step::kReadBody, Stream::Wait::kNothing, 0);
    const uint64_t pending = decoder_.pending_data();
    const bool direct =
        skip_ == 0 && !copy_ && (decoder_.framing().kind != Framing::Kind::kChunked || pending >= kDirect);
    std::string_view bytes;
    const IoResult result = direct ? read_direct(std::min(room, pending)) : read_scratch(room, bytes);
    attempt().bytes_received += result.count;
    if (!at_peer()) worker_.counters().bytes_fetched.add(result.count);
    switch (result.state) {
      case Io::kDone:
        break;
      case Io::kAgain:
        i = kReads;
        continue;
      case Io::kClosed:
        return decoder_.close() ? body_done() : cut();
      case Io::kFailed:
        return cut();
    }
    const Next next = direct ? feed({}) : feed(bytes);
    if (next != Step::kReadBody) return next;
  }
  if (const auto due = writer_.flush_in(worker_.now())) flush_timer_.set(*due);
  stream.wait(Stream::Wait::kRead, location_.read_timeout.count());
  return std::nullopt;
}

IoResult Fetch::read_direct(uint64_t most) {
  std::span<std::byte> memory = writer_.reserve();
  memory = memory.first(static_cast<size_t>(std::min<uint64_t>(memory.size(), most)));
  const IoResult result = connection_->stream->read(memory);
  if (result.count == 0) return result;
  writer_.commit(result.count, worker_.now());
  decoder_.took(result.count);
  attempt().response_length += result.count;
  return result;
}

IoResult Fetch::read_scratch(uint64_t most, std::string_view& bytes) {
  auto& scratch = worker_.local<Scratch>().bytes;
  const size_t size = static_cast<size_t>(std::min<uint64_t>(scratch.size(), most));
  const IoResult result = connection_->stream->read(std::as_writable_bytes(std::span(scratch).first(size)));
  bytes = {scratch.data(), result.count};
  return result;
}

// Bytes of the body as they came from the wire; empty: only looks whether it is over.
Fetch::Next Fetch::feed(std::string_view bytes) {
  while (!bytes.empty() && decoder_.state() == BodyDecoder::State::kMore) {
    const BodyDecoder::Step step = decoder_.next(bytes);
    std::string_view data = step.data;
    const size_t known = static_cast<size_t>(std::min<uint64_t>(skip_, data.size()));
    data.remove_prefix(known);
    skip_ -= known;
    if (!data.empty()) take(std::as_bytes(std::span(data)));
    attempt().response_length += data.size();
    if (step.consumed == 0) break;
    bytes.remove_prefix(step.consumed);
  }
  switch (decoder_.state()) {
    case BodyDecoder::State::kMore:
      return Step::kReadBody;
    case BodyDecoder::State::kBad:
      log(LogLevel::kError, 0, "upstream sent an invalid body: ", describe(decoder_.error()),
          ", upstream: ", seat_.peer().name);
      return give_up({Failure::kCut});
    case BodyDecoder::State::kDone:
      if (!bytes.empty()) reusable_ = false;  // what nobody asked for
      return body_done();
  }
  std::abort();
}

Fetch::Next Fetch::body_done() {
  const bool is_short = skip_ > 0 || (total_ && writer_.size() != *total_);
  if (is_short) return give_up({Failure::kCut});
  if (copy_) publish_kept(copy_->finish());
  publish(writer_.finish(decoder_.trailers()));
  return end();
}

void Fetch::take(std::span<const std::byte> bytes) {
  writer_.append(bytes, worker_.now());
  if (!copy_) return;
  copy_->append(bytes);
  if (copy_->unwanted()) copy_.reset();  // too large, and nobody reads it
}

}  // namespace levee
