// The fetch as a task of its worker. fetch.h is the contract, and has the graph of the steps.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/body_decoder.h"
#include "proxy/http/response_head.h"
#include "proxy/net/loop.h"
#include "proxy/net/stream.h"
#include "proxy/origin/fetch.h"
#include "proxy/origin/fetch_pop.h"
#include "proxy/origin/pool.h"
#include "proxy/origin/request.h"
#include "proxy/origin/response.h"
#include "proxy/origin/upstream_state.h"

namespace levee {

class Fetch final : public Task, public StreamOwner {
 public:
  Fetch(Worker& worker, Order order, Writer writer, std::shared_ptr<Trace> trace);
  ~Fetch() override;
  void begin();

 private:
  enum class Step : uint8_t {
    kAsk,
    kAdmit,
    kResolve,
    kChoose,
    kConnect,
    kHandshake,
    kSend,
    kReadHead,
    kReadBody,
    kPause,
    kEnded,
  };
  using Next = std::optional<Step>;  // nothing: wait here

  void on_wake() override;
  void on_drain() override;
  void on_ready() override;
  void on_timeout() override;
  void on_timer();
  void go_on(Next next);
  void advance();
  Next run(Step step);
  // Where the next event goes on.
  Next wait(Step step, Stream::Wait what, int64_t timeout);

  // fetch_pop.cc: the other nodes of the PoP.
  void join_pop();
  PopIndex* index();
  Next ask();
  void ask_index(PopIndex& to);
  void await_index();
  void unanswered();
  void pop_answered();
  Next decided(const Decision& decision);
  Next checked(const Decision& decision);
  bool was_purged(int64_t since) const;
  Next ask_anew();
  Next stand_down(int64_t remember);
  Next go_to_peer(const std::string& node);
  Next distrust(const std::string& node);
  void exclude(const std::string& node);
  void forget_peer();
  Next leave_peer(Outcome outcome);
  Next lost_peer();
  void pop_tick();
  Next peer_head();
  Next deliver_from_peer(const PeerEntry& said);
  void leave_pop();
  std::string peer_question() const;
  bool at_peer() const { return pop_ != nullptr && !pop_->peer.empty(); }
  // What differs between a peer and the origin.
  bool uses_tls() const { return at_peer() ? pop_->tls : order_.tls; }
  const ProxyTls& tls_rules() const;
  std::string tls_name() const;
  int64_t connect_timeout() const;
  int64_t head_timeout() const;

  // fetch_claims.cc: what they are told of its key.
  void use_variant(const std::string& names);
  void take_lease(uint64_t fence);
  void release_lease();
  void tell_pop(bool shared, int64_t remember);
  void tell_changed();
  void tell_cacheable();
  void publish(const std::shared_ptr<const Entry>& stored);
  void publish_kept(const std::shared_ptr<const Entry>& stored);

  // fetch_admit.cc: a slot.
  Next admit();
  Next stand_back(const UpstreamState::Pick& pick);
  Next waited();
  Next admitted(Admission::Answer answer);
  Next refuse();
  bool may_wait() const;
  bool is_waited_for() const;
  UpstreamState::Asked asked() const;
  void tell_limiter(int status);

  // fetch.cc: a connection.
  Next resolve();
  Next choose();
  Next no_server(const UpstreamState::Pick& pick);
  Next no_means(int error);
  Next connect();
  Next handshake();

  // fetch_send.cc: the request on it.
  Next connected();
  Next send();
  Next send_failed();
  Next body_wait();
  bool gather_body();
  bool early_response();
  Next await_continue();
  void want_body();

  // fetch_receive.cc: the response.
  Next read_head();
  Next await_head();
  uint64_t head_room() const;
  Next parse_head();
  Next head_arrived();
  Next deliver();
  Next ask_whole();
  Next switch_protocols();
  Next complete();
  void keep_for_get();
  void take(std::span<const std::byte> bytes);
  std::string_view behind_head() const { return {head_buffer_.get() + head_.size(), head_size_ - head_.size()}; }
  Next refresh();
  Next resumed();
  Next read_body();
  Next feed(std::string_view bytes);
  Next body_done();
  IoResult read_direct(uint64_t most);
  IoResult read_scratch(uint64_t most, std::string_view& bytes);
  Times times();

  // fetch_failure.cc: what went wrong, and what then.
  Next failed(Trouble trouble, Failure why);
  Next deserted();
  bool awaits_answer() const;
  bool is_deserted() const;
  bool is_lost() const;
  Next ask_again();
  Next cut();
  Next pause();
  Next give_up(Fault fault);
  Next end();
  bool may_retry(Trouble trouble);
  bool replayable() const;
  void leave_server(Outcome outcome);
  void close_attempt();
  Attempt& attempt() { return trace_->attempts.back(); }

  // Constant after construction.
  Worker& worker_;
  Order order_;  // but that the first slice may have to do
  const Location& location_;
  const std::shared_ptr<Trace> trace_;
  const bool idempotent_;
  const uint64_t resource_;  // a hash of the target

  // Loop thread only, as all the rest.
  std::shared_ptr<UpstreamState> upstream_;  // the order's, or a peer
  std::shared_ptr<const Upstream> rules_;
  std::unique_ptr<PopPart> pop_;  // null: no index, or nothing that is shared
  Step step_ = Step::kAsk;
  Writer writer_;
  bool running_ = false;
  Timer timer_;        // while no stream waits
  Timer flush_timer_;  // readers that a paced wake left waiting
  int64_t began_ = 0;  // ms

  // What it may take of the origin: given back when the fetch ends, whichever way.
  Priority priority_;
  int64_t waits_since_ = 0;  // ms, when it first asked for a slot as `priority_`
  std::optional<Place> place_;
  std::optional<Permit> permit_;

  // The attempt.
  Seat seat_;
  std::vector<std::shared_ptr<const Peer>> tried_;
  std::unique_ptr<OriginConnection> connection_;
  uint32_t tries_ = 0;
  Fault last_fault_;          // of the attempt before
  bool conditional_ = false;  // the request asked for 304 if the stale entry is still good
  bool whole_ = false;        // it must not, nor ask for a slice: such an answer was of no use
  bool fresh_only_ = false;   // a reused connection was dead: no other one for this fetch
  int64_t attempt_began_ = 0, request_sent_ = 0;
  std::string output_;  // head, and what of the body is framed
  size_t output_sent_ = 0;
  std::string kept_body_;  // the whole body, if it was there from the start: it can be sent again
  bool body_ended_ = false;
  bool awaits_continue_ = false;  // the origin has not said yet whether it wants the body

  // The response.
  std::unique_ptr<char[]> head_buffer_;
  size_t head_size_ = 0;
  int64_t head_began_ = 0;  // ms, when what there is of it had come; 0: nothing has
  unsigned interim_ = 0;
  ResponseHead head_;
  std::shared_ptr<Entry> entry_;
  std::optional<Writer> copy_;  // of the answer to a POST, for later GETs
  BodyDecoder decoder_;
  bool reusable_ = false;  // the connection, once the body is over
  bool paused_ = false;    // a passed body whose reader is slow

  // Going on after a cut.
  static constexpr unsigned kMostResumptions = 3;
  std::optional<Resumption> resuming_;
  std::optional<uint64_t> total_;  // bytes of the whole body
  uint64_t skip_ = 0;              // bytes that came again
  unsigned resumptions_ = 0;
};

}  // namespace levee
