#include <csignal>

#include "bench/client/http_client.h"
#include "bench/compare/case.h"
#include "bench/servers/launch.h"
#include "bench/servers/proc.h"

namespace levee::bench {
namespace {

// One request that is waited for; its body.
class Exchange final : public HttpClient::Observer {
 public:
  static std::string run(const std::string& url, std::string_view method) {
    const auto target = parse_target(url);
    if (!target) return "";
    ClientLoop loop(5'000);
    Exchange self(loop, *target);
    self.client_.send(method, target->path, method == "POST" ? "Content-Length: 0\r\n" : "");
    event_base_dispatch(&loop.base());
    return self.body_;
  }

 private:
  Exchange(ClientLoop& loop, const Target& target) : loop_(loop), client_(loop, target, *this) {}
  void on_head(const ResponseHead&) override {}
  void on_body(std::string_view bytes) override { body_ += bytes; }
  void on_end() override { event_base_loopbreak(&loop_.base()); }
  void on_failure(Failure) override { event_base_loopbreak(&loop_.base()); }

  ClientLoop& loop_;
  std::string body_;
  HttpClient client_;
};

Stage::Words on_second(Stage::Words words) {
  words.insert(words.begin(), {"taskset", "-c", std::to_string(processors().of_rest)});
  return words;
}

}  // namespace

Stage::Stage(std::string bench, const std::string& media, std::filesystem::path folder, bool quick)
    : bench_(std::move(bench)), media_(media), folder_(std::move(folder)), quick_(quick) {}

std::string Stage::prepare() {
  std::signal(SIGPIPE, SIG_IGN);
  if (std::string wrong = make_keys(folder_); !wrong.empty()) return wrong;
  const uint16_t port = free_port("127.0.0.1");
  origin_ = "127.0.0.1:" + std::to_string(port);
  process_ =
      std::make_unique<Process>(on_second({bench_, "origin", "--quiet", "--listen", origin_, "--media", media_}));
  return comes_up(port, *process_) ? "" : "the origin does not start";
}

std::variant<std::unique_ptr<Peer>, std::string> Stage::start(const std::filesystem::path& peer,
                                                              const std::string& levee,
                                                              const Scenario& scenario) const {
  const PeerTerms terms{.keys = folder_,
                        .memory = memory_.path(),
                        .levee = levee,
                        .bench = bench_,
                        .size = scenario.size,
                        .tls = scenario.tls,
                        .packaged = scenario.packaged};
  return Peer::start(peer, terms, folder_, origin_);
}

std::variant<Json, std::string> Stage::load(const Peer& peer, const std::string& command, std::string_view path,
                                            const Words& more) {
  Words words = on_second({bench_, command, peer.url(path), "--json"});
  for (const pid_t pid : peer.pids()) words.insert(words.end(), {"--pid", std::to_string(pid)});
  words.insert(words.end(), more.begin(), more.end());
  const std::string said = output_of(words, folder_ / "load", 150);
  const size_t begin = said.starts_with('{') ? 0 : said.find("\n{") + 1;
  Json found = Json::parse(said.substr(begin), nullptr, false);
  if (!found.is_object()) return command + " said: " + said.substr(0, 300);
  return found;
}

void Stage::tell(std::string_view what) const {
  Exchange::run("http://" + origin_ + "/control/" + std::string(what), "POST");
}

Json Stage::stats() const {
  return Json::parse(Exchange::run("http://" + origin_ + "/control/stats", "GET"), nullptr, false);
}

}  // namespace levee::bench
