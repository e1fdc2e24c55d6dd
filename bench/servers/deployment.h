// The servers that a rehearsal starts for itself, all on one loopback address: an origin, nodes, Redis.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bench/origin/capacity_model.h"
#include "bench/servers/process.h"

namespace levee::bench {

// A server before it runs: the program with its arguments, and the port that accepts once it is ready.
struct Program {
  std::string name;  // as faults call it: "origin", "redis", "node1"
  std::vector<std::string> words;
  uint16_t port = 0;
};

// What a node is told of where it stands.
struct NodeSite {
  std::string name = {};              // "node1"
  std::filesystem::path folder = {};  // its own, empty
  std::string address = {};           // of all servers: "127.3.7.2"
  uint16_t port = 0;                  // for viewers
  uint16_t peer_port = 0;             // for other nodes
  std::string origin = {};            // "127.3.7.2:40001"
  std::string redis = {};             // the same; empty: there is none

  // The words that a template has between @ and @: NAME RUN ADDRESS PORT PEER_PORT ORIGIN ORIGIN_HOST ORIGIN_PORT
  // REDIS.
  std::vector<std::pair<std::string, std::string>> values() const;
};

// Says how a node is started; writes the files that it needs into its folder. Or what is wrong.
using NodeMaker = std::function<std::variant<Program, std::string>(const NodeSite& site)>;

// Nodes that are Levee, with a configuration from a template.
NodeMaker levee_maker(std::string program, std::filesystem::path conf_template);
// The text of a file with its @WORDS@ replaced; nothing when there is no such file.
std::optional<std::string> fill_template(const std::filesystem::path& file, const NodeSite& site);

// What a levee-bench origin is started with.
struct OriginSetup {
  Capacity capacity;
  int64_t ttfb_ms = 0;
  uint64_t rate = 0;  // bytes a second for each response; 0: no limit
  std::string media = "bench/media";
};

// Servers stop when it is destroyed. All errors are texts; empty is none.
class Deployment {
 public:
  // `folder`: for logs and the nodes' files; made if need be, and whoever gave it removes it.
  explicit Deployment(const std::filesystem::path& folder);
  ~Deployment();
  Deployment(const Deployment&) = delete;
  Deployment& operator=(const Deployment&) = delete;

  // Each waits until the server accepts connections. The origin and Redis come before the nodes that are to know them.
  std::string start_origin(const OriginSetup& setup);
  std::string start_redis();
  std::string start_node(const NodeMaker& maker);

  // "127.3.7.2:40001"; empty: there is none.
  const std::string& origin() const { return origin_; }
  const std::string& redis() const { return redis_; }
  const std::vector<std::string>& nodes() const { return nodes_; }
  // The nodes that run, with all processes that they have started.
  std::vector<pid_t> node_pids() const;

  // kStop asks a server to end, kKill ends it, kFreeze has it stand still with its connections open.
  enum class Act : unsigned char { kStart, kStop, kKill, kFreeze, kThaw };
  std::string act(Act act, std::string_view name);
  bool has(std::string_view name) const { return servers_.contains(name); }
  // The servers that have ended since the last call though nobody told them to, with the end of what they said.
  std::string casualties();

 private:
  struct Server {
    Program program;
    std::unique_ptr<Process> process;  // none: it has been stopped
  };
  std::string start(Program program);
  std::string launch(Server& server);
  std::filesystem::path log_of(const std::string& name) const { return folder_ / (name + ".log"); }
  std::string last_words(const std::string& name) const;

  const std::filesystem::path folder_;
  const std::string address_;
  std::string origin_, redis_;
  std::vector<std::string> nodes_;
  std::map<std::string, Server, std::less<>> servers_;
  std::vector<std::unique_ptr<Process>> stopped_;  // waited for at the end, so that nothing stands still meanwhile
};

}  // namespace levee::bench
