// A server beside which others are measured: a folder of bench/peers, started with its files filled in.
//
// The folder's peer.conf says how: command WORD...; tls_command, if it differs when TLS is measured; packaged_command,
// if it differs with the log and threads that its Debian package has; version WORD...; folders NAME... to make; tls on,
// if it can. All other files are copied. Words in @ are filled in: those of a NodeSite, and SHM (a folder in memory)
// TLS_PORT CERT KEY PEM SIZE LEVEE BENCH.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bench/servers/deployment.h"
#include "bench/servers/process.h"

namespace levee::bench {

// What all peers of a run are told.
struct PeerTerms {
  std::filesystem::path keys;    // has cert.pem, key.pem and both.pem
  std::filesystem::path memory;  // a folder in memory, of which each takes one
  std::string levee, bench;      // programs
  uint64_t size = 1024;          // of the body that a server without an origin sends
  bool tls = false;              // whether TLS is measured
  bool packaged = false;         // not tuned, where that differs
};

// How the peer is started at this site, on the first processor alone, with its files written there; its port is that of
// TLS if that is measured. Or what is wrong.
std::variant<Program, std::string> make_peer(const std::filesystem::path& folder, const PeerTerms& terms,
                                             const NodeSite& site);

class Peer {
 public:
  // Started at 127.0.0.1, and accepting connections; or what is wrong. `run`: where its own folder goes. `origin`:
  // "127.0.0.1:40000".
  static std::variant<std::unique_ptr<Peer>, std::string> start(const std::filesystem::path& folder,
                                                                const PeerTerms& terms,
                                                                const std::filesystem::path& run,
                                                                const std::string& origin);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  const std::string& name() const { return site_.name; }
  std::string url(std::string_view path) const;
  // It ends meanwhile; the destructor waits for it.
  void ask_to_end() { process_->send_signal(SIGTERM); }
  // Its processes, with all that they have started.
  std::vector<pid_t> pids() const;

 private:
  Peer(NodeSite site, bool tls) : site_(std::move(site)), tls_(tls) {}

  const NodeSite site_;
  const bool tls_;
  uint16_t port_ = 0;
  std::unique_ptr<Process> process_;
};

// Makes the certificate and key that peers are told of. Or what is wrong.
std::string make_keys(const std::filesystem::path& folder);
// The first line of what the peer says of its version; empty: nothing. `scratch`: a folder for what it says.
std::string peer_version(const std::filesystem::path& folder, const PeerTerms& terms,
                         const std::filesystem::path& scratch);
// Waits until it accepts connections at 127.0.0.1; false: it does not, or has ended, or we are interrupted.
bool comes_up(uint16_t port, Process& process);
// Runs a program to its end, for so long, or until we are interrupted; what it printed.
std::string output_of(const std::vector<std::string>& words, const std::filesystem::path& log, double seconds);

}  // namespace levee::bench
