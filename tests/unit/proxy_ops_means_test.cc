#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "proxy/ops/means.h"

namespace levee {
namespace {

TEST(Means, DescriptorsInUseAreSeen) {
  const uint64_t before = descriptor_use().used;
  std::vector<int> open;
  for (int i = 0; i < 10; ++i) open.push_back(dup(STDERR_FILENO));
  const DescriptorUse use = descriptor_use();
  for (const int one : open) close(one);
  EXPECT_GE(use.used, before + 10);
  EXPECT_GE(use.limit, use.used);
}

class MemoryTest : public testing::Test {
 protected:
  MemoryTest() : root(std::filesystem::temp_directory_path() / ("means" + std::to_string(getpid()))) {
    write("proc/meminfo", "MemTotal:     1000 kB\nMemFree:  10 kB\nMemAvailable:     700 kB\n");
  }
  ~MemoryTest() override { std::filesystem::remove_all(root); }
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  double share() const { return memory_use(root.string()).share; }
  const std::filesystem::path root;
};

TEST_F(MemoryTest, TheMachines) {
  EXPECT_DOUBLE_EQ(share(), 0.3);
}

TEST_F(MemoryTest, ACgroupsWithoutFilesThatCanBeHadBack) {
  write("proc/self/cgroup", "0::/edge.slice\n");
  write("sys/fs/cgroup/edge.slice/memory.current", "900\n");
  write("sys/fs/cgroup/edge.slice/memory.max", "1000\n");
  write("sys/fs/cgroup/edge.slice/memory.stat", "anon 1\ninactive_file 100\n");
  EXPECT_DOUBLE_EQ(share(), 0.8);
  write("sys/fs/cgroup/edge.slice/memory.max", "max\n");
  EXPECT_DOUBLE_EQ(share(), 0.3);
}

TEST_F(MemoryTest, AContainersOwnIsTheRootOfTheTree) {
  write("proc/self/cgroup", "9:cpu,memory:/docker/abc\n");
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "500\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "1000\n");
  EXPECT_DOUBLE_EQ(share(), 0.5);
}

TEST(Means, TheProcessHasMemory) {
  EXPECT_GT(memory_use().resident, 1'000'000U);
}

}  // namespace
}  // namespace levee
