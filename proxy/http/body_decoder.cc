#include "proxy/http/body_decoder.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "proxy/http/field_section.h"

namespace levee {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char letter = static_cast<char>(c | 0x20);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}
bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

}  // namespace

std::string_view describe(BodyError error) {
  switch (error) {
    case BodyError::kNone:
      return "no error";
    case BodyError::kChunkSize:
      return "invalid chunk size";
    case BodyError::kChunkExtension:
      return "invalid chunk extension";
    case BodyError::kChunkEnd:
      return "no line end after a chunk";
    case BodyError::kTrailer:
      return "invalid trailer";
    case BodyError::kTrailerTooLarge:
      return "too large trailer section";
  }
  std::abort();
}

BodyDecoder::BodyDecoder(Framing framing, BodyLimits limits, bool keep_trailers)
    : framing_(framing), limits_(limits), keep_trailers_(keep_trailers) {
  switch (framing.kind) {
    case Framing::Kind::kNone:
      break;
    case Framing::Kind::kLength:
      left_ = framing.length;
      if (left_ > 0) state_ = State::kMore;
      break;
    case Framing::Kind::kChunked:
      state_ = State::kMore;
      break;
    case Framing::Kind::kUntilClose:
      left_ = UINT64_MAX;
      state_ = State::kMore;
      break;
  }
}

void BodyDecoder::fail(BodyError error) {
  state_ = State::kBad;
  error_ = error;
}

uint64_t BodyDecoder::pending_data() const {
  if (state_ != State::kMore) return 0;
  return framing_.kind != Framing::Kind::kChunked || chunk_ == Chunk::kData ? left_ : 0;
}

void BodyDecoder::took(uint64_t count) {
  data_size_ += count;
  if (framing_.kind == Framing::Kind::kUntilClose) return;
  left_ -= std::min(count, left_);
  if (left_ > 0) return;
  if (framing_.kind == Framing::Kind::kLength) state_ = State::kDone;
  if (framing_.kind == Framing::Kind::kChunked) chunk_ = Chunk::kDataCr;
}

bool BodyDecoder::close() {
  if (state_ == State::kMore && framing_.kind == Framing::Kind::kUntilClose) state_ = State::kDone;
  return state_ == State::kDone;
}

BodyDecoder::Step BodyDecoder::next(std::string_view input) {
  Step step;
  while (state_ == State::kMore && step.consumed < input.size()) {
    const std::string_view rest = input.substr(step.consumed);
    if (const uint64_t data = pending_data(); data > 0) {
      step.data = rest.substr(0, static_cast<size_t>(std::min<uint64_t>(data, rest.size())));
      step.consumed += step.data.size();
      took(step.data.size());
      return step;
    }
    step.consumed += read_framing(rest);
  }
  return step;
}

// Takes what it can of the bytes between two chunks' data; at least one, unless it fails.
size_t BodyDecoder::read_framing(std::string_view input) {
  switch (chunk_) {
    case Chunk::kSize:
    case Chunk::kBlank:
    case Chunk::kExtension:
    case Chunk::kQuoted:
    case Chunk::kQuotedPair:
    case Chunk::kSizeLf:
      return read_size_line(input);
    case Chunk::kDataCr:
      if (input[0] != '\r') return fail(BodyError::kChunkEnd), 0;
      chunk_ = Chunk::kDataLf;
      return 1;
    case Chunk::kDataLf:
      if (input[0] != '\n') return fail(BodyError::kChunkEnd), 0;
      chunk_ = Chunk::kSize;
      digits_ = 0;
      line_ = 0;
      return 1;
    case Chunk::kTrailer:
      return read_trailer(input);
    case Chunk::kData:
      break;  // pending_data() is never 0 there
  }
  std::abort();
}

// chunk-size [chunk-ext] CRLF (RFC 9112 section 7.1). Whitespace only goes before a ";".
size_t BodyDecoder::read_size_line(std::string_view input) {
  size_t i = 0;
  for (; i < input.size(); ++i) {
    const char c = input[i];
    if (++line_ > limits_.chunk_line) return fail(BodyError::kChunkExtension), i;
    if (chunk_ == Chunk::kSizeLf) {
      if (c != '\n') return fail(BodyError::kChunkExtension), i;
      end_size_line();
      return i + 1;
    }
    if (chunk_ == Chunk::kSize) {
      if (const int digit = hex_value(c); digit >= 0) {
        // 15 digits are more than any disk holds, and cannot overflow; zeros before them count too.
        if (++digits_ > 15) return fail(BodyError::kChunkSize), i;
        left_ = left_ * 16 + static_cast<uint64_t>(digit);
        continue;
      }
      if (digits_ == 0) return fail(BodyError::kChunkSize), i;
    }
    if (chunk_ == Chunk::kExtension || chunk_ == Chunk::kQuoted || chunk_ == Chunk::kQuotedPair) {
      if (!read_extension(c)) return fail(BodyError::kChunkExtension), i;
      continue;
    }
    if (c == ';') {
      chunk_ = Chunk::kExtension;
    } else if (c == ' ' || c == '\t') {
      chunk_ = Chunk::kBlank;
    } else if (c == '\r' && chunk_ == Chunk::kSize) {
      chunk_ = Chunk::kSizeLf;
    } else {
      return fail(BodyError::kChunkSize), i;
    }
  }
  return i;
}

// A string that is not closed at the line's end is refused: others might read on, and find another end.
bool BodyDecoder::read_extension(char c) {
  if (chunk_ == Chunk::kExtension && c == '\r') {
    chunk_ = Chunk::kSizeLf;
    return true;
  }
  if (chunk_ == Chunk::kQuotedPair) {
    chunk_ = Chunk::kQuoted;
  } else if (c == '"') {
    chunk_ = chunk_ == Chunk::kQuoted ? Chunk::kExtension : Chunk::kQuoted;
  } else if (c == '\\' && chunk_ == Chunk::kQuoted) {
    chunk_ = Chunk::kQuotedPair;
  }
  return !is_control(c);
}

void BodyDecoder::end_size_line() {
  line_ = 0;
  digits_ = 0;
  chunk_ = left_ > 0 ? Chunk::kData : Chunk::kTrailer;
}

size_t BodyDecoder::read_trailer(std::string_view input) {
  const size_t end = input.find('\n');
  const size_t count = end == std::string_view::npos ? input.size() : end + 1;
  if (count > limits_.trailer - std::min(limits_.trailer, line_)) return fail(BodyError::kTrailerTooLarge), 0;
  line_ += static_cast<uint32_t>(count);
  trailer_line_.append(input.substr(0, count));
  if (end != std::string_view::npos) take_trailer_line();
  return count;
}

void BodyDecoder::take_trailer_line() {
  if (trailer_line_ == "\r\n") {
    state_ = State::kDone;
    trailer_line_ = {};
    return;
  }
  const char* begin = trailer_line_.data();
  const FieldLine line = read_field_line(begin, begin + trailer_line_.size(), Colon::kStrict);
  if (line.fault != FieldFault::kNone || line.size != trailer_line_.size()) return fail(BodyError::kTrailer);
  // A trailer must not say what a head decides by (RFC 9110 section 6.5.1): none of the fields that we know may come
  // so.
  if (keep_trailers_ && line.id == FieldId::kOther) {
    trailers_.append(line.name).append(": ").append(line.value).append("\r\n");
  }
  trailer_line_.clear();
}

size_t write_chunk_size(uint64_t size, char* out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  size_t digits = 1;
  while (digits < 16 && size >> (4 * digits) != 0) ++digits;
  for (size_t i = 0; i < digits; ++i) out[i] = kDigits[size >> (4 * (digits - 1 - i)) & 15];
  out[digits] = '\r';
  out[digits + 1] = '\n';
  return digits + 2;
}

}  // namespace levee
