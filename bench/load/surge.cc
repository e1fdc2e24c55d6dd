#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "bench/client/origin_control.h"
#include "bench/load/common.h"
#include "bench/origin/command.h"

namespace levee::bench {
namespace {

constexpr int64_t kLongestPauseUs = 2'000;  // orders and the end are seen no later

// What the requests of one class that were due in one second came to.
struct Tally {
  uint64_t asked = 0, ok = 0, refused = 0, failed = 0;  // failed: no answer at all
  uint64_t slow = 0;                                    // ok or not, they took as long as --slow
  double done = 0;                                      // ok, by the seconds in which --service was done
  Histogram ok_us, refused_us, all_us;

  void count(int64_t took_us, int status, bool is_slow) {
    all_us.record(took_us);
    if (is_slow) ++slow;
    if (status / 100 == 2) {
      ++ok;
      ok_us.record(took_us);
    } else if (status != 0) {
      ++refused;
      refused_us.record(took_us);
    } else {
      ++failed;
    }
  }
  void merge(const Tally& other) {
    asked += other.asked;
    ok += other.ok;
    refused += other.refused;
    failed += other.failed;
    slow += other.slow;
    done += other.done;
    ok_us.merge(other.ok_us);
    refused_us.merge(other.refused_us);
    all_us.merge(other.all_us);
  }
  Json json() const {
    return {{"asked", asked},
            {"ok", ok},
            {"refused", refused},
            {"failed", failed},
            {"slow", slow},
            {"done", done},
            {"ok_ms", latency_json(ok_us)},
            {"refused_ms", latency_json(refused_us)},
            {"longest_ms", static_cast<double>(all_us.max()) / 1000}};
  }
};

struct RequestClass {
  std::string name, path;
  double per_second = 0;
  uint64_t objects = 0;  // 0: every request another one
  uint64_t asked = 0;
  std::vector<std::unique_ptr<Tally>> seconds, phases;

  int64_t due_us(uint64_t number) const { return static_cast<int64_t>(static_cast<double>(number) * 1e6 / per_second); }
};

// "NAME,PATH,RATE[,OBJECTS]".
std::optional<RequestClass> parse_class(std::string_view text) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (words.size() < 3 || words.size() > 4 || !words[1].starts_with('/')) return std::nullopt;
  RequestClass result{words[0], words[1], 0, 0, 0, {}, {}};
  const auto read = [](const std::string& word, auto& value) {
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    return error == std::errc() && end == word.data() + word.size();
  };
  if (!read(words[2], result.per_second) || result.per_second <= 0) return std::nullopt;
  if (words.size() == 4 && !read(words[3], result.objects)) return std::nullopt;
  return result;
}

// Something to tell the origin: "SECONDS,hang?for=5000".
struct Order {
  double at = 0;
  std::string what;
};
std::optional<Order> parse_order(const std::string& text) {
  Order order;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), order.at);
  if (error != std::errc() || end == text.data() + text.size() || *end != ',') return std::nullopt;
  order.what.assign(end + 1, text.data() + text.size());
  return order;
}

class Surge;

// A connection that is used by whoever is due next.
class Asker final : public HttpClient::Observer {
 public:
  Asker(ClientLoop& loop, const Target& target, Surge& surge) : surge_(surge), client_(loop, target, *this) {}
  void ask(RequestClass& asking, const std::string& path, int64_t due_us) {
    asking_ = &asking;
    due_us_ = due_us;
    status_ = 0;
    client_.get(path, player_fields());
  }

 private:
  bool wants_body() const override { return false; }
  void on_head(const ResponseHead& head) override { status_ = head.status; }
  void on_body(std::string_view) override {}
  void on_end() override;
  void on_failure(Failure failure) override;

  Surge& surge_;
  RequestClass* asking_ = nullptr;
  int64_t due_us_ = 0;
  int status_ = 0;
  HttpClient client_;
};

class Surge {
 public:
  Surge(const SurgeOptions& options, const Target& target, std::vector<RequestClass> classes)
      : options_(options),
        target_(target),
        loop_(static_cast<int64_t>(options.patience * 1000)),
        classes_(std::move(classes)),
        first_number_(static_cast<uint64_t>(time(nullptr)) * 1'000'000) {
    for (RequestClass& each : classes_) {
      for (int second = 0; second <= static_cast<int>(options.seconds); ++second) {
        each.seconds.push_back(std::make_unique<Tally>());
      }
      for (size_t i = 0; i <= options.marks.size(); ++i) each.phases.push_back(std::make_unique<Tally>());
    }
  }

  Json run(const std::optional<Target>& origin, std::deque<Order> orders) {
    if (origin) control_.emplace(loop_, *origin);
    orders_ = std::move(orders);
    timer_.reset(event_new(
        &loop_.base(), -1, 0, [](evutil_socket_t, short, void* self) { static_cast<Surge*>(self)->tick(); }, this));
    began_us_ = now_us();
    sleep_until(0);
    event_base_dispatch(&loop_.base());
    timer_.reset();
    return json();
  }

  // The request is answered (status), or not (0).
  void ended(Asker& asker, RequestClass& asked, int64_t due_us, int status) {
    const int64_t now = now_us();
    const int64_t took = now - due_us;
    if (status / 100 == 2) count_done(asked, now);
    for (Tally* const tally : {&second_of(asked, due_us), &phase_of(asked, due_us)}) {
      tally->count(took, status, static_cast<double>(took) >= options_.slow * 1000);
    }
    --open_;
    idle_.push_back(&asker);
  }

 private:
  // Of an origin that works on several at a time and ends them together a second has one batch more than another.
  void count_done(RequestClass& asked, int64_t now) {
    const double service = options_.service * 1000;
    const auto into_second = static_cast<double>((now - began_us_) % 1'000'000);
    const double late = service > into_second ? into_second / service : 1;  // its part in the second in which it ended
    second_of(asked, now).done += late;
    second_of(asked, now - static_cast<int64_t>(service)).done += 1 - late;
  }
  Tally& second_of(RequestClass& asked, int64_t us) {
    const auto second = static_cast<size_t>(std::max<int64_t>((us - began_us_) / 1'000'000, 0));
    return *asked.seconds[std::min(second, asked.seconds.size() - 1)];
  }
  Tally& phase_of(RequestClass& asked, int64_t us) {
    const double second = static_cast<double>(us - began_us_) / 1e6;
    return *asked.phases[static_cast<size_t>(
        std::ranges::count_if(options_.marks, [&](double mark) { return mark <= second; }))];
  }

  // Sends what is due, and sleeps until the next is: a fixed step would add its own beat to every answer's time.
  void tick() {
    const int64_t elapsed = now_us() - began_us_;
    const auto length = static_cast<int64_t>(options_.seconds * 1e6);
    while (!orders_.empty() && orders_.front().at * 1e6 <= static_cast<double>(elapsed)) {
      if (control_) control_->tell(orders_.front().what);
      orders_.pop_front();
    }
    for (RequestClass& each : classes_) {
      while (each.due_us(each.asked) <= std::min(elapsed, length - 1)) ask(each);
    }
    const auto patience = static_cast<int64_t>(options_.patience * 1e6);
    if (elapsed >= length && (open_ == 0 || elapsed > length + patience)) {
      event_base_loopbreak(&loop_.base());
      return;
    }
    int64_t next = elapsed + kLongestPauseUs;
    for (const RequestClass& each : classes_) {
      if (each.due_us(each.asked) < length) next = std::min(next, each.due_us(each.asked));
    }
    sleep_until(next);
  }

  void sleep_until(int64_t us) {
    const timeval pause{0, static_cast<suseconds_t>(std::max<int64_t>(began_us_ + us - now_us(), 0))};
    event_add(timer_.get(), &pause);
  }

  void ask(RequestClass& asking) {
    const int64_t due = began_us_ + asking.due_us(asking.asked);
    const uint64_t number = asking.objects > 0 ? asking.asked % asking.objects : first_number_ + asking.asked;
    ++asking.asked;
    ++second_of(asking, due).asked;
    ++phase_of(asking, due).asked;
    lag_.record(now_us() - due);
    if (idle_.empty() && askers_.size() >= options_.connections) {
      ++second_of(asking, due).failed;
      ++phase_of(asking, due).failed;
      ++unsent_;
      return;
    }
    if (idle_.empty()) idle_.push_back(&askers_.emplace_back(loop_, target_, *this));
    Asker& asker = *idle_.back();
    idle_.pop_back();
    ++open_;
    asker.ask(asking, numbered(asking.path, number), due);
  }

  Json json() const {
    Json report{{"seconds", options_.seconds}, {"connections", askers_.size()}, {"unsent", unsent_}};
    report["generator_lag_ms"] = latency_json(lag_);
    if (control_ && !control_->refused().empty()) report["refused_orders"] = control_->refused();
    for (const RequestClass& each : classes_) {
      Tally total;
      Json& its = report["classes"][each.name] = Json::object();
      for (const auto& phase : each.phases) its["by_phase"].push_back(phase->json());
      for (const auto& second : each.seconds) {
        total.merge(*second);
        its["by_second"].push_back(second->json());
      }
      its.update(total.json());
    }
    return report;
  }

  const SurgeOptions& options_;
  const Target& target_;
  ClientLoop loop_;
  std::unique_ptr<event, decltype(&event_free)> timer_{nullptr, event_free};
  std::vector<RequestClass> classes_;
  const uint64_t first_number_;  // of objects that nobody has asked for before
  std::deque<Order> orders_;
  std::optional<OriginControl> control_;
  std::deque<Asker> askers_;
  std::vector<Asker*> idle_;
  int64_t began_us_ = 0;
  uint64_t open_ = 0, unsent_ = 0;
  Histogram lag_;
};

void Asker::on_end() {
  surge_.ended(*this, *asking_, due_us_, status_);
}
void Asker::on_failure(Failure) {
  surge_.ended(*this, *asking_, due_us_, 0);
}

}  // namespace

int run_surge(const SurgeOptions& options) {
  const auto target = begin_load(options);
  if (!target) return 2;
  std::vector<RequestClass> classes;
  for (const std::string& text : options.classes) {
    auto parsed = parse_class(text);
    if (!parsed) return std::fprintf(stderr, "levee-bench: not NAME,PATH,RATE[,OBJECTS]: %s\n", text.c_str()), 2;
    classes.push_back(std::move(*parsed));
  }
  std::deque<Order> orders;
  for (const std::string& text : options.orders) {
    const auto parsed = parse_order(text);
    if (!parsed) return std::fprintf(stderr, "levee-bench: not SECONDS,WHAT: %s\n", text.c_str()), 2;
    const auto command = read_command(parsed->what);
    if (const auto* const wrong = std::get_if<std::string>(&command)) {
      return std::fprintf(stderr, "levee-bench: --at %s: %s\n", text.c_str(), wrong->c_str()), 2;
    }
    orders.push_back(*parsed);
  }
  std::optional<Target> origin;
  if (!options.origin.empty() && !(origin = checked_target(options.origin, options.allow_remote))) return 2;
  const ServerCost cost(options.pids);
  Json report = Surge(options, *target, std::move(classes)).run(origin, std::move(orders));
  cost.add_to(report, 0);
  print_report(report, options.json);
  return report.contains("refused_orders") ? 1 : 0;
}

}  // namespace levee::bench
