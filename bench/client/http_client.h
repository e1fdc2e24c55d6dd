// One keep-alive connection of a simulated client, TLS or not. Loop thread only.
#pragma once

#include <event2/event.h>
#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/client/response_reader.h"
#include "bench/client/target.h"

namespace levee::bench {

int64_t now_us();  // of a steady clock

// What all clients of a thread share.
class ClientLoop {
 public:
  // `patience_ms`: a request that hears nothing for so long has failed.
  explicit ClientLoop(int64_t patience_ms);

  event_base& base() { return *base_; }
  SSL_CTX& tls() { return *tls_; }
  const timeval* patience() const { return patience_; }
  std::vector<char>& buffer() { return buffer_; }

 private:
  std::unique_ptr<event_base, decltype(&event_base_free)> base_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls_;
  const timeval* patience_;
  std::vector<char> buffer_;
};

enum class Failure : unsigned char {
  kConnect,
  kTimeout,
  kCut,      // the connection ended before the response did
  kNoSocket  // an idle connection had been closed, and this machine has no socket for another (errno)
};

// What carries a client's connections to it, all of them together.
struct Line {
  uint64_t rate = 0;    // bytes a second; 0: as they come
  int64_t free_us = 0;  // when it has carried all that was read
};

class HttpClient {
 public:
  // Who asked. May call get() from on_end and on_failure, but must not destroy the client from them, nor call close()
  // from the others.
  class Observer : public ResponseReader::Sink {
   public:
    virtual void on_end() = 0;
    virtual void on_failure(Failure failure) = 0;
  };

  HttpClient(ClientLoop& loop, const Target& target, Observer& observer);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Connects if there is no connection. False: this machine has no socket or no address for one now (errno), and
  // nothing was asked of the server.
  bool open();
  // One request at a time; connects when there is no connection. `fields`: lines that end in CRLF.
  void get(std::string_view path, std::string_view fields = {}) { send("GET", path, fields); }
  void send(std::string_view method, std::string_view path, std::string_view fields);
  // Gives up what runs; no callback follows.
  void close();
  bool is_open() const { return fd_ >= 0; }
  bool is_busy() const { return step_ != Step::kIdle; }
  // Asks another server from now on; closes the connection to the last. Not while it is busy.
  void turn_to(const Target& target);
  // Reads no faster than this line carries, which outlives it. Before it connects.
  void use(Line& line) { line_ = &line; }

 private:
  enum class Step : unsigned char { kIdle, kConnecting, kHandshake, kSending, kReading, kPaused };

  static void on_event(evutil_socket_t, short what, void* self) { static_cast<HttpClient*>(self)->advance(what); }
  int connect();  // what was wrong at once (errno), or 0
  void advance(short what);
  void shake_hands();
  void write();
  void read();
  // Whether the line is full for now, with `count` bytes more; then it reads on later.
  bool pause_after(uint64_t count);
  void ended();
  void failed(Failure failure);
  void wait(short what);

  ClientLoop& loop_;
  const Target* target_;
  Observer& observer_;
  Line free_line_;  // where nobody has told of another
  Line* line_ = &free_line_;
  Step step_ = Step::kIdle;
  int fd_ = -1;
  SSL* ssl_ = nullptr;
  event* event_ = nullptr;
  short waiting_for_ = 0;
  bool is_reused_ = false;  // this connection has carried a response before
  std::string request_;
  size_t written_ = 0;
  ResponseReader reader_;
};

}  // namespace levee::bench
