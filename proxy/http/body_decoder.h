// Reads a message body by its framing: which of the bytes that arrived are data, and where the body is over.
//
// Zero copy and incremental; any split of the input gives the same data. Bytes behind the end are left unconsumed, for
// the caller to see. Trailers are checked, and kept where that was asked for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/framing.h"

namespace levee {

enum class BodyError : uint8_t {
  kNone,
  kChunkSize,       // not hexadecimal, or too large
  kChunkExtension,  // too long, a control character, or a string without end
  kChunkEnd,        // no CRLF behind a chunk's data
  kTrailer,         // malformed
  kTrailerTooLarge,
};
std::string_view describe(BodyError error);

struct BodyLimits {
  uint32_t chunk_line = 4096;  // bytes of a chunk's size with its extensions
  uint32_t trailer = 8192;     // bytes of the trailer section
};

class BodyDecoder {
 public:
  enum class State : uint8_t { kMore, kDone, kBad };

  BodyDecoder() = default;  // of no body: done
  explicit BodyDecoder(Framing framing, BodyLimits limits = {}, bool keep_trailers = false);

  struct Step {
    std::string_view data;  // of the body; may be empty
    size_t consumed = 0;    // bytes of the input that are dealt with, data included
  };
  // Call again with the rest of the input until consumed is 0 (more must arrive) or the state is no longer kMore.
  Step next(std::string_view input);
  // The next so many bytes are data whatever they are (of kUntilClose: UINT64_MAX): they may be received straight to
  // where they belong, and are then accounted for with took().
  uint64_t pending_data() const;
  void took(uint64_t count);
  // The connection was closed: whether the body is whole. Only kUntilClose becomes kDone by it.
  bool close();

  State state() const { return state_; }
  bool done() const { return state_ == State::kDone; }
  BodyError error() const { return error_; }
  Framing framing() const { return framing_; }
  uint64_t data_size() const { return data_size_; }  // bytes of data so far
  // "Name: value\r\n" lines, if they were to be kept.
  const std::string& trailers() const { return trailers_; }

 private:
  enum class Chunk : uint8_t {
    kSize,
    kBlank,
    kExtension,
    kQuoted,
    kQuotedPair,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailer
  };
  size_t read_framing(std::string_view input);
  size_t read_size_line(std::string_view input);
  bool read_extension(char c);
  void end_size_line();
  size_t read_trailer(std::string_view input);
  void take_trailer_line();
  void fail(BodyError error);

  Framing framing_;
  BodyLimits limits_;
  bool keep_trailers_ = false;
  State state_ = State::kDone;
  BodyError error_ = BodyError::kNone;
  Chunk chunk_ = Chunk::kSize;
  uint8_t digits_ = 0;  // of the chunk size
  uint32_t line_ = 0;   // bytes of the chunk line, or of the trailer section, so far
  uint64_t left_ = 0;   // data to come: of this chunk, or of the body
  uint64_t data_size_ = 0;
  std::string trailer_line_, trailers_;
};

// The size line of a chunk, "5\r\n", written to `out` (at least 18 bytes); returns how many.
size_t write_chunk_size(uint64_t size, char* out);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace levee
