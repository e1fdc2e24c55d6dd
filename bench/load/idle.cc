#include <deque>

#include "bench/load/common.h"
#include "bench/servers/proc.h"

namespace levee::bench {
namespace {

class IdleConnection final : public HttpClient::Observer {
 public:
  IdleConnection(ClientLoop& loop, const Target& target, uint64_t& waiting, uint64_t& failed)
      : loop_(loop), waiting_(waiting), failed_(failed), client_(loop, target, *this) {
    client_.get(target.path, player_fields());
  }

 private:
  void on_head(const ResponseHead&) override {}
  void on_body(std::string_view) override {}
  void on_end() override {
    if (--waiting_ == 0) event_base_loopbreak(&loop_.base());
  }
  void on_failure(Failure) override {
    ++failed_;
    on_end();
  }

  ClientLoop& loop_;
  uint64_t& waiting_;
  uint64_t& failed_;
  HttpClient client_;
};

}  // namespace

int run_idle(const LoadOptions& options) {
  const auto target = begin_load(options);
  if (!target) return 2;
  ClientLoop loop(60'000);
  uint64_t waiting = options.connections;
  uint64_t failed = 0;
  const uint64_t before = resident_bytes(options.pids);
  std::deque<IdleConnection> connections;
  for (uint32_t i = 0; i < options.connections; ++i) {
    connections.emplace_back(loop, *target, waiting, failed);
    if (i % 100 == 99) event_base_loop(&loop.base(), EVLOOP_NONBLOCK);
  }
  if (waiting > 0) event_base_dispatch(&loop.base());
  stop_after(loop, options.seconds);
  event_base_dispatch(&loop.base());
  const uint64_t after = resident_bytes(options.pids);
  const double each = (static_cast<double>(after) - static_cast<double>(before)) / options.connections;
  print_report(Json{{"connections", options.connections},
                    {"failed", failed},
                    {"resident_before_MB", static_cast<double>(before) / 1e6},
                    {"resident_MB", static_cast<double>(after) / 1e6},
                    {"bytes_per_connection", each}},
               options.json);
  return failed == 0 ? 0 : 1;
}

}  // namespace levee::bench
