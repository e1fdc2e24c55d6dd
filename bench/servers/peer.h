// A server beside which others are measured: a folder of bench/peers, started with its files filled in.
//
// The folder's peer.conf says how: command WORD...; tls_command, if it differs when TLS is measured; version WORD...;
// folders NAME... to make; tls on, if it can. All other files are copied. Words in @ are filled in: RUN (the peer's own
// folder) SHM (one in memory) PORT TLS_PORT ORIGIN ORIGIN_HOST ORIGIN_PORT CERT KEY PEM SIZE LEVEE BENCH.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bench/servers/process.h"

namespace levee::bench {

struct PeerSite {
  std::filesystem::path run;   // where its own folder goes
  std::filesystem::path keys;  // has cert.pem, key.pem and both.pem
  std::string origin;          // "127.0.0.1:40000"
  std::string levee, bench;    // programs
  uint64_t size = 1024;        // of the body that a server without an origin sends
  bool tls = false;            // whether TLS is measured
};

class Peer {
 public:
  // Started, and accepting connections; or what is wrong. It runs on the first processor alone.
  static std::variant<std::unique_ptr<Peer>, std::string> start(const std::filesystem::path& folder,
                                                                const PeerSite& site);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  const std::string& name() const { return name_; }
  std::string url(std::string_view path) const;
  // Its processes, with all that they have started.
  std::vector<pid_t> pids() const;

 private:
  Peer(const std::filesystem::path& folder, const PeerSite& site);
  std::string make_files(const std::filesystem::path& folder);
  std::string launch(const std::vector<std::string>& words);
  std::string filled(std::string text) const;

  const std::string name_;
  const bool tls_;
  const std::filesystem::path run_, shm_;
  uint16_t port_ = 0, tls_port_ = 0;
  std::vector<std::pair<std::string, std::string>> values_;
  std::unique_ptr<Process> process_;
};

// The first line of what the peer says of its version; empty: nothing.
std::string peer_version(const std::filesystem::path& folder, const PeerSite& site);
// Waits until it accepts connections at 127.0.0.1; false: it does not, or has ended.
bool comes_up(uint16_t port, Process& process);
// Runs a program to its end, or for so long; what it printed.
std::string output_of(const std::vector<std::string>& words, const std::filesystem::path& log, double seconds);

}  // namespace levee::bench
