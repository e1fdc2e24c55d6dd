#include <arpa/inet.h>
#include <event2/event.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include "proxy/net/resolver.h"

namespace levee {
namespace {

// A name server in the same loop: knows some A records, says NXDOMAIN for the rest, or nothing at all.
class NameServer {
 public:
  explicit NameServer(Loop& loop) : descriptor_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    address = *parse_socket_address("127.0.0.1:0", 0);
    EXPECT_EQ(bind(descriptor_, address.get(), address.length), 0);
    getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address.storage), &address.length);
    event_ = event_new(
        loop.base(), descriptor_, EV_READ | EV_PERSIST,
        [](evutil_socket_t, short, void* self) { static_cast<NameServer*>(self)->answer(); }, this);
    event_add(event_, nullptr);
  }
  ~NameServer() {
    event_free(event_);
    close(descriptor_);
  }

  SocketAddress address;
  std::map<std::string, std::string> records;
  uint32_t ttl = 60;
  bool silent = false;
  int asked = 0;

 private:
  void answer() {
    char bytes[1500];
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const ssize_t count = recvfrom(descriptor_, bytes, 512, 0, reinterpret_cast<sockaddr*>(&peer), &length);
    if (count < 12) return;
    ++asked;
    if (silent) return;
    std::string name;
    size_t at = 12;
    while (bytes[at] != 0) {
      const auto label = static_cast<size_t>(bytes[at]);
      for (size_t i = 1; i <= label; ++i) name += static_cast<char>(std::tolower(bytes[at + i]));
      name += '.';
      at += label + 1;
    }
    name.pop_back();
    const bool is_a = bytes[at + 2] == 1;
    std::string reply(bytes, at + 5);
    const auto record = records.find(name);
    reply[2] = static_cast<char>(0x81);
    reply[3] = static_cast<char>(record == records.end() ? 0x83 : 0x80);
    reply[7] = static_cast<char>(record != records.end() && is_a ? 1 : 0);
    reply[9] = reply[11] = 0;
    if (reply[7] == 1) {
      const uint32_t lifetime = htonl(ttl);
      in_addr ip{};
      inet_pton(AF_INET, record->second.c_str(), &ip);
      reply += std::string("\xc0\x0c\0\1\0\1", 6);
      reply.append(reinterpret_cast<const char*>(&lifetime), 4);
      reply += std::string("\0\4", 2);
      reply.append(reinterpret_cast<const char*>(&ip), 4);
    }
    sendto(descriptor_, reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&peer), length);
  }
  int descriptor_;
  event* event_;
};

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() : server(loop), resolver(loop) {
    how.servers = {server.address};
    server.records["origin.example"] = "127.0.0.9";
  }
  std::variant<Resolved, std::unique_ptr<NameResolver::Lookup>> ask(const std::string& name, int64_t timeout = 5000) {
    return resolver.resolve(how, name, 8080, timeout, [this](const Resolved& result) { answer = result; });
  }
  Resolved resolve(const std::string& name, int64_t timeout = 5000) {
    answer.reset();
    auto result = ask(name, timeout);
    if (auto* known = std::get_if<Resolved>(&result)) return *known;
    while (!answer) loop.turn(true);
    return *answer;
  }

  Loop loop;
  NameServer server;
  NameResolver resolver;
  Resolver how;
  std::optional<Resolved> answer;
};

TEST_F(ResolverTest, FindsAnAddressAndKeepsItForItsTime) {
  const Resolved found = resolve("origin.example");
  ASSERT_EQ(found.addresses.size(), 1U);
  EXPECT_EQ(to_string(found.addresses[0]), "127.0.0.9:8080");
  EXPECT_GT(found.expires, loop.now() + 50'000);
  const int asked = server.asked;
  EXPECT_EQ(resolve("origin.example").addresses.size(), 1U);
  EXPECT_EQ(server.asked, asked);
}

TEST_F(ResolverTest, ValidReplacesTheRecordsOwnTime) {
  how.valid = Milliseconds(30);
  resolve("origin.example");
  const int asked = server.asked;
  usleep(60'000);
  loop.turn(false);
  resolve("origin.example");
  EXPECT_GT(server.asked, asked);
}

TEST_F(ResolverTest, AnUnknownNameFailsAndIsNotAskedAgainAtOnce) {
  const Resolved none = resolve("nowhere.example");
  EXPECT_TRUE(none.addresses.empty());
  EXPECT_NE(none.error, "");
  const int asked = server.asked;
  EXPECT_TRUE(resolve("nowhere.example").addresses.empty());
  EXPECT_EQ(server.asked, asked);
}

TEST_F(ResolverTest, AskersOfOneNameAreJoined) {
  int answers = 0;
  const auto count = [&](const Resolved&) { ++answers; };
  auto first = resolver.resolve(how, "origin.example", 1, 5000, count);
  auto second = resolver.resolve(how, "origin.example", 2, 5000, count);
  while (answers < 2) loop.turn(true);
  EXPECT_LE(server.asked, 2);  // A and AAAA
}

TEST_F(ResolverTest, ASilentServerEndsInATimeout) {
  server.silent = true;
  const Resolved none = resolve("origin.example", 50);
  EXPECT_TRUE(none.addresses.empty());
  EXPECT_EQ(none.error, "Operation timed out");
}

TEST_F(ResolverTest, ADroppedLookupIsNotCalledBack) {
  ask("origin.example");  // dropped here
  ASSERT_EQ(resolve("origin.example").addresses.size(), 1U);
  answer.reset();
  for (int i = 0; i < 5; ++i) loop.turn(false);
  EXPECT_FALSE(answer);
}

TEST_F(ResolverTest, AnAddressInDigitsIsItsOwnAnswer) {
  EXPECT_EQ(to_string(resolve("192.0.2.7").addresses.at(0)), "192.0.2.7:8080");
  EXPECT_EQ(to_string(resolve("::1").addresses.at(0)), "[::1]:8080");
  EXPECT_EQ(server.asked, 0);
}

TEST(ResolveNow, FindsLocalhost) {
  EXPECT_FALSE(resolve_now("localhost", 80).addresses.empty());
}

}  // namespace
}  // namespace levee
