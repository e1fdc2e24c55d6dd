// The connections of all simulated clients. Each client has its own until there are as many as there may be, or as this
// machine has sockets for; then those that are idle for longest are lent to others. Loop thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "bench/client/http_client.h"

namespace levee::bench {

class Connections {
 public:
  class Connection;
  // One client: the connections that are its own. Must be closed with close() before it dies.
  class Home {
   public:
    explicit Home(uint64_t rate = 0) : line_{.rate = rate} {}  // bytes a second of its line; 0: any

   private:
    friend class Connections;
    friend class Connection;
    Line line_;
    std::list<Connection*> all_;
  };

  // `most`: at a time.
  Connections(ClientLoop& loop, size_t most);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // Asks `target` on a connection of `home`; waits for one when there is none. Calls `observer` as HttpClient does.
  void get(Home& home, const Target& target, std::string_view path, std::string_view fields,
           HttpClient::Observer& observer);
  // Gives up what runs or waits for `observer`, if anything does; no callback follows.
  void cancel(Home& home, HttpClient::Observer& observer);
  // The client has gone, with its connections. Not from a callback.
  void close(Home& home);

  size_t most_open() const { return most_open_; }
  uint64_t lent() const { return lent_; }      // requests on another client's connection
  uint64_t waited() const { return waited_; }  // requests that found none
  int shortage() const { return shortage_; }   // why this machine had no socket for one, when it last had none (errno)

 private:
  struct Waiting {
    Home* home;
    const Target* target;
    std::string path, fields;
    HttpClient::Observer* observer;
  };
  Connection* idle_of(Home& home, const Target& target);
  Connection* obtain(Home& home, const Target& target);
  Connection* lendable(const Home& home, const Target& target, int wrong) const;
  int open(Connection& connection);
  void ran_short(int why);
  void became_idle(Connection& connection);
  void ask_later(Waiting waiting, int why);
  void serve_waiting();

  ClientLoop& loop_;
  const size_t most_;
  std::list<std::unique_ptr<Connection>> all_;
  std::list<Connection*> idle_;  // the one idle for longest first
  std::deque<Waiting> waiting_;
  const std::unique_ptr<event, decltype(&event_free)> again_;  // when this machine may have a socket again
  size_t most_open_ = 0;
  uint64_t lent_ = 0;
  uint64_t waited_ = 0;
  int shortage_ = 0;
};

}  // namespace levee::bench
