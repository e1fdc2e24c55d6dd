// A rehearsal's plan, read from a file in the grammar of configurations.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bench/client/target.h"
#include "bench/rehearse/promise.h"
#include "bench/servers/deployment.h"
#include "bench/viewer/arrivals.h"
#include "bench/viewer/viewer_model.h"

namespace levee::bench {

struct Plan {
  using Milliseconds = std::chrono::milliseconds;

  // deploy { nodes 3; conf levee.conf; redis on; }   what the rehearsal starts itself
  struct Deploy {
    uint32_t nodes = 1;  // 0: viewers go to the origin itself
    std::string conf;    // a template beside the plan
    bool redis = false;
  };
  // stream { segment 2s; part 500ms; bitrate 400k 1m; channels 3; }   what the bundled origin is asked for
  struct Stream {
    Milliseconds segment{2000};
    Milliseconds part{0};            // 0: no parts, plain HLS
    std::vector<uint64_t> bitrates;  // bits a second, one for each rendition, the lowest first; empty: the film
    uint32_t channels = 1;           // streams of the same shape; viewers choose one each
    bool grows = false;              // segments are delivered while they are being produced

    // The path of a channel's first playlist.
    std::string path(uint32_t channel) const;
  };
  // requests 2000 at=5s over=1s path=/object/1000/a$number objects=100;   plain requests, each due at its moment
  struct Requests {
    uint32_t count = 0;
    Milliseconds at{0};
    Milliseconds over{0};  // 0: all at once
    std::string path;      // {}, $number in a plan, stands for a number below `objects`
    uint32_t objects = 1;
    std::string fields;  // lines that end in CRLF
    int line = 0;
  };
  // fault 10s origin hang for=5s prefix=/live;     fault 10s kill node2;
  struct Fault {
    struct OfOrigin {
      std::string command;  // what is POSTed to the origin's /control/
    };
    struct OfServer {
      Deployment::Act act;
      std::string name;
    };
    Milliseconds at{0};
    std::variant<OfOrigin, OfServer> what;
    std::string words;  // as the plan has them
    int line = 0;
  };

  std::string file, name, about;
  std::vector<Target> targets;   // of viewers, in turn; empty: the nodes of `deploy`
  std::optional<HostName> host;  // that viewers ask each of them for; none: its address
  std::optional<Deploy> deploy;
  std::optional<Target> origin;             // of a levee-bench origin that runs already
  std::optional<OriginSetup> start_origin;  // one to be started
  Stream stream;
  std::string path;  // of the playlist, instead of the stream's
  Milliseconds duration{30000};
  std::vector<Arrival> arrivals;
  std::vector<Requests> requests;
  ViewerModel player;
  uint32_t connections = 0;  // that the generator opens at most; 0: as many as the system allows
  uint32_t seed = 1;         // of all chance
  std::vector<Fault> faults;
  std::vector<Promise> promises;

  // The playlist that a viewer starts with.
  std::string playlist(uint32_t viewer) const;
  // Whether anybody asks the origin for the film.
  bool needs_media() const;
  // So many times the viewers and requests, at least one of each kind.
  void scale(double factor);
};

// The plan, or "file:line: what is wrong".
std::variant<Plan, std::string> read_plan(const std::string& path);
// The same from a text; `file` is what errors call it, and its folder is where templates lie.
std::variant<Plan, std::string> parse_plan(const std::string& text, const std::string& file);

}  // namespace levee::bench
