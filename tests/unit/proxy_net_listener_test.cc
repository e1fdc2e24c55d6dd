#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "proxy/net/listener.h"

namespace levee {
namespace {

struct Host : Acceptor {
  ~Host() override {
    for (const int one : descriptors) close(one);
  }
  void on_connection(int descriptor, const Listen&, const sockaddr_storage&) override {
    descriptors.push_back(descriptor);
  }
  bool has_room() override { return descriptors.size() < room; }
  void on_refused() override { ++refused; }
  void on_trouble(int /*error*/) override {}
  std::vector<int> descriptors;
  size_t room = 1000;
  int refused = 0;
};

class ListenerTest : public testing::Test {
 protected:
  ListenerTest() {
    listen.text = "127.0.0.1:0";
    listen.address = *parse_socket_address("127.0.0.1:0", 0);
    auto opened = ListenSocket::open(listen, true);
    socket = std::get<std::shared_ptr<const ListenSocket>>(opened);
    address.length = sizeof address.storage;
    getsockname(socket->descriptor(), reinterpret_cast<sockaddr*>(&address.storage), &address.length);
    listener = std::make_unique<Listener>(loop, socket, listen, host);
  }
  ~ListenerTest() override {
    for (const int one : clients) close(one);
  }
  void connect(int count) {
    for (int i = 0; i < count; ++i) {
      const int client = ::socket(AF_INET, SOCK_STREAM, 0);
      ASSERT_EQ(::connect(client, address.get(), address.length), 0);
      clients.push_back(client);
    }
  }
  void turn(int count) {
    for (int i = 0; i < count; ++i) loop.turn(false);
  }
  static bool is_refused(int client) {
    char byte = 0;
    const timeval second{1, 0};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    return recv(client, &byte, 1, 0) == 0 || errno == ECONNRESET;
  }

  Loop loop;
  Host host;
  Listen listen;
  std::shared_ptr<const ListenSocket> socket;
  SocketAddress address;
  std::unique_ptr<Listener> listener;
  std::vector<int> clients;
};

TEST_F(ListenerTest, AcceptsABoundedNumberATurn) {
  connect(100);
  turn(1);
  EXPECT_EQ(host.descriptors.size(), 32U);
  turn(3);
  EXPECT_EQ(host.descriptors.size(), 100U);
  int flag = 0;
  socklen_t length = sizeof flag;
  getsockopt(host.descriptors[0], IPPROTO_TCP, TCP_NODELAY, &flag, &length);
  EXPECT_NE(flag, 0);
  EXPECT_NE(fcntl(host.descriptors[0], F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(ListenerTest, RefusesAtOnceWhenThereIsNoRoom) {
  host.room = 3;
  connect(10);
  turn(2);
  EXPECT_EQ(host.descriptors.size(), 3U);
  EXPECT_EQ(host.refused, 7);
  EXPECT_TRUE(is_refused(clients.back()));
}

TEST_F(ListenerTest, RefusesAndGoesOnWhenDescriptorsRunOut) {
  connect(10);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const int next = dup(0);
  close(next);
  const rlimit tight{static_cast<rlim_t>(next) + 4, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &tight);
  turn(2);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(host.descriptors.size(), 4U);
  EXPECT_EQ(host.refused, 6);
  EXPECT_TRUE(is_refused(clients.back()));
  connect(1);
  turn(1);
  EXPECT_EQ(host.descriptors.size(), 5U);
}

TEST_F(ListenerTest, AnAddressThatIsTakenIsNamedWithTheReason) {
  Listen same = listen;
  same.address = address;
  same.text = to_string(address);
  const auto result = ListenSocket::open(same, true);
  ASSERT_TRUE(std::holds_alternative<std::string>(result));
  EXPECT_EQ(std::get<std::string>(result), "bind() to " + same.text + " failed (98: Address already in use)");
  EXPECT_FALSE(std::holds_alternative<std::string>(ListenSocket::open(same, false)));
}

TEST_F(ListenerTest, AUnixSocketThatADeadProcessLeftIsReplacedAndOneInUseIsNot) {
  char folder[] = "/tmp/levee-unix-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  Listen local;
  local.text = std::string("unix:") + folder + "/socket";
  local.address = *parse_socket_address(local.text, 0);
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(dead, local.address.get(), local.address.length), 0);
  close(dead);
  {
    const auto first = ListenSocket::open(local, true);
    EXPECT_FALSE(std::holds_alternative<std::string>(first));
    EXPECT_TRUE(std::holds_alternative<std::string>(ListenSocket::open(local, true)));
  }
  EXPECT_EQ(rmdir(folder), 0);  // it took its file along
}

}  // namespace
}  // namespace levee
