#include "bench/rehearse/open_load.h"

#include "bench/load/common.h"
#include "bench/origin/pattern.h"
#include "bench/viewer/cache_word.h"

namespace levee::bench {
namespace {
constexpr uint32_t kVerifyOneIn = 50;
}

class OpenLoad::Ask final : public HttpClient::Observer {
 public:
  explicit Ask(OpenLoad& load) : load_(load) {}

  void send(const Target& target, const std::string& path, bool verifies, int64_t due_us) {
    due_us_ = due_us;
    status_ = 0;
    received_ = 0;
    is_busy_ = is_right_ = true;
    verifies_ = verifies;
    if (verifies) pattern_ = Pattern(path.substr(0, path.find('?')));
    load_.crowd_.tally.add(&Second::requests);
    load_.crowd_.connections.get(load_.home_, target, path, load_.fields_, *this);
  }
  bool is_busy() const { return is_busy_; }
  int64_t first_waits_us(int64_t now) const { return received_ == 0 ? now - due_us_ : 0; }
  int64_t whole_waits_us(int64_t now) const { return now - due_us_; }

 private:
  bool wants_body() const override { return verifies_; }
  void on_head(const ResponseHead& head) override {
    status_ = head.status;
    word_ = cache_word(head);
  }
  void on_body(std::string_view bytes) override {
    if (verifies_ && status_ == 200) is_right_ = is_right_ && pattern_.matches(received_, bytes);
    on_skipped(bytes.size());
  }
  void on_skipped(uint64_t bytes) override {
    if (received_ == 0) record_first_byte(now_us());
    received_ += bytes;
  }
  void on_end() override {
    ViewerTally& tally = load_.crowd_.tally;
    count_answer(status_, word_, tally);
    if (verifies_ && status_ == 200) ++tally.verified;
    if (!is_right_) ++tally.wrong_bodies;
    done();
  }
  void on_failure(Failure) override {
    load_.crowd_.tally.add(&Second::errors);
    if (received_ == 0) record_first_byte(now_us());
    done();
  }
  void record_first_byte(int64_t now) {
    load_.crowd_.tally.request_first_byte.record(now - due_us_);
    load_.crowd_.tally.now_first_byte.record(now - due_us_);
  }
  void done() {
    load_.crowd_.tally.add_bytes(received_);
    load_.crowd_.tally.request_whole.record(now_us() - due_us_);
    is_busy_ = false;
    load_.free_.push_back(this);
  }

  OpenLoad& load_;
  int64_t due_us_ = 0;
  int status_ = 0;
  CacheWord word_ = CacheWord::kNone;
  bool is_busy_ = false, verifies_ = false, is_right_ = true;
  uint64_t received_ = 0;
  Pattern pattern_{""};
};

OpenLoad::OpenLoad(Crowd& crowd, const Plan::Requests& requests)
    : crowd_(crowd), requests_(requests), fields_(with_fields(crowd.model.fields, requests.fields)) {}

OpenLoad::~OpenLoad() {
  crowd_.connections.close(home_);
}

int64_t OpenLoad::due_us(uint32_t number) const {
  return requests_.at.count() * 1000 + requests_.over.count() * 1000 * number / requests_.count;
}

void OpenLoad::send_due(int64_t began_us, int64_t now) {
  while (sent_ < requests_.count && began_us + due_us(sent_) <= now) send(began_us + due_us(sent_));
}

void OpenLoad::send(int64_t due_us) {
  if (free_.empty()) {
    asks_.push_back(std::make_unique<Ask>(*this));
    free_.push_back(asks_.back().get());
  }
  Ask& ask = *free_.back();
  free_.pop_back();
  const std::string path = numbered(requests_.path, sent_ % requests_.objects);
  const bool verifies = is_generated(path) && (crowd_.model.verifies || sent_ % kVerifyOneIn == 0);
  const Target& target = crowd_.targets[sent_ % crowd_.targets.size()];
  ++sent_;
  ask.send(target, path, verifies, due_us);
}

void OpenLoad::each_wait(int64_t now, const std::function<void(int64_t, int64_t)>& visit) const {
  for (const auto& ask : asks_) {
    if (ask->is_busy()) visit(ask->first_waits_us(now), ask->whole_waits_us(now));
  }
}

}  // namespace levee::bench
