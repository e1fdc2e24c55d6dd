#include "proxy/cluster/redis_link.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <utility>
#include <vector>

#include "proxy/net/errno_text.h"

namespace levee {
namespace {

constexpr int64_t kPingEvery = 500;         // ms of silence before a PING asks
constexpr int64_t kTrialEvery = 100;        // ms, how often an open breaker is asked for a trial
constexpr int64_t kFirstRetry = 50;         // ms
constexpr int64_t kLongestRetry = 2000;     // ms
constexpr int64_t kConnectDeadline = 1000;  // ms, TLS handshake included
constexpr int64_t kSilence = 1500;          // ms without any reply while some are due: the connection is dead
constexpr int kReadsInTurn = 16;            // then others have their turn

int64_t monotonic_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

int64_t retry_pause(unsigned attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const int64_t longest = std::min(kFirstRetry << std::min(attempt, 6U), kLongestRetry);
  return longest / 2 + static_cast<int64_t>(random() % static_cast<uint64_t>(longest / 2 + 1));
}

std::optional<SocketAddress> socket_address(const RedisAddress& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  const std::string host = is_v6 ? "[" + address.host + "]" : address.host;
  return parse_socket_address(host + ":" + std::to_string(address.port), 0);
}

// A stream that is over, until the callback in which it ended has returned.
struct Ended final : Mortal {
  explicit Ended(std::unique_ptr<Stream> over) : stream(std::move(over)) {}
  std::unique_ptr<Stream> stream;
};

void ignore(const redisReply*) {}

// Why connections are given up; the log says it once as long as it stays the same.
constexpr std::string_view kSilent = "it does not answer in time", kClosed = "it has closed the connection",
                           kNoConnection = "no connection", kNoSense = "it does not speak the protocol of Redis";

// It serves those who are connected already. Not an answer to a command: it closes the connection.
constexpr std::string_view kFull = "ERR max number of clients";

std::string_view error_of(const redisReply* reply) {
  if (reply == nullptr || reply->type != REDIS_REPLY_ERROR) return {};
  return {reply->str, static_cast<size_t>(reply->len)};
}

// Whether the server answers so to everything, so that there is no use in asking.
bool refuses_all(std::string_view error) {
  for (const std::string_view kind : {"NOAUTH ", "WRONGPASS ", "LOADING ", "MASTERDOWN "}) {
    if (error.starts_with(kind)) return true;
  }
  return false;
}

// What is part of the protocol, and handled where it is met.
bool is_expected(std::string_view error) {
  for (const std::string_view kind : {"NOSCRIPT ", "MOVED ", "ASK ", "TRYAGAIN "}) {
    if (error.starts_with(kind)) return true;
  }
  return false;
}

}  // namespace

RedisLink::RedisLink(Loop& loop, RedisAddress address, RedisBreaker& breaker, int64_t deadline)
    : loop_(loop),
      address_(std::move(address)),
      breaker_(breaker),
      deadline_(deadline),
      timer_(
          loop, [](void* self) { static_cast<RedisLink*>(self)->tick(); }, this) {
  connect();
  arm();
}

RedisLink::~RedisLink() {
  *alive_ = false;
  // Who asked is gone too, so nobody is answered.
}

bool RedisLink::usable() const {
  return state_ == State::kReady && breaker_.allows();
}

bool RedisLink::takes_commands() const {
  return state_ != State::kAway && breaker_.allows();
}

void RedisLink::command(std::span<const std::string_view> words, Answer answer) {
  if (!takes_commands()) return answer(nullptr);
  send(words, std::move(answer));
}

// What is sent in one turn of the loop goes out when that finds the connection writable.
void RedisLink::send(std::span<const std::string_view> words, Answer answer) {
  std::vector<const char*> texts;
  std::vector<size_t> lengths;
  texts.reserve(words.size());
  lengths.reserve(words.size());
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* formatted = nullptr;
  const int size = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()), texts.data(), lengths.data());
  if (size < 0) return answer(nullptr);
  unsent_.append(formatted, static_cast<size_t>(size));
  redisFreeCommand(formatted);
  if (state_ == State::kReady) stream_->wait(Stream::Wait::kBoth, 0);
  pending_.push_back({next_id_++, monotonic_ms() + deadline_, std::move(answer)});
  if (pending_.size() == 1) arm();
}

// ---- the connection

void RedisLink::connect() {
  const int64_t now = monotonic_ms();
  const auto address = socket_address(address_);
  stream_ = address ? Stream::connect(loop_, *address, *this) : nullptr;
  if (!stream_) {
    connect_due_ = now + retry_pause(attempts_++);
    breaker_.lost(now, kNoConnection);
    return;
  }
  state_ = State::kConnecting;
  connect_due_ = now + kConnectDeadline;
  reader_ = {redisReaderCreate(), redisReaderFree};
  unsent_.clear();
  next_reply_ = next_id_;
  introduce();
  stream_->wait(Stream::Wait::kWrite, 0);
}

// Who is not let in is of no use.
void RedisLink::introduce() {
  const Answer let_in = [this](const redisReply* reply) {
    if (const std::string_view error = error_of(reply); !error.empty()) refused_ = error;
  };
  std::vector<std::string_view> words{"AUTH"};
  if (!address_.user.empty()) words.emplace_back(address_.user);
  words.emplace_back(address_.password);
  if (!address_.password.empty()) send(words, let_in);
  const std::string number = std::to_string(address_.database);
  if (address_.database != 0) send(std::array<std::string_view, 2>{"SELECT", number}, let_in);
}

void RedisLink::on_ready() {
  switch (state_) {
    case State::kAway:
      return;
    case State::kConnecting:
      if (const int error = stream_->connect_error(); error != 0) return drop(errno_text(error));
      if (!address_.tls) return ready();
      if (!address_.tls->start(*stream_, address_.name.empty() ? address_.host : address_.name,
                               address_.host + ":" + std::to_string(address_.port))) {
        return drop(kNoConnection);
      }
      state_ = State::kHandshake;
      return shake_hands();
    case State::kHandshake:
      return shake_hands();
    case State::kReady:
      if (!flush()) return drop(kClosed);
      return receive();
  }
}

void RedisLink::shake_hands() {
  switch (stream_->handshake().state) {
    case Io::kDone:
      return ready();
    case Io::kAgain:
      return stream_->wait(Stream::Wait::kRead, 0);
    case Io::kClosed:
      return drop(kClosed);
    case Io::kFailed:
      return drop("TLS handshake failed: " + tls_error(stream_->tls()));
  }
}

void RedisLink::ready() {
  state_ = State::kReady;
  awaiting_pong_ = false;
  heard_ = monotonic_ms();
  ping();
  if (told_connected_) told_connected_();
}

void RedisLink::drop(std::string_view why) {
  if (stream_) {
    stream_->wait(Stream::Wait::kNothing, 0);
    loop_.bury(std::make_unique<Ended>(std::move(stream_)));
  }
  const int64_t now = monotonic_ms();
  state_ = State::kAway;
  connect_due_ = now + retry_pause(attempts_++);
  if (why.starts_with(kFull)) {
    breaker_.complained(now, why);
  } else {
    breaker_.lost(now, why);
  }
  arm();
  fail_all();
}

void RedisLink::fail_all() {
  std::deque<Pending> failed;
  failed.swap(pending_);
  for (Pending& pending : failed) pending.answer(nullptr);
}

bool RedisLink::flush() {
  if (!unsent_.empty()) {
    offered();
    const iovec view{unsent_.data(), unsent_.size()};
    const IoResult result = stream_->write({&view, 1});
    if (result.state == Io::kFailed || result.state == Io::kClosed) return false;
    unsent_.erase(0, result.count);
  }
  stream_->wait(unsent_.empty() ? Stream::Wait::kRead : Stream::Wait::kBoth, 0);
  return true;
}

// Only now Redis can hear of them: the turn in which they were sent may have been a long one.
void RedisLink::offered() {
  const int64_t due = monotonic_ms() + deadline_;
  for (auto each = pending_.rbegin(); each != pending_.rend() && each->id >= next_offer_; ++each) each->due = due;
  next_offer_ = next_id_;
}

void RedisLink::receive() {
  const std::shared_ptr<bool> alive = alive_;
  const std::shared_ptr<redisReader> reader = reader_;  // of this connection: an answer may bring about another
  std::array<std::byte, 16 * 1024> bytes;
  for (int reads = 0; reads < kReadsInTurn; ++reads) {
    const IoResult got = stream_->read(bytes);
    if (got.state == Io::kAgain) break;
    if (got.state != Io::kDone) return drop(kClosed);
    if (redisReaderFeed(reader.get(), reinterpret_cast<const char*>(bytes.data()), got.count) != REDIS_OK) {
      return drop(kNoSense);
    }
    for (;;) {
      void* reply = nullptr;
      if (redisReaderGetReply(reader.get(), &reply) != REDIS_OK) return drop(kNoSense);
      if (reply == nullptr) break;
      settle(static_cast<const redisReply*>(reply));
      freeReplyObject(reply);
      if (!*alive || reader != reader_ || !stream_) return;
      if (!refused_.empty()) return drop(std::exchange(refused_, {}));
    }
  }
  stream_->wait(unsent_.empty() ? Stream::Wait::kRead : Stream::Wait::kBoth, 0);
}

// Replies come in the order of the commands, so a pending one is at the front; one that timed out is gone already.
void RedisLink::settle(const redisReply* reply) {
  const uint64_t id = next_reply_++;
  heard_ = monotonic_ms();
  awaiting_pong_ = false;
  const std::string_view error = error_of(reply);
  if (error.starts_with(kFull)) {
    refused_ = error;
    return;
  }
  attempts_ = 0;
  if (pending_.empty() || pending_.front().id != id) return;
  const Answer answer = std::move(pending_.front().answer);
  pending_.pop_front();
  if (refuses_all(error)) {
    breaker_.lost(heard_, error);
  } else {
    breaker_.succeeded();
    if (!error.empty() && !is_expected(error)) breaker_.complained(heard_, error);
  }
  answer(reply);
}

// ---- what is due

// As of this turn's beginning: what had come by then has been read, and for what came since nobody has looked.
void RedisLink::tick() {
  const int64_t now = loop_.now();
  const std::shared_ptr<bool> alive = alive_;
  while (!pending_.empty() && pending_.front().due <= now) {
    const Answer answer = std::move(pending_.front().answer);
    pending_.pop_front();
    breaker_.failed(now, kSilent);
    answer(nullptr);
    if (!*alive) return;
  }
  switch (state_) {
    case State::kAway:
      if (now >= connect_due_) connect();
      break;
    case State::kConnecting:
    case State::kHandshake:
      if (now >= connect_due_) return drop(kSilent);
      break;
    case State::kReady:
      if (awaiting_pong_ && now - pinged_ > kSilence) return drop(kSilent);
      if (breaker_.allows() ? !awaiting_pong_ && now - heard_ >= kPingEvery : breaker_.try_trial(now)) ping();
      break;
  }
  arm();
}

void RedisLink::arm() {
  const int64_t now = monotonic_ms();
  int64_t due = state_ == State::kReady ? now + (breaker_.allows() ? kPingEvery : kTrialEvery) : connect_due_;
  if (!pending_.empty()) due = std::min(due, pending_.front().due);
  timer_.set(std::max<int64_t>(due - now, 1));
}

void RedisLink::ping() {
  if (!awaiting_pong_) pinged_ = monotonic_ms();
  awaiting_pong_ = true;
  send(std::array<std::string_view, 1>{"PING"}, ignore);
}

}  // namespace levee
