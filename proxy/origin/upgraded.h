// A connection to an origin that has switched protocols (RFC 9110 section 7.8), on its way from the fetch to the
// session.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "proxy/origin/pool.h"
#include "proxy/origin/upstream_state.h"

namespace levee {

// It owns its stream until somebody says what to do with events.
struct Upgraded final : StreamOwner {
  void on_ready() override {
    if (on_event) on_event(false);
  }
  void on_timeout() override {
    if (on_event) on_event(true);
  }
  std::function<void(bool timeout)> on_event;
  std::unique_ptr<OriginConnection> connection;
  Seat seat;             // held as long as the connection is used
  std::string protocol;  // Upgrade of the 101
  std::string early;     // bytes that came behind the head
};

}  // namespace levee
