#include "proxy/client/request_reader.h"

namespace levee {
namespace {
constexpr int kCallsInTurn = 8;  // then others have their turn
}  // namespace

void RequestReader::drop() {
  if (!kept_) return;
  abort();
  kept_->on_room = kept_->on_wanted = nullptr;
  kept_.reset();
}

void RequestReader::reset() {
  drop();
  if (has_body()) decoder_ = BodyDecoder();
}

void RequestReader::start(Framing framing, uint64_t most) {
  if (framing.kind != Framing::Kind::kNone) decoder_ = BodyDecoder(framing);
  most_ = most;
}

const std::shared_ptr<RequestBody>& RequestReader::keep() {
  if (!kept_ && has_body()) {
    kept_ = std::make_shared<RequestBody>();
    if (decoder_.framing().kind == Framing::Kind::kLength) kept_->length = decoder_.framing().length;
    kept_->ended = is_done();
  }
  return kept_;
}

uint64_t RequestReader::left() const {
  if (is_done()) return 0;
  if (decoder_.framing().kind != Framing::Kind::kLength) return UINT64_MAX;
  return decoder_.framing().length - decoder_.data_size();
}

void RequestReader::abort() {
  if (!kept_ || kept_->ended || kept_->aborted) return;
  kept_->aborted = true;
  tell();
}

RequestReader::State RequestReader::take(std::string_view bytes, size_t& consumed) {
  consumed = 0;
  while (decoder_.state() == BodyDecoder::State::kMore && consumed < bytes.size()) {
    const BodyDecoder::Step step = decoder_.next(bytes.substr(consumed));
    if (step.consumed == 0) break;
    consumed += step.consumed;
    if (kept_) kept_->bytes.append(step.data);
    if (most_ > 0 && decoder_.data_size() > most_) return State::kTooLarge;
  }
  switch (decoder_.state()) {
    case BodyDecoder::State::kBad:
      return State::kBad;
    case BodyDecoder::State::kDone:
      if (kept_) kept_->ended = true;
      return State::kDone;
    case BodyDecoder::State::kMore:
      break;
  }
  return kept_ && kept_->bytes.size() >= kWindow ? State::kFull : State::kMore;
}

RequestReader::State RequestReader::read(Input& input, Stream& stream, std::span<std::byte> scratch) {
  if (is_done()) return State::kDone;
  size_t consumed = 0;
  State state = take(input.unread(), consumed);
  input.consume(consumed);
  bool news = consumed > 0;
  for (int call = 0; state == State::kMore && call < kCallsInTurn; ++call) {
    const IoResult result = stream.read(scratch);
    if (result.state == Io::kAgain) break;
    if (result.state != Io::kDone) {
      abort();
      return State::kGone;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(scratch.data()), result.count);
    state = take(bytes, consumed);
    input.append(bytes.substr(consumed));
    news = true;
    if (result.count < scratch.size()) break;
  }
  if (state == State::kBad || state == State::kTooLarge) abort();
  if (news) tell();
  return state;
}

}  // namespace levee
