// Servers that a rehearsal starts, and what it does to them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "bench/servers/deployment.h"
#include "bench/servers/scratch.h"

namespace levee::bench {
namespace {

class DeploymentTest : public testing::Test {
 protected:
  ~DeploymentTest() override { std::filesystem::remove_all(folder_); }
  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("levee-deployment-" + std::to_string(getpid()));
};

// A server that accepts and says nothing.
Program listener(const NodeSite& site) {
  const std::string script = "import socket\ns = socket.create_server((\"" + site.address + "\", " +
                             std::to_string(site.port) + "))\nwhile True: s.accept()[0].close()";
  return {site.name, {"python3", "-c", script}, site.port};
}

TEST_F(DeploymentTest, FillsATemplateWithWhereANodeStands) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ / "a") << "listen @ADDRESS@:@PORT@; @ORIGIN_HOST@ @ORIGIN_PORT@ @NAME@@NAME@ @NEVER@";
  const NodeSite site{.name = "node1", .address = "127.0.0.9", .port = 80, .origin = "127.0.0.8:81"};
  EXPECT_EQ(fill_template(folder_ / "a", site), "listen 127.0.0.9:80; 127.0.0.8 81 node1node1 @NEVER@");
  EXPECT_FALSE(fill_template(folder_ / "b", site));
}

TEST_F(DeploymentTest, StartsKillsAndStartsAgain) {
  Deployment deployment(folder_);
  ASSERT_EQ(deployment.start_node(listener), "");
  ASSERT_EQ(deployment.node_pids().size(), 1U);
  const pid_t first = deployment.node_pids()[0];
  EXPECT_EQ(deployment.act(Deployment::Act::kKill, "node1"), "");
  EXPECT_TRUE(deployment.node_pids().empty());
  EXPECT_EQ(deployment.casualties(), "");  // it was told to
  EXPECT_EQ(deployment.act(Deployment::Act::kStart, "node1"), "");
  ASSERT_EQ(deployment.node_pids().size(), 1U);
  EXPECT_NE(deployment.node_pids()[0], first);
  EXPECT_EQ(deployment.act(Deployment::Act::kKill, "node2"), "there is no node2");
}

TEST_F(DeploymentTest, SaysWhatAServerSaidThatDoesNotStart) {
  Deployment deployment(folder_);
  const auto maker = [](const NodeSite& site) {
    return Program{site.name, {"sh", "-c", "echo no such luck; exit 3"}, site.port};
  };
  EXPECT_EQ(deployment.start_node(maker), "node1 does not start: no such luck\n");
}

TEST_F(DeploymentTest, SaysThatThereIsNoSuchProgram) {
  Deployment deployment(folder_);
  const auto maker = [](const NodeSite& site) { return Program{site.name, {"/no/such/program"}, site.port}; };
  EXPECT_EQ(deployment.start_node(maker),
            "node1 does not start: cannot start /no/such/program: No such file or directory\n");
}

TEST_F(DeploymentTest, StopsAllAndLeavesNothing) {
  pid_t pid = 0;
  std::filesystem::path folder;
  {
    const Scratch scratch;
    Deployment deployment(scratch.path());
    ASSERT_EQ(deployment.start_node(listener), "");
    folder = scratch.path();
    pid = deployment.node_pids()[0];
    EXPECT_EQ(deployment.act(Deployment::Act::kFreeze, "node1"), "");
  }
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace levee::bench
