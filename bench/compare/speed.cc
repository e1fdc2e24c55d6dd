// Scenarios of speed: what a hit costs, what a crowd waits, what a connection weighs.
#include "bench/compare/case.h"

namespace levee::bench {
namespace {

using Measured = Scenario::Measured;
using Turn = Scenario::Turn;
using As = Headline::As;

const std::vector<std::string> kPlain = {"levee", "nginx", "varnish", "ats", "haproxy", "loop"};
const std::vector<std::string> kTls = {"levee", "nginx", "haproxy", "loop"};
const std::vector<std::string> kCaches = {"levee", "nginx", "varnish", "ats", "haproxy"};

std::string hit_path(uint64_t size) {
  return "/object/" + std::to_string(size) + "/hit";
}

// The same object again and again, 64 connections.
auto hits(uint64_t size, const char* seconds) {
  return [path = hit_path(size), seconds](Stage& stage, const Peer& peer, const Turn&) -> Measured {
    auto got = stage.load(peer, "hits", path, {"-c", "64", "-s", seconds});
    if (auto* wrong = std::get_if<std::string>(&got)) return *wrong;
    const Json& all = std::get<Json>(got);
    return Json{{"cpu_us", number(all, "/server_cpu_us_per_request")},
                {"rps", number(all, "/requests_per_s")},
                {"bad", number(all, "/failed") + number(all, "/not_2xx")}};
  };
}
auto warm(uint64_t size) {
  return [path = hit_path(size)](Stage& stage, const Peer& peer) -> Measured {
    return stage.load(peer, "hits", path, {"-c", "8", "-s", "0.3"});
  };
}

// A thousand connections ask at once for an object that begins after 200 ms and takes a second more.
Measured flash(Stage& stage, const Peer& peer, const Turn& turn) {
  const std::string query = "?ttfb=200&rate=2097152";
  const std::string object = "/object/2097152/flash-" + peer.name() + std::to_string(turn.number);
  auto got = stage.load(peer, "flash", object + query,
                        {"-c", "1000", "--origin", "http://" + stage.origin() + "/object/2097152/alone" + query});
  if (auto* wrong = std::get_if<std::string>(&got)) return *wrong;
  const Json& all = std::get<Json>(got);
  return Json{{"first_p99_ms", number(all, "/first_byte_ms/p99")},
              {"first_p99_behind_ms", number(all, "/first_byte_ms/p99") - number(all, "/origin_ms/first_byte")},
              {"last_max_behind_ms", number(all, "/last_byte_ms/max") - number(all, "/origin_ms/last_byte")},
              {"cpu_s", number(all, "/server_cpu_s")},
              {"origin_requests", stage.stats().at("paths").at(object).at("requests").get<double>()},
              {"bad", number(all, "/failed") + number(all, "/wrong")}};
}

// The crowd once, before there are threads for it.
auto hits_and_flash(const char* seconds) {
  return [hit = hits(1024, seconds)](Stage& stage, const Peer& peer, const Turn& turn) -> Measured {
    auto got = hit(stage, peer, turn);
    if (turn.number > 0) return got;
    auto crowd = flash(stage, peer, turn);
    for (auto* each : {&got, &crowd}) {
      if (auto* wrong = std::get_if<std::string>(each)) return *wrong;
    }
    Json& all = std::get<Json>(got);
    all["first_p99_ms"] = std::get<Json>(crowd).at("first_p99_ms");
    return all;
  };
}

auto idle(const char* connections) {
  return [=](Stage& stage, const Peer& peer, const Turn&) -> Measured {
    auto got = stage.load(peer, "idle", "/object/1024/idle", {"-c", connections});
    if (auto* wrong = std::get_if<std::string>(&got)) return *wrong;
    const Json& all = std::get<Json>(got);
    return Json{{"resident_MB", number(all, "/resident_MB")},
                {"bytes_each", number(all, "/bytes_per_connection")},
                {"bad", number(all, "/failed")}};
  };
}

auto live(const char* viewers, const char* seconds) {
  return [=](Stage& stage, const Peer& peer, const Turn&) -> Measured {
    auto got = stage.load(peer, "live", "/sim-chunked/250000x2000/index.m3u8", {"-c", viewers, "-s", seconds});
    if (auto* wrong = std::get_if<std::string>(&got)) return *wrong;
    const Json& all = std::get<Json>(got);
    return Json{{"first_p50_ms", number(all, "/segment_first_byte_ms/p50")},
                {"first_p99_ms", number(all, "/segment_first_byte_ms/p99")},
                {"cpu_s", number(all, "/server_cpu_s")},
                {"lag_p99_ms", number(all, "/generator_lag_ms/p99")},
                {"bad", number(all, "/errors")}};
  };
}

}  // namespace

std::vector<Scenario> speed_scenarios(bool quick) {
  const char* const seconds = quick ? "0.6" : "1";
  const int rounds = quick ? 3 : 9;  // many short ones: what else the machine does comes and goes within seconds
  const auto per_cpu = [](const char* label) { return std::vector{Headline{As::kRatio, "cpu_us", label}}; };
  constexpr uint64_t kMiB = 1U << 20U;
  const std::string idle_tls =
      std::string(quick ? "2,000" : "10,000") + " idle connections over TLS";  // handshakes take long
  const std::vector<std::string> packaged = {"nginx", "varnish", "ats", "haproxy"};
  return {
      {"hits1k", "1 KiB hits", kPlain, per_cpu("1 KiB hits"), hits(1024, seconds), rounds, false, 1024, warm(1024)},
      {"hits1m", "1 MiB hits", kPlain, per_cpu("1 MiB hits"), hits(kMiB, seconds), rounds, false, kMiB, warm(kMiB)},
      {"tls1k", "1 KiB hits over TLS", kTls, per_cpu("1 KiB hits, TLS 1.3"), hits(1024, seconds), rounds, true, 1024,
       warm(1024)},
      {"tls1m", "1 MiB hits over TLS", kTls, per_cpu("1 MiB hits, TLS 1.3"), hits(kMiB, seconds), rounds, true, kMiB,
       warm(kMiB)},
      {"flash",
       "1,000 ask at once for 2 MiB that take 200 ms and a second",
       kCaches,
       {{As::kMs, "first_p99_behind_ms",
         "1,000 ask at once for 2 MiB that take 1.2 s: first byte p99 behind the origin's"},
        {As::kMs, "last_max_behind_ms", "the same, last byte"},
        {As::kCount, "origin_requests", "the same: requests to the origin"}},
       flash,
       quick ? 1 : 3},
      {"packaged",
       "Varnish and ATS with the log and threads of Debian's packages: 1 KiB hits, and the crowd of 1,000",
       packaged,
       {{As::kRatio, "cpu_us", "1 KiB hits, Varnish and ATS with the log and threads that their packages set"},
        {As::kMs, "first_p99_ms", "the same: 1,000 ask at once for 2 MiB that take 1.2 s: first byte p99"}},
       hits_and_flash(seconds),
       quick ? 2 : 9,
       false,
       1024,
       warm(1024),
       true},
      {"idle",
       "10,000 idle connections",
       kCaches,
       {{As::kMegabytes, "resident_MB", "10,000 idle connections, resident"}},
       idle("10000")},
      {"idletls",
       idle_tls,
       {"levee", "nginx", "haproxy"},
       {{As::kMegabytes, "resident_MB", idle_tls + ", resident"}},
       idle(quick ? "2000" : "10000"),
       1,
       true},
      {"live",
       "Viewers of a live playlist whose segments come as they are made",
       {"levee", "nginx", "varnish", "ats"},
       {{As::kMs, "first_p99_ms",
         std::string(quick ? "1,000" : "2,000") + " viewers of a live playlist: segment's first byte p99"},
        {As::kSeconds, "cpu_s", "the same, server CPU"}},
       live(quick ? "1000" : "2000", quick ? "6" : "16")},
  };
}

}  // namespace levee::bench
