// Takes a stream of bytes apart into HTTP/1.1 responses. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace levee::bench {

struct ResponseHead {
  int status = 0;
  std::string_view fields;  // lines that end in CRLF; lives during the call

  // The value of a field, empty when it is not there; its name in any case.
  std::string_view field(std::string_view name) const;
};

class ResponseReader {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void on_head(const ResponseHead& head) = 0;
    virtual void on_body(std::string_view bytes) = 0;
    // Whether it looks at bodies; otherwise their bytes may be thrown away unread, and only be counted.
    virtual bool wants_body() const { return true; }
    virtual void on_skipped(uint64_t) {}
  };
  enum class State : unsigned char { kHead, kBody, kEnd, kBroken };

  // Reads `bytes` up to the end of the response; more than that is an error, as nobody pipelines here.
  State feed(std::string_view bytes, Sink& sink);
  // How many bytes of the body, at least, come next; `skip` takes them as read.
  uint64_t skippable() const { return step_ == Step::kLength || step_ == Step::kChunkData ? left_ : 0; }
  State skip(uint64_t count, Sink& sink);
  // The server has closed: whether that was the response's end.
  State close();
  // Makes ready for the next response.
  void reset();
  // Whether the connection may carry another request.
  bool keeps_alive() const { return keep_alive_; }
  bool began() const { return began_; }

 private:
  enum class Step : unsigned char {
    kHead,
    kLength,
    kChunkSize,
    kChunkData,
    kChunkEnd,
    kTrailer,
    kUntilClose,
    kEnd,
    kBroken
  };

  void read_head(std::string_view& bytes, Sink& sink);
  void read_counted(std::string_view& bytes, Sink& sink, Step then);
  // A line, without its end, once it is complete.
  bool read_line(std::string_view& bytes);
  void read_chunk_size();

  Step step_ = Step::kHead;
  std::string held_;  // of a head or a line that came in pieces
  uint64_t left_ = 0;
  bool keep_alive_ = true;
  bool began_ = false;
};

}  // namespace levee::bench
