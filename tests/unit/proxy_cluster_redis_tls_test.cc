// RedisLink over TLS against a real redis-server with certificates of the test's, and with users and databases.
#include <cstdlib>
#include <filesystem>

#include "tests/unit/redis_fixture.h"

namespace levee {
namespace {

class RedisTlsTest : public RedisFixture {
 protected:
  void SetUp() override {
    char path[] = "/tmp/levee-tls-XXXXXX";
    directory_ = mkdtemp(path);
    certify("redis", "redis.test");
    certify("stranger", "redis.test");
    port_ = free_port();
    const std::string port = std::to_string(port_);
    const std::string certificate = file("redis.crt"), key = file("redis.key");
    server_ = fork();
    if (server_ != 0) return;
    execlp("redis-server", "redis-server", "--port", "0", "--tls-port", port.c_str(), "--bind", "127.0.0.1",
           "--tls-cert-file", certificate.c_str(), "--tls-key-file", key.c_str(), "--tls-auth-clients", "no",
           "--tls-ca-cert-file", certificate.c_str(), "--save", "", "--logfile", "/dev/null", "--user", "levee", "on",
           ">open", "~*", "&*", "+@all", nullptr);
    _exit(127);
  }
  void TearDown() override {
    RedisFixture::TearDown();
    std::filesystem::remove_all(directory_);
  }
  std::string file(const std::string& name) const { return directory_ + "/" + name; }
  void certify(const std::string& name, const std::string& subject) const {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" + subject +
        " -addext subjectAltName=DNS:" + subject + " -keyout " + file(name + ".key") + " -out " + file(name + ".crt") +
        " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  void wait_for_server() const {
    for (const int64_t end = now_ms() + 8000; now_ms() < end; usleep(10'000)) {
      redisContext* probe = redisConnect("127.0.0.1", port_);
      const bool listens = probe != nullptr && probe->err == 0;
      if (probe != nullptr) redisFree(probe);
      if (listens) return;
    }
    FAIL() << "redis-server does not listen";
  }
  void connect(const std::string& trusted, const std::string& name, const std::string& user = {},
               const std::string& password = {}, int database = 0) {
    wait_for_server();
    ProxyTls how;
    how.verify = how.server_name = how.session_reuse = true;
    how.verify_depth = 4;
    how.protocols.add(TlsProtocol::kTls13);
    how.trusted_certificate = file(trusted);
    auto made = ClientTls::make(Config(), how);
    ASSERT_TRUE(std::holds_alternative<std::shared_ptr<ClientTls>>(made)) << std::get<std::string>(made);
    const auto tls = std::get<std::shared_ptr<ClientTls>>(made);
    link_ = std::make_unique<RedisLink>(loop_, RedisAddress{"127.0.0.1", port_, password, database, user, tls, name},
                                        breaker_, 2000);
  }

  std::string directory_;
};

TEST_F(RedisTlsTest, AnswersLargeRepliesAndManyAtOnce) {
  connect("redis.crt", "redis.test");
  ASSERT_TRUE(turn_until([&] { return link_->usable(); }));
  const std::string large(3'000'000, 'x');
  EXPECT_EQ(ask({"SET", "large", large}), "+OK");
  int right = 0;
  for (int i = 0; i < 5; ++i) {
    link_->command({"GET", "large"},
                   [&](const redisReply* reply) { right += reply != nullptr && large == reply->str; });
  }
  EXPECT_TRUE(turn_until([&] { return right == 5; }));
}

TEST_F(RedisTlsTest, ReconnectsWhenTheServerCutsIt) {
  connect("redis.crt", "redis.test");
  unsigned connections = 0;
  link_->on_connect([&] { ++connections; });
  ASSERT_TRUE(turn_until([&] { return link_->usable(); }));
  ask({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"});
  EXPECT_TRUE(turn_until([&] { return connections == 2 && link_->usable(); }));
  EXPECT_EQ(ask({"ECHO", "again"}), "+again");
}

TEST_F(RedisTlsTest, ACertificateOfAnUnknownAuthorityIsRefused) {
  connect("stranger.crt", "redis.test");
  EXPECT_TRUE(turn_until([&] { return breaker_.openings() > 0; }));
  EXPECT_FALSE(link_->usable());
}

TEST_F(RedisTlsTest, ACertificateOfAnotherNameIsRefused) {
  connect("redis.crt", "elsewhere.test");
  EXPECT_TRUE(turn_until([&] { return breaker_.openings() > 0; }));
  EXPECT_FALSE(link_->usable());
}

TEST_F(RedisTlsTest, AUserItsPasswordAndADatabaseComeBeforeAllElse) {
  connect("redis.crt", "redis.test", "levee", "open", 3);
  std::string first;
  link_->command({"ACL", "WHOAMI"}, [&](const redisReply* reply) { first = reply == nullptr ? "-" : reply->str; });
  EXPECT_TRUE(turn_until([&] { return !first.empty(); }));
  EXPECT_EQ(first, "levee") << "sent while the connection was being made";
  EXPECT_NE(ask({"CLIENT", "INFO"}).find(" db=3 "), std::string::npos);
}

}  // namespace
}  // namespace levee
