// Names to addresses while we run: asked of name servers by evdns, kept for their time to live. One a worker.
//
// Loop thread only. Look-ups of the same name are joined.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "conf/upstream.h"
#include "proxy/net/loop.h"

struct evdns_base;

namespace levee {

struct Resolved {
  std::vector<SocketAddress> addresses;  // none: `error` says why
  std::string error;
  int64_t expires = 0;  // when to ask again, on the loop's clock
};

class NameResolver {
 public:
  using Callback = std::function<void(const Resolved&)>;
  // A look-up that is on its way. Dropping it cancels the callback.
  class Lookup;

  explicit NameResolver(Loop& loop);
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  // What is known now, or a look-up that calls back once, within `timeout` ms. An address in digits is its own answer.
  // The addresses have the port `port`.
  std::variant<Resolved, std::unique_ptr<Lookup>> resolve(const Resolver& how, const std::string& name, uint16_t port,
                                                          int64_t timeout, Callback callback);

 private:
  struct Servers;  // an evdns base for one set of name servers
  struct Name;     // one name there: what is known, and who waits
  Servers& servers_of(const Resolver& how);
  Loop& loop_;
  std::map<std::string, std::unique_ptr<Servers>> servers_;
};

class NameResolver::Lookup {
 public:
  Lookup(Loop& loop, std::string name, uint16_t port, Callback callback);
  ~Lookup();
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

 private:
  friend class NameResolver;
  void end(Resolved result);
  std::string name_;
  uint16_t port_;
  Callback callback_;
  Timer timeout_;
  std::list<Lookup*>* waiting_ = nullptr;  // where it is listed
  std::list<Lookup*>::iterator place_;
};

// The same by the system's resolver, blocking: for the names that the configuration itself has, while it is loaded.
Resolved resolve_now(const std::string& name, uint16_t port);

}  // namespace levee
