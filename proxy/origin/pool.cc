#include "proxy/origin/pool.h"

#include <algorithm>
#include <array>
#include <utility>

namespace levee {
namespace {

struct Grave final : Mortal {
  explicit Grave(std::unique_ptr<OriginConnection> dead) : connection(std::move(dead)) {}
  std::unique_ptr<OriginConnection> connection;
};

// Neither closed nor with bytes that belong to no response.
bool is_silent(Stream& stream) {
  std::array<std::byte, 1> byte;
  return stream.read(byte).state == Io::kAgain;
}

}  // namespace

class OriginPool::Idle final : public Mortal, public StreamOwner {
 public:
  Idle(OriginPool& pool, std::string upstream, std::unique_ptr<OriginConnection> idle, int64_t timeout)
      : connection(std::move(idle)), upstream_(std::move(upstream)), pool_(pool) {
    connection->stream->hand_to(*this);
    connection->stream->idle();
    connection->stream->wait(Stream::Wait::kRead, timeout);
  }
  void on_ready() override {
    // TLS may have had something to say to itself (a session ticket).
    if (!is_silent(*connection->stream)) pool_.remove(*this);
  }
  void on_timeout() override { pool_.remove(*this); }
  const std::string& upstream() const { return upstream_; }

  std::unique_ptr<OriginConnection> connection;

 private:
  std::string upstream_;
  OriginPool& pool_;
};

OriginPool::OriginPool(Worker& worker) : worker_(worker) {}
OriginPool::~OriginPool() = default;

std::unique_ptr<OriginConnection> OriginPool::take(const std::string& upstream, const std::string& identity,
                                                   StreamOwner& owner) {
  const auto shelf = shelves_.find(upstream);
  if (shelf == shelves_.end()) return nullptr;
  std::unique_ptr<OriginConnection> found = take_from(shelf->second, identity, owner);
  if (shelf->second.empty()) shelves_.erase(shelf);
  return found;
}

std::unique_ptr<OriginConnection> OriginPool::take_from(Shelf& shelf, const std::string& identity, StreamOwner& owner) {
  for (auto at = shelf.begin(); at != shelf.end();) {
    if ((*at)->connection->identity != identity) {
      ++at;
      continue;
    }
    std::unique_ptr<OriginConnection> found = std::move((*at)->connection);
    worker_.loop().bury(std::move(*at));
    at = shelf.erase(at);
    found->stream->hand_to(owner);
    if (is_silent(*found->stream)) return found;
    drop(std::move(found));
  }
  return nullptr;
}

void OriginPool::keep(const Upstream& upstream, std::unique_ptr<OriginConnection> connection) {
  const int64_t age = worker_.now() - connection->created;
  if (upstream.keepalive == 0 || connection->requests >= upstream.keepalive_requests ||
      age >= upstream.keepalive_time.count() || worker_.draining()) {
    return drop(std::move(connection));
  }
  Shelf& shelf = shelves_[upstream.name];
  shelf.push_front(
      std::make_unique<Idle>(*this, upstream.name, std::move(connection), upstream.keepalive_timeout.count()));
  if (shelf.size() > upstream.keepalive) remove(*shelf.back());
}

void OriginPool::drop(std::unique_ptr<OriginConnection> connection) {
  if (connection == nullptr) return;
  connection->stream->wait(Stream::Wait::kNothing, 0);
  worker_.loop().bury(std::make_unique<Grave>(std::move(connection)));
}

size_t OriginPool::idle(const std::string& upstream) const {
  const auto shelf = shelves_.find(upstream);
  return shelf == shelves_.end() ? 0 : shelf->second.size();
}

void OriginPool::remove(Idle& idle) {
  const auto shelf = shelves_.find(idle.upstream());
  if (shelf == shelves_.end()) return;
  const auto at = std::ranges::find_if(shelf->second, [&](const auto& one) { return one.get() == &idle; });
  if (at == shelf->second.end()) return;
  std::unique_ptr<Idle> dead = std::move(*at);
  shelf->second.erase(at);
  if (shelf->second.empty()) shelves_.erase(shelf);
  dead->connection->stream->wait(Stream::Wait::kNothing, 0);
  worker_.loop().bury(std::move(dead));
}

}  // namespace levee
