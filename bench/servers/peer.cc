#include "bench/servers/peer.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "bench/client/http_client.h"
#include "bench/servers/interruption.h"
#include "bench/servers/launch.h"
#include "bench/servers/proc.h"
#include "conf/tree.h"

namespace levee::bench {
namespace {

namespace fs = std::filesystem;
using Values = std::vector<std::pair<std::string, std::string>>;

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

Values values_of(const PeerTerms& terms) {
  return {{"CERT", terms.keys / "cert.pem"},    {"KEY", terms.keys / "key.pem"}, {"PEM", terms.keys / "both.pem"},
          {"SIZE", std::to_string(terms.size)}, {"LEVEE", terms.levee},          {"BENCH", terms.bench}};
}

// Copies the folder's files, with their words filled in. Or what is wrong.
std::string copy_files(const fs::path& folder, const fs::path& run, const Values& values) {
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    if (!entry.is_regular_file()) continue;
    const fs::path to = run / fs::relative(entry.path(), folder);
    fs::create_directories(to.parent_path(), error);
    if (std::string wrong = write_text(to, with_words(read_file(entry.path()), values)); !wrong.empty()) return wrong;
  }
  return error ? folder.string() + ": " + error.message() : "";
}

}  // namespace

bool comes_up(uint16_t port, Process& process) {
  for (const int64_t until = now_us() + 15'000'000; now_us() < until && process.runs() && interrupted_by() == 0;
       usleep(50'000)) {
    if (accepts(kAddress, port)) return true;
  }
  return false;
}

std::string output_of(const std::vector<std::string>& words, const fs::path& log, double seconds) {
  fs::remove(log);
  {
    Process process(words, log);
    const int64_t until = now_us() + static_cast<int64_t>(seconds * 1e6);
    while (process.runs() && now_us() < until && interrupted_by() == 0) usleep(10'000);
  }
  return read_file(log);
}

std::string make_keys(const fs::path& folder) {
  const std::string key = folder / "key.pem";
  const std::string cert = folder / "cert.pem";
  output_of({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
             "2", "-subj", "/CN=localhost", "-keyout", key, "-out", cert},
            folder / "openssl", 20);
  if (!std::ifstream(cert)) return "openssl makes no certificate";
  return write_text(folder / "both.pem", read_file(cert) + read_file(key));
}

std::string peer_version(const fs::path& folder, const PeerTerms& terms, const fs::path& scratch) {
  const auto words = words_of(with_words(read_file(folder / "peer.conf"), values_of(terms)), "version");
  if (words.empty()) return "";
  const std::string said = output_of(words, scratch / "version", 5);
  return said.substr(0, said.find('\n'));
}

std::variant<Program, std::string> make_peer(const fs::path& folder, const PeerTerms& terms, const NodeSite& site) {
  const uint16_t tls_port = free_port(site.address);
  const fs::path memory = terms.memory / site.name;
  Values values = site.values();
  for (auto& value : values_of(terms)) values.push_back(std::move(value));
  values.insert(values.end(), {{"SHM", memory}, {"TLS_PORT", std::to_string(tls_port)}});
  const std::string text = with_words(read_file(folder / "peer.conf"), values);
  if (terms.tls && words_of(text, "tls").empty()) return "has no TLS";
  auto words = words_of(text, terms.packaged ? "packaged_command" : terms.tls ? "tls_command" : "command");
  if (words.empty()) words = words_of(text, "command");
  if (words.empty()) return "no command in " + (folder / "peer.conf").string();
  std::error_code error;
  fs::remove_all(memory, error);
  fs::create_directories(memory, error);
  for (const std::string& name : words_of(text, "folders")) fs::create_directories(site.folder / name, error);
  if (std::string wrong = copy_files(folder, site.folder, values); !wrong.empty()) return wrong;
  words.insert(words.begin(), {"taskset", "-c", std::to_string(processors().of_server)});
  return Program{site.name, std::move(words), terms.tls ? tls_port : site.port};
}

std::variant<std::unique_ptr<Peer>, std::string> Peer::start(const fs::path& folder, const PeerTerms& terms,
                                                             const fs::path& run, const std::string& origin) {
  NodeSite site{.name = folder.filename(), .address = kAddress, .port = free_port(kAddress), .origin = origin};
  site.folder = run / site.name;
  fs::create_directories(site.folder);
  std::unique_ptr<Peer> peer(new Peer(site, terms.tls));
  auto made = make_peer(folder, terms, site);
  if (auto* wrong = std::get_if<std::string>(&made)) return *wrong;
  const Program& program = std::get<Program>(made);
  const fs::path log = site.folder / "output";
  peer->port_ = program.port;
  peer->process_ = std::make_unique<Process>(program.words, log);
  if (comes_up(program.port, *peer->process_)) return peer;
  const std::string said = read_file(log);
  return "does not start: " + said.substr(said.size() - std::min<size_t>(said.size(), 300));
}

Peer::~Peer() {
  process_.reset();
  std::error_code error;
  fs::remove_all(site_.folder, error);
}

std::string Peer::url(std::string_view path) const {
  return (tls_ ? "https://" : "http://") + kAddress + ":" + std::to_string(port_) + std::string(path);
}

std::vector<pid_t> Peer::pids() const {
  return family(process_->pid());
}

}  // namespace levee::bench
