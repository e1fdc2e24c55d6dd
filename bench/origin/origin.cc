#include "bench/origin/origin.h"

#include <event2/event.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bench/origin/faults.h"
#include "bench/origin/http_server.h"
#include "bench/origin/least.h"

namespace levee::bench {
namespace {

using Json = nlohmann::json;

struct Counts {
  uint64_t requests = 0;
  uint64_t least = 0;  // that one ideal cache would have made
  uint32_t active = 0;
  uint32_t most_active = 0;

  void begin() {
    ++requests;
    most_active = std::max(most_active, ++active);
  }
  void end() { --active; }
  Json json() const {
    return {{"requests", requests}, {"least", least}, {"active", active}, {"most_active", most_active}};
  }
};

class Origin final : public HttpHandler {
 public:
  Origin(event_base& base, const OriginOptions& options)
      : base_(base),
        site_(options.site),
        capacity_at_start_(options.capacity),
        capacity_(options.capacity),
        server_(base, *this) {}

  bool has_media() const { return site_.has_media(); }
  HttpServer& server() { return server_; }
  // Does to itself what the script says, from now on.
  void play(const std::vector<ScriptedFault>& script);

  void on_request(uint64_t exchange, const Request& request) override;
  void on_done(uint64_t exchange) override;

 private:
  // A request that holds a slot.
  struct Service {
    Origin& origin;
    uint64_t exchange;
    Answer answer;
  };

  void serve(uint64_t exchange, Answer answer, int64_t service_ms);
  void served(uint64_t exchange, Answer answer);
  Answer control(std::string_view what, const Request& request);
  // What is wrong with it, or nothing.
  std::string obey(const OriginCommand& command);
  void set_fault(Fault fault);
  void count_least(const Request& request, const Answer& answer, bool is_struck, int64_t now);
  Json counts() const;
  Json stats() const;
  void zero();

  event_base& base_;
  struct Due {
    Due(Origin& of, OriginCommand what) : origin(of), command(std::move(what)) {}
    Origin& origin;
    OriginCommand command;
  };
  std::deque<Due> script_;
  const Site site_;
  const Capacity capacity_at_start_;
  CapacityModel capacity_;
  std::unordered_map<uint64_t, Service> services_;  // by exchange
  std::vector<Fault> faults_;                       // the last one for a path strikes
  Counts all_;
  std::map<std::string, Counts> paths_;
  LeastRequests least_;
  uint64_t refused_ = 0;                  // for want of room
  uint64_t struck_ = 0;                   // by a fault
  const int64_t started_ms_ = wall_ms();  // of this process: its counts are none of an earlier one's
  int64_t began_ms_ = 0, ended_ms_ = 0;   // the first request, and the end of the last; 0: none
  uint32_t most_waiting_ = 0;
  std::unordered_map<uint64_t, std::string> open_;  // the paths of exchanges
  HttpServer server_;
};

void Origin::on_request(uint64_t exchange, const Request& request) {
  constexpr std::string_view kControl = "/control/";
  if (request.path.starts_with(kControl)) {
    return server_.reply(exchange, control(std::string_view(request.path).substr(kControl.size()), request));
  }
  open_.emplace(exchange, request.path);
  all_.begin();
  paths_[request.path].begin();
  const int64_t now = wall_ms();
  if (began_ms_ == 0) began_ms_ = now;
  Answer answer = site_.answer(request, now);
  const auto fault = std::find_if(faults_.rbegin(), faults_.rend(),
                                  [&](const Fault& each) { return each.strikes(request.path, now); });
  const bool is_struck = fault != faults_.rend();
  if (is_struck) fault->strike(answer);
  count_least(request, answer, is_struck, now);
  if (is_struck) ++struck_;
  auto held = std::make_shared<Answer>(std::move(answer));
  const auto entry = capacity_.enter(
      exchange, [this, exchange, held](int64_t service_ms) { serve(exchange, std::move(*held), service_ms); });
  most_waiting_ = std::max(most_waiting_, capacity_.waiting());
  if (entry != CapacityModel::Entry::kRefused) return;
  ++refused_;
  server_.reply(exchange, text_answer(503, "text/plain", "no room\n", "no-store"));
}

void Origin::serve(uint64_t exchange, Answer answer, int64_t service_ms) {
  const int64_t works_ms = service_ms + std::exchange(answer.pace.ttfb_ms, 0);
  if (works_ms == 0) return served(exchange, std::move(answer));
  const timeval delay{works_ms / 1000, static_cast<suseconds_t>(works_ms % 1000 * 1000)};
  event_base_once(
      &base_, -1, EV_TIMEOUT,
      [](evutil_socket_t, short, void* held) {
        auto* const service = static_cast<Service*>(held);
        Origin& origin = service->origin;
        const auto done = origin.services_.extract(service->exchange);
        origin.served(done.key(), std::move(done.mapped().answer));
      },
      &services_.emplace(exchange, Service{*this, exchange, std::move(answer)}).first->second, &delay);
}

void Origin::served(uint64_t exchange, Answer answer) {
  server_.reply(exchange, std::move(answer));
  capacity_.leave();
}

void Origin::on_done(uint64_t exchange) {
  const auto found = open_.find(exchange);
  if (found == open_.end()) return;
  capacity_.abandon(exchange);
  ended_ms_ = wall_ms();
  all_.end();
  paths_[found->second].end();
  open_.erase(found);
}

Answer Origin::control(std::string_view what, const Request& request) {
  if (what == "counts") return text_answer(200, "application/json", counts().dump() + "\n", "no-store");
  if (what == "stats") return text_answer(200, "application/json", stats().dump() + "\n", "no-store");
  if (request.method != "POST") return text_answer(405, "text/plain", "POST\n", "no-store");
  if (!is_command(what)) return text_answer(404, "text/plain", command_names() + " stats counts\n", "no-store");
  const auto command = read_command(std::string(what) + "?" + request.query);
  const auto* const unreadable = std::get_if<std::string>(&command);
  const std::string wrong = unreadable != nullptr ? *unreadable : obey(std::get<OriginCommand>(command));
  return text_answer(wrong.empty() ? 200 : 400, "text/plain", (wrong.empty() ? "done" : wrong) + "\n", "no-store");
}

std::string Origin::obey(const OriginCommand& command) {
  static const std::map<std::string_view, Fault::Kind> kFaults = {
      {"ok", Fault::Kind::kNone},   {"fail", Fault::Kind::k500},    {"503", Fault::Kind::k503},
      {"hang", Fault::Kind::kHang}, {"reset", Fault::Kind::kReset}, {"cut", Fault::Kind::kCut},
      {"slow", Fault::Kind::kSlow},
  };
  if (const auto fault = kFaults.find(command.what); fault != kFaults.end()) {
    const auto lasts = command.number("for");
    set_fault({.kind = fault->second,
               .prefix = command.prefix,
               .until_ms = lasts ? wall_ms() + *lasts : 0,
               .after = static_cast<uint64_t>(command.number("after").value_or(0)),
               .ttfb_ms = command.number("ttfb").value_or(2000),
               .rate = static_cast<uint64_t>(command.number("rate").value_or(0))});
  } else if (command.what == "capacity") {
    Capacity capacity = capacity_.capacity();
    if (std::string wrong = change(capacity, command, capacity_at_start_); !wrong.empty()) return wrong;
    capacity_.change(capacity);
  } else {
    zero();
  }
  return {};
}

// One for each prefix; ok without a prefix ends all.
void Origin::set_fault(Fault fault) {
  const bool ends_all = fault.kind == Fault::Kind::kNone && fault.prefix.empty();
  std::erase_if(faults_, [&](const Fault& each) { return ends_all || each.prefix == fault.prefix; });
  if (fault.kind != Fault::Kind::kNone) faults_.push_back(std::move(fault));
}

void Origin::count_least(const Request& request, const Answer& answer, bool is_struck, int64_t now) {
  const int64_t lifetime = lifetime_ms(answer.fields, !is_struck);
  if (!least_.needs(request.path + "?" + request.query, lifetime, now)) return;
  ++all_.least;
  ++paths_[request.path].least;
}

void Origin::play(const std::vector<ScriptedFault>& script) {
  for (const ScriptedFault& fault : script) {
    const timeval delay{fault.at.count() / 1000, static_cast<suseconds_t>(fault.at.count() % 1000 * 1000)};
    event_base_once(
        &base_, -1, EV_TIMEOUT,
        [](evutil_socket_t, short, void* held) {
          const auto* due = static_cast<const Due*>(held);
          const std::string wrong = due->origin.obey(due->command);
          if (!wrong.empty()) std::fprintf(stderr, "levee-bench origin: its script: %s\n", wrong.c_str());
        },
        &script_.emplace_back(*this, fault.command), &delay);
  }
}

Json Origin::counts() const {
  Json stats = all_.json();
  stats["started_ms"] = started_ms_;
  stats["refused"] = refused_;
  stats["struck"] = struck_;
  stats["busy_ms"] = std::max<int64_t>(ended_ms_ - began_ms_, 0);
  stats["waiting"] = capacity_.waiting();
  stats["most_waiting"] = most_waiting_;
  stats["connections"] = server_.connections();
  stats["bytes_sent"] = server_.bytes_sent();
  return stats;
}

Json Origin::stats() const {
  Json stats = counts();
  stats["paths"] = Json::object();
  for (const auto& [path, counts] : paths_) stats["paths"][path] = counts.json();
  return stats;
}

// Those that are active go on being counted.
void Origin::zero() {
  const auto clear = [](Counts& counts) {
    counts = {.requests = 0, .least = 0, .active = counts.active, .most_active = counts.active};
  };
  clear(all_);
  std::erase_if(paths_, [](const auto& path) { return path.second.active == 0; });
  for (auto& [path, counts] : paths_) clear(counts);
  least_.clear();
  refused_ = struck_ = 0;
  began_ms_ = ended_ms_ = 0;
  most_waiting_ = capacity_.waiting();
}

}  // namespace

int run_origin(const OriginOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::unique_ptr<event_base, decltype(&event_base_free)> base(event_base_new(), event_base_free);
  Origin origin(*base, options);
  if (!options.script.empty()) {
    const auto script = read_script(options.script);
    if (const auto* const wrong = std::get_if<std::string>(&script)) {
      std::fprintf(stderr, "levee-bench origin: %s\n", wrong->c_str());
      return 1;
    }
    origin.play(std::get<std::vector<ScriptedFault>>(script));
  }
  if (const std::string wrong = origin.server().listen(options.listen); !wrong.empty()) {
    std::fprintf(stderr, "levee-bench origin: %s\n", wrong.c_str());
    return 1;
  }
  const auto stop = [](evutil_socket_t, short, void* held) { event_base_loopbreak(static_cast<event_base*>(held)); };
  event* const interrupt = evsignal_new(base.get(), SIGINT, stop, base.get());
  event* const terminate = evsignal_new(base.get(), SIGTERM, stop, base.get());
  evsignal_add(interrupt, nullptr);
  evsignal_add(terminate, nullptr);
  if (!origin.has_media()) std::fprintf(stderr, "no media in %s: /live/ is empty\n", options.site.media.c_str());
  if (!options.quiet)
    std::printf("origin at port %d: /live/index.m3u8 /live/ts.m3u8 /live/index.mpd\n", origin.server().port());
  std::fflush(stdout);
  event_base_dispatch(base.get());
  event_free(interrupt);
  event_free(terminate);
  return 0;
}

}  // namespace levee::bench
