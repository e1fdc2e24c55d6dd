#include "bench/servers/deployment.h"

#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <system_error>

#include "bench/servers/launch.h"

namespace levee::bench {
namespace {

constexpr int kPatienceMs = 15'000;  // that a server may take to accept connections
constexpr int kPauseMs = 20;

// An address that no other process is likely to use, so that ports do not collide.
std::string own_address() {
  const int pid = getpid();
  return "127." + std::to_string(pid / 250 % 250 + 1) + "." + std::to_string(pid % 250 + 1) + ".2";
}

// To the server as a whole: workers go on without their master. One that is asked to end tells its own.
void signal(Process& server, int number) {
  if (number == SIGTERM || !server.runs()) return server.send_signal(number);
  for (const pid_t pid : family(server.pid())) kill(pid, number);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> NodeSite::values() const {
  const size_t colon = origin.find(':');
  return {{"NAME", name},
          {"RUN", folder.string()},
          {"ADDRESS", address},
          {"PORT", std::to_string(port)},
          {"PEER_PORT", std::to_string(peer_port)},
          {"ORIGIN", origin},
          {"ORIGIN_HOST", origin.substr(0, colon)},
          {"ORIGIN_PORT", colon == std::string::npos ? "" : origin.substr(colon + 1)},
          {"REDIS", redis}};
}

std::optional<std::string> fill_template(const std::filesystem::path& file, const NodeSite& site) {
  std::ifstream stream(file);
  if (!stream) return std::nullopt;
  return with_words({std::istreambuf_iterator<char>(stream), {}}, site.values());
}

NodeMaker levee_maker(std::string program, std::filesystem::path conf_template) {
  return [program = std::move(program),
          conf_template = std::move(conf_template)](const NodeSite& site) -> std::variant<Program, std::string> {
    const auto text = fill_template(conf_template, site);
    if (!text) return "cannot read " + conf_template.string();
    const std::string conf = (site.folder / "levee.conf").string();
    const std::filesystem::path secret = site.folder / "peer.secret";
    std::string wrong = write_text(conf, *text);
    if (wrong.empty()) wrong = write_text(secret, "of a rehearsal that nobody else takes part in\n");
    if (!wrong.empty()) return wrong;
    std::filesystem::permissions(secret, std::filesystem::perms::owner_read);
    return Program{site.name, {program, "-p", site.folder.string() + "/", "-c", conf}, site.port};
  };
}

Deployment::Deployment(const std::filesystem::path& folder)
    : folder_(std::filesystem::absolute(folder)), address_(own_address()) {
  std::filesystem::create_directories(folder_);
}

Deployment::~Deployment() {
  for (auto& [name, server] : servers_) {
    if (server.process) server.process->send_signal(SIGTERM);
  }
  servers_.clear();
}

std::string Deployment::start_origin(const OriginSetup& setup) {
  const uint16_t port = free_port(address_);
  origin_ = address_ + ":" + std::to_string(port);
  std::vector<std::string> words{"/proc/self/exe", "origin", "--quiet", "--listen", origin_, "--media", setup.media};
  const auto add = [&words](const char* flag, auto value) {
    if (value > 0) words.insert(words.end(), {flag, std::to_string(value)});
  };
  if (const Capacity& capacity = setup.capacity; capacity.slots > 0) {
    words.insert(words.end(), {"--slots", std::to_string(capacity.slots), "--queue", std::to_string(capacity.queue)});
    add("--service", capacity.service_ms);
    add("--collapse-past", capacity.collapse_past);
  }
  add("--ttfb", setup.ttfb_ms);
  add("--rate", setup.rate);
  return start({"origin", words, port});
}

std::string Deployment::start_redis() {
  const uint16_t port = free_port(address_);
  redis_ = address_ + ":" + std::to_string(port);
  return start({"redis",
                {"redis-server", "--bind", address_, "--port", std::to_string(port), "--save", "", "--appendonly", "no",
                 "--protected-mode", "no", "--dir", folder_.string()},
                port});
}

std::string Deployment::start_node(const NodeMaker& maker) {
  NodeSite site;
  site.name = "node" + std::to_string(nodes_.size() + 1);
  site.folder = folder_ / site.name;
  site.address = address_;
  site.port = free_port(address_);
  site.peer_port = free_port(address_);
  site.origin = origin_;
  site.redis = redis_;
  std::filesystem::create_directories(site.folder);
  auto made = maker(site);
  if (const auto* const wrong = std::get_if<std::string>(&made)) return site.name + ": " + *wrong;
  nodes_.push_back(address_ + ":" + std::to_string(site.port));
  return start(std::move(std::get<Program>(made)));
}

std::string Deployment::start(Program program) {
  Server& server = servers_[program.name];
  server.program = std::move(program);
  return launch(server);
}

std::string Deployment::launch(Server& server) {
  const Program& program = server.program;
  server.process = std::make_unique<Process>(program.words, log_of(program.name).string());
  for (int waited = 0; waited < kPatienceMs && server.process->runs(); waited += kPauseMs) {
    if (accepts(address_, program.port)) return {};
    usleep(kPauseMs * 1000);
  }
  const bool runs = server.process->runs();
  server.process.reset();
  return program.name + (runs ? " does not accept connections" : " does not start") + ": " + last_words(program.name);
}

std::vector<pid_t> Deployment::node_pids() const {
  std::vector<pid_t> pids;
  for (const auto& [name, server] : servers_) {
    if (name.starts_with("node") && server.process && server.process->runs()) {
      const std::vector<pid_t> all = family(server.process->pid());
      pids.insert(pids.end(), all.begin(), all.end());
    }
  }
  return pids;
}

std::string Deployment::act(Act act, std::string_view name) {
  const auto found = servers_.find(name);
  if (found == servers_.end()) return "there is no " + std::string(name);
  Server& server = found->second;
  switch (act) {
    case Act::kStart:
      if (server.process && server.process->runs()) return {};
      server.process = std::make_unique<Process>(server.program.words, log_of(server.program.name).string());
      return {};
    case Act::kStop:
    case Act::kKill:
      if (!server.process) return {};
      signal(*server.process, act == Act::kStop ? SIGTERM : SIGKILL);
      stopped_.push_back(std::move(server.process));
      return {};
    case Act::kFreeze:
    case Act::kThaw:
      if (server.process) signal(*server.process, act == Act::kFreeze ? SIGSTOP : SIGCONT);
      return {};
  }
  return {};
}

std::string Deployment::casualties() {
  std::string text;
  for (auto& [name, server] : servers_) {
    if (!server.process || server.process->runs()) continue;
    text += name + " has ended: " + last_words(name) + "\n";
    server.process.reset();
  }
  return text;
}

std::string Deployment::last_words(const std::string& name) const {
  std::ifstream stream(log_of(name));
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  constexpr size_t kMost = 600;
  return text.size() > kMost ? "..." + text.substr(text.size() - kMost) : text;
}

}  // namespace levee::bench
