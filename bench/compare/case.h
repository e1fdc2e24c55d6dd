// What a scenario of `compare` measures, and with what.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bench/figures/report.h"
#include "bench/servers/peer.h"
#include "bench/servers/scratch.h"

namespace levee::bench {

struct Scenario;

// The one origin that all peers of a run have, and the loads.
class Stage {
 public:
  // `bench`: this program. The origin and the loads run on the second processor.
  Stage(std::string bench, const std::string& media, std::filesystem::path folder, bool quick);

  // The folder's keys are made and the origin accepts; or what is wrong.
  std::string prepare();
  // `peer`: its folder. As the scenario wants it; or what is wrong.
  std::variant<std::unique_ptr<Peer>, std::string> start(const std::filesystem::path& peer, const std::string& levee,
                                                         const Scenario& scenario) const;
  bool quick() const { return quick_; }
  const std::string& origin() const { return origin_; }

  // Runs `levee-bench COMMAND URL --json ...` against the peer.
  using Words = std::vector<std::string>;
  std::variant<Json, std::string> load(const Peer& peer, const std::string& command, std::string_view path,
                                       const Words& more);
  // POSTs to the origin's /control/.
  void tell(std::string_view what) const;
  Json stats() const;

 private:
  const std::string bench_, media_;
  const std::filesystem::path folder_;
  const Scratch memory_ = Scratch::in_memory();
  const bool quick_;
  std::string origin_;  // "127.0.0.1:40000"
  std::unique_ptr<Process> process_;
};

// A figure that tables have: of one scenario, by the name that its measurement gives it.
struct Headline {
  enum class As : unsigned char { kRatio, kMs, kSeconds, kMegabytes, kPercent, kCount } as;
  std::string what, label;
};

struct Scenario {
  using Measured = std::variant<Json, std::string>;  // numbers by name, or what is wrong
  std::string name, title;
  std::vector<std::string> servers;
  std::vector<Headline> headlines;
  struct Turn {
    int number = 0;
    Json prepared;  // what `prepare` said of this peer
  };
  std::function<Measured(Stage& stage, const Peer& peer, const Turn& turn)> measure;
  int rounds = 1;
  bool tls = false;
  uint64_t size = 1024;  // of the body that a server without an origin sends
  // Once for each peer, before the first round: fills its cache. What a cache has to wait for then passes for all at
  // once.
  std::function<Measured(Stage& stage, const Peer& peer)> prepare = {};
  bool packaged = false;  // with the log and threads that Debian's packages set, where the tuned ones are others
};

std::vector<Scenario> speed_scenarios(bool quick);     // hits, crowds, idle connections, live viewers
std::vector<Scenario> overload_scenarios(bool quick);  // an origin that is too small, sick or gone

}  // namespace levee::bench
