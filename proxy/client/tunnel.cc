#include "proxy/client/tunnel.h"

#include <utility>

namespace levee {
namespace {

constexpr int kMovesInTurn = 16;  // then others have their turn

struct Grave final : Mortal {
  explicit Grave(std::shared_ptr<Upgraded> dead) : upgraded(std::move(dead)) {}
  std::shared_ptr<Upgraded> upgraded;
};

Stream::Wait both_if(bool reads, bool writes) {
  using Wait = Stream::Wait;
  return reads ? (writes ? Wait::kBoth : Wait::kRead) : (writes ? Wait::kWrite : Wait::kNothing);
}

}  // namespace

Tunnel::Tunnel(Worker& worker, Stream& client, std::shared_ptr<Upgraded> upgraded, std::string head,
               std::string_view early, int64_t idle)
    : worker_(worker), client_(client), upgraded_(std::move(upgraded)), idle_(idle) {
  to_client_.bytes = std::move(head);
  to_client_.bytes += upgraded_->early;
  to_origin_.bytes = early;
}

// The connection and who is told of its events outlive the callback that may be running.
Tunnel::~Tunnel() {
  upgraded_->connection->stream->wait(Stream::Wait::kNothing, 0);
  worker_.loop().bury(std::make_unique<Grave>(upgraded_));
}

bool Tunnel::move(Way& way, Stream& from, Stream& to) {
  for (int i = 0; i < kMovesInTurn; ++i) {
    if (way.empty()) {
      way.taken = 0;
      way.bytes.clear();
      if (way.ended) return true;
      way.bytes.resize(kWindow);
      const IoResult result = from.read(std::as_writable_bytes(std::span(way.bytes)));
      way.bytes.resize(result.count);
      if (result.state == Io::kFailed) return false;
      way.ended = result.state == Io::kClosed;
      if (result.state == Io::kAgain) way.bytes.shrink_to_fit();  // an idle tunnel holds no window
      if (way.empty()) return true;
    }
    const iovec piece{way.bytes.data() + way.taken, way.bytes.size() - way.taken};
    const IoResult result = to.write({&piece, 1});
    way.taken += result.count;
    way.moved += result.count;
    if (result.state == Io::kAgain) return true;
    if (result.state != Io::kDone) return false;
  }
  return true;
}

bool Tunnel::go_on() {
  Stream& origin = *upgraded_->connection->stream;
  if (!move(to_client_, origin, client_) || !move(to_origin_, client_, origin)) return false;
  if ((to_client_.ended && to_client_.empty()) || (to_origin_.ended && to_origin_.empty())) return false;
  // A side is read only when what it sent before was taken.
  client_.wait(both_if(to_origin_.empty(), !to_client_.empty()), idle_);
  origin.wait(both_if(to_client_.empty(), !to_origin_.empty()), idle_);
  return true;
}

}  // namespace levee
