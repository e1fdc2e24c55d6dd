// Scenarios of overload: an origin of so many slots with a fixed service time and a FIFO queue, that is too small for
// what is asked of it, sick, or gone.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "bench/client/http_client.h"
#include "bench/compare/case.h"
#include "bench/compare/rounds.h"
#include "bench/servers/interruption.h"

namespace levee::bench {
namespace {

using Measured = Scenario::Measured;
using Turn = Scenario::Turn;
using As = Headline::As;

const std::vector<std::string> kCaches = {"levee", "nginx", "varnish", "ats"};

double share(double part, double whole) {
  return whole > 0 ? 100 * part / whole : 0;
}

// What an origin is, for the time of a measurement.
class OriginState {
 public:
  OriginState(Stage& stage, const std::string& capacity) : stage_(stage) {
    stage.tell("capacity?" + capacity);
    stage.tell("zero");
  }
  ~OriginState() {
    stage_.tell("ok");
    stage_.tell("capacity");
  }
  OriginState(const OriginState&) = delete;
  OriginState& operator=(const OriginState&) = delete;

 private:
  Stage& stage_;
};

// --- Stale storm.

constexpr int kSlots = 8;

// Until the origin has had nothing to do for a second and a half. The most requests that it has had meanwhile at a
// time, the first seconds left out, in which a limit settles.
int wait_until_quiet(Stage& stage, double most_seconds) {
  constexpr int64_t kSettling = 3'000'000;
  const int64_t began = now_us(), end = began + static_cast<int64_t>(most_seconds * 1e6);
  int most = 0;
  for (int64_t last_busy = began; now_us() < end && now_us() - last_busy < 1'500'000 && interrupted_by() == 0;
       usleep(50'000)) {
    const int active = stage.stats().value("active", 0);
    if (active > 0) last_busy = now_us();
    if (now_us() - began >= kSettling) most = std::max(most, active);
  }
  return most;
}

// Objects that expire together, and what the origin is from which they come.
struct Herd {
  std::string name;
  int objects;
  int service_ms, queue;
  int lifetime_s;  // of the objects; longer than it takes to fill the cache

  std::string origin() const {
    return "slots=" + std::to_string(kSlots) + "&service=" + std::to_string(service_ms) +
           "&queue=" + std::to_string(queue);
  }
  double refreshed_in_at_best() const { return objects * service_ms / 1000.0 / kSlots; }  // seconds
  std::string path(const Peer& peer) const {
    return "/object/1024/" + name + "-" + peer.name() + "-{}?cc=max-age=" + std::to_string(lifetime_s);
  }
  Stage::Words crowd() const { return {"-c", std::to_string(objects), "--objects", std::to_string(objects)}; }
};

// Has all objects, from an origin that is what it will be in the storm and has a slot for each who asks, and sends
// them, fresh, to as many as will come again.
auto fill(const Herd& herd) {
  return [herd, count = std::to_string(herd.objects)](Stage& stage, const Peer& peer) -> Measured {
    const OriginState small(stage, herd.origin());
    const std::string seconds = std::to_string(static_cast<int>(std::ceil(2 * herd.refreshed_in_at_best())));
    auto filled =
        stage.load(peer, "hits", herd.path(peer), {"-c", "8", "-n", count, "--objects", count, "-s", seconds});
    if (auto* wrong = std::get_if<std::string>(&filled)) return *wrong;
    auto fresh = stage.load(peer, "flash", herd.path(peer), herd.crowd());
    if (auto* wrong = std::get_if<std::string>(&fresh)) return *wrong;
    return Json{{"p99_ms", number(std::get<Json>(fresh), "/first_byte_ms/p99")}, {"at_us", now_us()}};
  };
}

// All objects have expired when they are asked for at once.
auto storm(const Herd& herd) {
  return [herd](Stage& stage, const Peer& peer, const Turn& turn) -> Measured {
    const int64_t expired_us = turn.prepared.at("at_us").get<int64_t>() + (herd.lifetime_s + 2) * int64_t{1'000'000};
    while (now_us() < expired_us && interrupted_by() == 0) usleep(50'000);
    const OriginState small(stage, herd.origin());
    auto stale = stage.load(peer, "flash", herd.path(peer), herd.crowd());
    if (auto* wrong = std::get_if<std::string>(&stale)) return *wrong;
    const double ideal = herd.refreshed_in_at_best();
    const int settled_most = wait_until_quiet(stage, ideal * 2 + 5);
    const Json& all = std::get<Json>(stale);
    const Json stats = stage.stats();
    Json measured{
        {"ok_percent", share(number(all, "/answered") - number(all, "/wrong"), herd.objects)},
        {"p99_behind_hits_ms", number(all, "/first_byte_ms/p99") - number(turn.prepared, "/p99_ms")},
        {"origin_most", stats.value("most_active", 0.0)},
        {"origin_dropped", stats.value("refused", 0.0)},
        {"refreshed_percent", share(stats.value("requests", 0.0) - stats.value("refused", 0.0), herd.objects)},
        {"refresh_s", stats.value("busy_ms", 0.0) / 1000},
        {"refresh_ideal_s", ideal}};
    if (settled_most > 0) measured["origin_settled_most"] = settled_most;  // else it was over before
    return measured;
  };
}

// The same of an origin that refuses nobody. Whom it has not answered after five seconds the peers give up, so what
// reached it tells nothing of what was refreshed.
auto queue(const Herd& herd) {
  return [all = storm(herd)](Stage& stage, const Peer& peer, const Turn& turn) -> Measured {
    auto measured = all(stage, peer, turn);
    if (auto* const json = std::get_if<Json>(&measured)) {
      for (const char* what : {"refreshed_percent", "refresh_s", "refresh_ideal_s", "origin_dropped"})
        json->erase(what);
    }
    return measured;
  };
}

// --- Cold overload.

// Distinct uncached objects at ten times what the origin can carry, one in twenty a playlist.
Measured cold(Stage& stage, const Peer& peer, const Turn&) {
  constexpr int kServiceMs = 100;
  constexpr double kCapacity = 1000.0 * kSlots / kServiceMs;
  const int seconds = stage.quick() ? 8 : 30;
  const OriginState small(stage, "slots=8&service=100&queue=1000&collapse_past=64");
  auto got = stage.load(
      peer, "surge", "/",
      {"-s", std::to_string(seconds), "--patience", "8", "-c", "8000", "--service", std::to_string(kServiceMs),
       "--class", "playlist,/object/1024/cold{}.m3u8,40", "--class", "segment,/object/1024/cold{}.m4s,760"});
  if (auto* wrong = std::get_if<std::string>(&got)) return *wrong;
  const Json& classes = std::get<Json>(got).at("classes");
  double done = 0;
  double least = 1e9;
  for (int second = 2; second < seconds; ++second) {  // the first two fill the queue
    const std::string place = "/by_second/" + std::to_string(second) + "/done";
    const double both = number(classes.at("playlist"), place) + number(classes.at("segment"), place);
    done += both;
    least = std::min(least, both);
  }
  const Json& playlists = classes.at("playlist");
  const Json& segments = classes.at("segment");
  return Json{{"goodput_percent", share(done / (seconds - 2), kCapacity)},
              {"goodput_least_percent", share(least, kCapacity)},
              {"playlists_percent", share(number(playlists, "/ok"), number(playlists, "/asked"))},
              {"refused_longest_ms", number(segments, "/refused_ms/max")},
              {"unanswered_percent", share(number(segments, "/failed"), number(segments, "/asked"))},
              {"origin_most", stage.stats().value("most_active", 0.0)}};
}

// --- Origin trouble in mid-surge.

struct Times {
  int before, during, after;  // seconds
};

Stage::Words surge(const Times& times, const std::string& name) {
  const auto word = [](int value) { return std::to_string(value); };
  const int end = times.before + times.during;
  return {"-s",         word(end + times.after),
          "--patience", "12",
          "-c",         "6000",
          "--slow",     "4500",
          "--mark",     "1",
          "--mark",     word(times.before),
          "--mark",     word(end),
          "--class",    "hot,/object/1024/hot-" + name + "-{}?cc=max-age=3600,1000,100",
          "--class",    "stale,/object/1024/stale-" + name + "-{}?cc=max-age=1,200,100",
          "--class",    "new,/object/1024/new-" + name + "-{}?cc=max-age=60,50"};
}

// Seconds from the end of the trouble until new objects are answered as before.
double recovery(const Json& fresh, int from, int to) {
  int last_bad = from - 1;
  for (int second = from; second < to; ++second) {
    const std::string place = "/by_second/" + std::to_string(second);
    if (number(fresh, place + "/ok") < 0.95 * number(fresh, place + "/asked")) last_bad = second;
  }
  return last_bad + 1 - from;
}

// The median of the p99s of these seconds: a pause of the machine's is one of them. None: nothing was answered.
std::optional<double> typical_p99(const Json& of, const std::vector<int>& seconds) {
  std::vector<double> all;
  all.reserve(seconds.size());
  for (const int second : seconds) {
    const std::string place = "/by_second/" + std::to_string(second);
    if (number(of, place + "/ok") > 0) all.push_back(number(of, place + "/ok_ms/p99"));
  }
  return all.empty() ? std::nullopt : std::optional(median(all));
}

// The p99 during the trouble, as a share of what it is before and after.
std::optional<double> p99_meanwhile(const Json& of, const Times& times) {
  const int end = times.before + times.during;
  std::vector<int> during, around;
  for (int second = 1; second < end + times.after; ++second) {
    (second < times.before || second > end ? around : during).push_back(second);
  }
  const auto meanwhile = typical_p99(of, during), otherwise = typical_p99(of, around);
  return meanwhile && otherwise ? std::optional(share(*meanwhile, *otherwise)) : std::nullopt;
}

// `order`: what the origin is told; "" makes it ten times slower.
auto trouble(const std::string& order) {
  return [order](Stage& stage, const Peer& peer, const Turn&) -> Measured {
    const Times times = stage.quick() ? Times{2, 8, 3} : Times{6, 20, 8};
    const int end = times.before + times.during;
    const std::string capacity = "slots=8&queue=1000&collapse_past=64&service=";
    const OriginState usual(stage, capacity + "20");
    Stage::Words words = surge(times, peer.name() + (order.empty() ? "slow" : order));
    const auto at = [&](int second, const std::string& what) {
      words.insert(words.end(), {"--at", std::to_string(second) + "," + what});
    };
    words.insert(words.end(), {"--origin", "http://" + stage.origin()});
    at(times.before, order.empty() ? "capacity?" + capacity + "200" : order);
    at(end, order.empty() ? "capacity?" + capacity + "20" : "ok");
    auto got = stage.load(peer, "surge", "/", words);
    if (auto* wrong = std::get_if<std::string>(&got)) return *wrong;
    const Json& classes = std::get<Json>(got).at("classes");
    const Json& hot = classes.at("hot");
    const Json& stale = classes.at("stale");
    const Json& fresh = classes.at("new");
    double waited_again = 0;  // for a time-out that others had paid when they asked
    for (int second = times.before + 6; second < end; ++second) {
      for (const Json& each : classes) waited_again += number(each, "/by_second/" + std::to_string(second) + "/slow");
    }
    const auto during = [](const Json& all, const char* what) {
      return number(all, std::string("/by_phase/2/") + what);
    };
    const auto before = [](const Json& all, const char* what) {
      return number(all, std::string("/by_phase/1/") + what);
    };
    Json measured{{"hot_p99_before_ms", before(hot, "ok_ms/p99")},
                  {"hot_p99_ms", during(hot, "ok_ms/p99")},
                  {"stale_p99_before_ms", before(stale, "ok_ms/p99")},
                  {"stale_p99_ms", during(stale, "ok_ms/p99")},
                  {"hot_ok_percent", share(during(hot, "ok"), during(hot, "asked"))},
                  {"stale_ok_percent", share(during(stale, "ok"), during(stale, "asked"))},
                  {"waited_again", waited_again},
                  {"recovery_s", recovery(fresh, end, end + times.after)}};
    if (const auto share = p99_meanwhile(hot, times)) measured["hot_p99_percent"] = *share;
    if (const auto share = p99_meanwhile(stale, times)) measured["stale_p99_percent"] = *share;
    return measured;
  };
}

// --- Flapping.

// The origin resets whoever asks, two seconds of every four.
Measured flapping(Stage& stage, const Peer& peer, const Turn&) {
  const int seconds = stage.quick() ? 10 : 62;
  const OriginState usual(stage, "slots=64&service=10&queue=1000");
  Stage::Words words = surge({2, seconds - 2, 0}, peer.name() + "flap");
  words.insert(words.end(), {"--origin", "http://" + stage.origin()});
  int flaps = 0;
  for (int second = 2; second + 4 <= seconds; second += 4) {
    words.insert(words.end(), {"--at", std::to_string(second) + ",reset?for=2000"});
    ++flaps;
  }
  auto got = stage.load(peer, "surge", "/", words);
  if (auto* wrong = std::get_if<std::string>(&got)) return *wrong;
  const Json& stale = std::get<Json>(got).at("classes").at("stale");
  return Json{{"stale_refused", number(stale, "/refused") + number(stale, "/failed")},
              {"stale_p99_ms", number(stale, "/ok_ms/p99")},
              {"attempts_each_s", stage.stats().value("struck", 0.0) / (2.0 * flaps)}};
}

Scenario trouble_scenario(const std::string& name, const std::string& title, const std::string& order, int rounds) {
  return {"origin-" + name,
          "The origin " + title + " in mid-surge",
          kCaches,
          {{As::kPercent, "stale_ok_percent", "origin " + title + ": stale objects answered 200"},
           {As::kMs, "stale_p99_ms", "the same: their p99 meanwhile"},
           {As::kMs, "hot_p99_ms", "the same: p99 of hits"},
           {As::kPercent, "hot_p99_percent", "the same: p99 of hits, of what it is before and after"},
           {As::kPercent, "stale_p99_percent", "the same: p99 of stale objects, of what it is before and after"},
           {As::kCount, "waited_again", "the same: requests that waited for a time-out already paid"},
           {As::kSeconds, "recovery_s", "the same: until new objects come again"}},
          trouble(order),
          rounds};
}

}  // namespace

std::vector<Scenario> overload_scenarios(bool quick) {
  const std::string objects = quick ? "400" : "2,000";
  const int count = quick ? 400 : 2000;
  const Herd dropped{"storm", count, 100, 256, quick ? 10 : 40},
      queued{"queue", count, quick ? 20 : 50, 5000, quick ? 4 : 20};
  const int rounds = quick ? 1 : 3;  // of trouble: to tell a fifth of a p99 from the machine's own moods
  return {
      {"storm",
       objects + " expired objects asked for at once, 8 slots x 100 ms",
       kCaches,
       {{As::kPercent, "ok_percent", objects + " expired objects asked for at once: answered 200"},
        {As::kMs, "p99_behind_hits_ms", "the same: p99 behind that of hits"},
        {As::kCount, "origin_most", "the same: most at the origin at a time (it has 8 slots)"},
        {As::kCount, "origin_settled_most", "the same, from the fourth second on"},
        {As::kCount, "origin_dropped", "the same: dropped by the origin, whose queue holds 256"},
        {As::kPercent, "refreshed_percent", "the same: refreshed by that"},
        {As::kSeconds, "refresh_s",
         "the same: the origin is busy with it for (at best " + std::string(quick ? "5" : "25") + " s)"}},
       storm(dropped),
       1,
       false,
       0,
       fill(dropped)},
      {"queue",
       objects + " expired objects asked for at once, from an origin that lets all of them wait",
       kCaches,
       {{As::kCount, "origin_most",
         objects + " expired objects, an origin that lets all wait: most at the origin at a time"}},
       queue(queued),
       1,
       false,
       0,
       fill(queued)},
      {"cold",
       "Distinct uncached objects at ten times the origin's capacity",
       kCaches,
       {{As::kPercent, "goodput_percent",
         "uncached objects at 10 times the origin's capacity: goodput of what it can carry"},
        {As::kPercent, "playlists_percent", "the same: playlists answered"},
        {As::kMs, "refused_longest_ms", "the same: longest wait of those refused"}},
       cold},
      trouble_scenario("hang", "hangs", "hang", rounds),
      trouble_scenario("reset", "resets connections", "reset", rounds),
      trouble_scenario("503", "answers 503", "503", rounds),
      trouble_scenario("slow", "is 10 times slower", "", rounds),
      {"flapping",
       "The origin is up for 2 s and down for 2 s",
       kCaches,
       {{As::kCount, "stale_refused", "origin up 2 s, down 2 s: stale objects refused"},
        {As::kCount, "attempts_each_s", "the same: requests that reach it each second while it is down"}},
       flapping},
  };
}

}  // namespace levee::bench
