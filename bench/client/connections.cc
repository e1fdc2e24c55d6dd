#include "bench/client/connections.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace levee::bench {
namespace {
constexpr size_t kLooks = 16;
constexpr timeval kSocketPause{0, 50'000};
}  // namespace

// Passes what it hears on to whoever asks at the moment.
class Connections::Connection final : public HttpClient::Observer {
 public:
  Connection(Connections& all, Home& home, const Target& target)
      : all_(all), target_(&target), client_(all.loop_, target, *this) {
    belong_to(home);
  }
  ~Connection() override { leave_home(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool is_idle() const { return observer_ == nullptr; }
  bool serves(const HttpClient::Observer& observer) const { return observer_ == &observer; }
  const Target& target() const { return *target_; }

  void move_to(Home& home, const Target& target) {
    leave_home();
    if (home.line_.rate > 0) client_.close();  // a slow line's socket is another
    belong_to(home);
    target_ = &target;
    client_.turn_to(target);
  }
  bool open() { return client_.open(); }
  bool is_open() const { return client_.is_open(); }
  void get(std::string_view path, std::string_view fields, HttpClient::Observer& observer) {
    observer_ = &observer;
    path_ = path;
    fields_ = fields;
    home_->all_.splice(home_->all_.begin(), home_->all_, home_place_);
    client_.get(path, fields);
  }
  void abandon() {
    observer_ = nullptr;
    client_.close();
  }
  void last_at_home() { home_->all_.splice(home_->all_.end(), home_->all_, home_place_); }

  std::list<Connection*>::iterator idle_place;
  std::list<std::unique_ptr<Connection>>::iterator place;

 private:
  bool wants_body() const override { return observer_->wants_body(); }
  void on_head(const ResponseHead& head) override { observer_->on_head(head); }
  void on_body(std::string_view bytes) override { observer_->on_body(bytes); }
  void on_skipped(uint64_t bytes) override { observer_->on_skipped(bytes); }
  void on_end() override {
    HttpClient::Observer& observer = *std::exchange(observer_, nullptr);
    all_.became_idle(*this);
    observer.on_end();
    all_.serve_waiting();
  }
  void on_failure(Failure failure) override {
    const int why = errno;
    HttpClient::Observer& observer = *std::exchange(observer_, nullptr);
    all_.became_idle(*this);
    if (failure == Failure::kNoSocket) return all_.ask_later({home_, target_, path_, fields_, &observer}, why);
    observer.on_failure(failure);
    all_.serve_waiting();
  }
  void belong_to(Home& home) {
    home_ = &home;
    home_place_ = home.all_.insert(home.all_.end(), this);
    client_.use(home.line_);
  }
  void leave_home() { home_->all_.erase(home_place_); }

  Connections& all_;
  const Target* target_;
  Home* home_ = nullptr;
  std::list<Connection*>::iterator home_place_;
  HttpClient::Observer* observer_ = nullptr;
  std::string path_, fields_;  // of what is asked for
  HttpClient client_;
};

Connections::Connections(ClientLoop& loop, size_t most)
    : loop_(loop),
      most_(std::max<size_t>(most, 1)),
      again_(evtimer_new(
                 &loop.base(),
                 [](evutil_socket_t, short, void* self) { static_cast<Connections*>(self)->serve_waiting(); }, this),
             event_free) {}
Connections::~Connections() = default;

// The one that it used last, which is warm. Idle ones stand behind busy ones; few looks, as a load has thousands.
Connections::Connection* Connections::idle_of(Home& home, const Target& target) {
  size_t looks = 0;
  for (auto each = home.all_.rbegin(); each != home.all_.rend() && looks < kLooks; ++each, ++looks) {
    if ((*each)->is_idle() && &(*each)->target() == &target) return *each;
  }
  return nullptr;
}

// This machine has no socket to give (errno): who waits asks again soon.
void Connections::ran_short(int why) {
  shortage_ = why;
  if (evtimer_pending(again_.get(), nullptr) == 0) evtimer_add(again_.get(), &kSocketPause);
}

// 0: it has a socket now. Else why this machine has none for it (errno).
int Connections::open(Connection& connection) {
  if (connection.open()) return 0;
  const int why = errno;
  ran_short(why);
  return why;
}

// The one idle for longest; where there is no socket to be had (`wrong`), one whose own serves as it is, or, if it is
// descriptors that are short, can be given up for another.
Connections::Connection* Connections::lendable(const Home& home, const Target& target, int wrong) const {
  if (wrong == 0) return idle_.empty() ? nullptr : idle_.front();
  const bool reopens = wrong == EMFILE || wrong == ENFILE;
  size_t looks = 0;
  for (auto each = idle_.begin(); each != idle_.end() && looks < kLooks; ++each, ++looks) {
    const bool serves = home.line_.rate == 0 && &(*each)->target() == &target;
    if ((*each)->is_open() && (reopens || serves)) return *each;
  }
  return nullptr;
}

Connections::Connection* Connections::obtain(Home& home, const Target& target) {
  int wrong = 0;
  if (Connection* const own = idle_of(home, target)) {
    wrong = open(*own);
    if (wrong == 0) {
      idle_.erase(own->idle_place);
      return own;
    }
  } else if (all_.size() < most_) {
    all_.push_back(std::make_unique<Connection>(*this, home, target));
    all_.back()->place = std::prev(all_.end());
    wrong = open(*all_.back());
    if (wrong == 0) {
      most_open_ = std::max(most_open_, all_.size());
      return all_.back().get();
    }
    all_.pop_back();
  }
  Connection* const lent = lendable(home, target, wrong);
  if (lent == nullptr) return nullptr;
  lent->move_to(home, target);
  idle_.erase(lent->idle_place);
  if (open(*lent) != 0) {
    became_idle(*lent);
    return nullptr;
  }
  ++lent_;
  return lent;
}

void Connections::get(Home& home, const Target& target, std::string_view path, std::string_view fields,
                      HttpClient::Observer& observer) {
  Connection* const connection = obtain(home, target);
  if (connection != nullptr) return connection->get(path, fields, observer);
  ++waited_;
  waiting_.push_back({&home, &target, std::string(path), std::string(fields), &observer});
}

// It was its turn already.
void Connections::ask_later(Waiting waiting, int why) {
  ++waited_;
  waiting_.push_front(std::move(waiting));
  ran_short(why);
}

void Connections::became_idle(Connection& connection) {
  connection.last_at_home();
  connection.idle_place = idle_.insert(idle_.end(), &connection);
}

void Connections::serve_waiting() {
  while (!waiting_.empty() && (!idle_.empty() || all_.size() < most_)) {
    Connection* const connection = obtain(*waiting_.front().home, *waiting_.front().target);
    if (connection == nullptr) return;
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    connection->get(next.path, next.fields, *next.observer);
  }
}

void Connections::cancel(Home& home, HttpClient::Observer& observer) {
  std::erase_if(waiting_, [&observer](const Waiting& waiting) { return waiting.observer == &observer; });
  for (Connection* const connection : home.all_) {
    if (!connection->serves(observer)) continue;
    connection->abandon();
    became_idle(*connection);
  }
}

void Connections::close(Home& home) {
  std::erase_if(waiting_, [&home](const Waiting& waiting) { return waiting.home == &home; });
  while (!home.all_.empty()) {
    Connection* const connection = home.all_.front();
    if (connection->is_idle()) idle_.erase(connection->idle_place);
    all_.erase(connection->place);
  }
  serve_waiting();
}

}  // namespace levee::bench
