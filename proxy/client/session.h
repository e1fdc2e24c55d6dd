// One client connection: reads request heads, finds out what answers them, sends the answers in order.
//
//   kHandshake -> kReadHead -> kRoute -> kReadBody -> kLookUp -> kAwait -> kSend -> kFinish -> kIdle -> kReadHead
//                     |           |                    ^  |        |         ^         |          '- pipelined:
//                     kReadHead |           |                    |  '- there, or stale-'         |- unread body:
//                     kDiscard -> kIdle |           |                    '- not for us-'                 '- kLinger ->
//                     kEnded |           '- return, file, status: kSend
//                     '- malformed: an error page by kSend, then kLinger
//
// Loop thread only. An idle keep-alive connection holds this object and nothing else.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <optional>

#include "proxy/client/connection.h"
#include "proxy/client/exchange.h"
#include "proxy/worker.h"

namespace levee {

// Takes an accepted socket and starts its session on this worker.
void start_session(Worker& worker, int descriptor, const Listen& listen, const sockaddr_storage& peer);

class Session final : public Task, private StreamOwner {
 public:
  Session(Worker& worker, Commons& commons, int descriptor, const Listen& listen, const sockaddr_storage& peer);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start();
  void on_wake() override;
  void on_drain() override;

 private:
  enum class Step : uint8_t {
    kHandshake,
    kIdle,
    kReadHead,
    kRoute,
    kReadBody,
    kLookUp,
    kAwait,
    kPurge,
    kSend,
    kNextSlice,  // kSend -> kNextSlice -> kAwait -> kSend: more of the answer is in another slice
    kTunnel,     // kAwait -> kTunnel -> kLinger: the protocol was switched
    kFinish,
    kDiscard,
    kLinger,
    kEnded,
  };
  using Next = std::optional<Step>;  // nothing: wait here

  void on_ready() override;
  void on_timeout() override;
  void advance();
  Next run(Step step);

  // session.cc: the connection.
  Next handshake();
  Next idle();
  Next read_head();
  Next finish();
  Next next_request();
  Next discard();
  Next linger();
  Next refuse(int status);  // an error page, and close
  Next leave(int status);   // no answer: logged as `status`, and closed
  void end();
  void close_books();  // log and counts of the exchange that is over

  // routing.cc: what answers.
  Next route();
  Next read_body();
  void await_body();
  void body_came(uint64_t bytes);
  Next answer(const Answer& answer);
  Next answer_return(const Return& answer);
  Next answer_files();
  bool choose_location();
  int refusal() const;  // a status if this request may not go on; 0: it may
  bool may_keep_alive() const;

  // lookup.cc: the cache and the origin.
  Next look_up();
  Next take(Found found);
  Next lead(Lead lead);
  bool send_interim(std::string_view text);
  Next await();
  Next open(Reader::Look look);
  Next look_again();
  bool is_better_stale() const;
  bool is_shed() const;
  Next shed();
  Next send_stale(std::string_view detail);
  Next fail(const Fault& fault, std::string_view detail = {});

  // ordering.cc: what is fetched.
  Next fetch_for_all(Lead lead);
  void start_refresh(Flown flown);
  Next fetch_alone(CacheUse use, bool known_uncacheable = false);
  void prefetch_slice();

  // purge.cc: PURGE.
  Next answer_purge();
  Next await_purge();
  Next tell_purged();

  // slicing.cc: answers from slices.
  Next answer_entry();  // with exchange_->entry, which may be the first of several
  Next next_slice();
  Next slice_changed();

  // tunnel.cc has what moves the bytes.
  Next start_tunnel();
  Next tunnel();

  // peer.cc: what other nodes of the PoP ask.
  Next answer_peer();
  Next look_for_peer();

  // waiting.cc: sending, and what may happen meanwhile.
  Next answered(Sender::Outcome outcome);  // to kSend, with what the first attempt came to
  Next go_on();
  Next sent(Sender::Outcome outcome);
  Next client_event();  // in kAwait and kSend: more of the body, or the client has left
  Next too_late();      // the time that was given is over
  void wait_here();
  void expect_body();
  bool withholds_body() const;
  void body_wanted();

  Connection connection_;
  Step step_ = Step::kHandshake;
  bool running_ = false;                // in advance()
  int64_t deadline_ = 0;                // ms on the loop's clock, of the step; 0: none
  std::unique_ptr<Exchange> exchange_;  // null while idle
};

}  // namespace levee
