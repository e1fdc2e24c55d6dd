#include "bench/servers/peer.h"

#include <unistd.h>

#include <fstream>
#include <iterator>

#include "bench/client/http_client.h"
#include "bench/servers/launch.h"
#include "conf/tree.h"

namespace levee::bench {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::pair<std::string, std::string>>;

const std::string kAddress = "127.0.0.1";

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The words of the peer.conf's line; none: there is no such line.
std::vector<std::string> words_of(const std::string& text, std::string_view name) {
  const auto lines = conf::parse_text(text, "peer.conf", "");
  const auto* const nodes = std::get_if<std::vector<conf::Node>>(&lines);
  if (nodes == nullptr) return {};
  for (const conf::Node& node : *nodes) {
    if (node.words[0] == name) return {node.words.begin() + 1, node.words.end()};
  }
  return {};
}

Words values_of(const PeerSite& site) {
  return {{"ORIGIN", site.origin},
          {"ORIGIN_HOST", site.origin.substr(0, site.origin.find(':'))},
          {"ORIGIN_PORT", site.origin.substr(site.origin.find(':') + 1)},
          {"CERT", site.keys / "cert.pem"},
          {"KEY", site.keys / "key.pem"},
          {"PEM", site.keys / "both.pem"},
          {"SIZE", std::to_string(site.size)},
          {"LEVEE", site.levee},
          {"BENCH", site.bench}};
}

}  // namespace

bool comes_up(uint16_t port, Process& process) {
  for (const int64_t until = now_us() + 15'000'000; now_us() < until && process.runs(); usleep(50'000)) {
    if (accepts(kAddress, port)) return true;
  }
  return false;
}

std::string output_of(const std::vector<std::string>& words, const fs::path& log, double seconds) {
  fs::remove(log);
  {
    Process process(words, log);
    const int64_t until = now_us() + static_cast<int64_t>(seconds * 1e6);
    while (process.runs() && now_us() < until) usleep(10'000);
  }
  return read_file(log);
}

std::string peer_version(const fs::path& folder, const PeerSite& site) {
  auto words = words_of(with_words(read_file(folder / "peer.conf"), values_of(site)), "version");
  if (words.empty()) return "";
  const std::string said = output_of(words, site.run / "version", 5);
  return said.substr(0, said.find('\n'));
}

std::variant<std::unique_ptr<Peer>, std::string> Peer::start(const fs::path& folder, const PeerSite& site) {
  std::unique_ptr<Peer> peer(new Peer(folder, site));
  const std::string text = peer->filled(read_file(folder / "peer.conf"));
  if (site.tls && words_of(text, "tls").empty()) return "has no TLS";
  auto words = words_of(text, site.tls ? "tls_command" : "command");
  if (words.empty()) words = words_of(text, "command");
  if (words.empty()) return "no command in " + (folder / "peer.conf").string();
  std::error_code error;
  for (const std::string& name : words_of(text, "folders")) fs::create_directories(peer->run_ / name, error);
  if (std::string wrong = peer->make_files(folder); !wrong.empty()) return wrong;
  if (std::string wrong = peer->launch(words); !wrong.empty()) return wrong;
  return peer;
}

Peer::Peer(const fs::path& folder, const PeerSite& site)
    : name_(folder.filename()),
      tls_(site.tls),
      run_(site.run / name_),
      shm_("/dev/shm/levee-compare-" + std::to_string(getpid()) + "-" + name_),
      port_(free_port(kAddress)),
      tls_port_(free_port(kAddress)),
      values_(values_of(site)) {
  std::error_code error;
  fs::create_directories(run_, error);
  fs::create_directories(shm_, error);
  values_.insert(
      values_.end(),
      {{"RUN", run_}, {"SHM", shm_}, {"PORT", std::to_string(port_)}, {"TLS_PORT", std::to_string(tls_port_)}});
}

Peer::~Peer() {
  process_.reset();
  std::error_code error;
  fs::remove_all(shm_, error);
  fs::remove_all(run_, error);
}

std::string Peer::filled(std::string text) const {
  return with_words(std::move(text), values_);
}

std::string Peer::make_files(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    if (!entry.is_regular_file()) continue;
    const fs::path to = run_ / fs::relative(entry.path(), folder);
    fs::create_directories(to.parent_path(), error);
    if (!(std::ofstream(to) << filled(read_file(entry.path())))) return "cannot write " + to.string();
  }
  return error ? folder.string() + ": " + error.message() : "";
}

std::string Peer::launch(const std::vector<std::string>& words) {
  std::vector<std::string> pinned{"taskset", "-c", "0"};
  pinned.insert(pinned.end(), words.begin(), words.end());
  const fs::path log = run_ / "output";
  process_ = std::make_unique<Process>(pinned, log);
  if (comes_up(tls_ ? tls_port_ : port_, *process_)) return "";
  std::string said = read_file(log);
  return "does not start: " + said.substr(said.size() - std::min<size_t>(said.size(), 300));
}

std::string Peer::url(std::string_view path) const {
  return (tls_ ? "https://127.0.0.1:" + std::to_string(tls_port_) : "http://127.0.0.1:" + std::to_string(port_)) +
         std::string(path);
}

std::vector<pid_t> Peer::pids() const {
  return family(process_->pid());
}

}  // namespace levee::bench
