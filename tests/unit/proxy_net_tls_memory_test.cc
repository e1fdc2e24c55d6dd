#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstring>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/net/tls_memory.h"

namespace levee {
namespace {

// Before main(), and so before OpenSSL's first allocation.
const bool on = (use_exact_memory_for_tls(), true);

void churn(unsigned seed) {
  std::minstd_rand dice(seed);
  std::vector<std::pair<unsigned char*, size_t>> held;
  for (int i = 0; i < 60'000; ++i) {
    const size_t size = dice() % 3 == 0 ? 7624 : dice() % 10'000 + 1;
    const auto mark = static_cast<unsigned char>(i);
    if (held.size() < 300 || dice() % 2 == 0) {
      auto* memory = static_cast<unsigned char*>(OPENSSL_malloc(size));
      std::memset(memory, mark, size);
      held.emplace_back(memory, size);
      continue;
    }
    auto& one = held[dice() % held.size()];
    const unsigned char first = one.first[0];
    for (size_t at = 0; at < one.second; at += 61) ASSERT_EQ(one.first[at], first);
    if (dice() % 4 == 0) {
      one.first = static_cast<unsigned char*>(OPENSSL_realloc(one.first, size));
      for (size_t at = 0; at < std::min(size, one.second); at += 61) ASSERT_EQ(one.first[at], first);
      std::memset(one.first, first, size);
      one.second = size;
    } else {
      OPENSSL_free(one.first);
      one = held.back();
      held.pop_back();
    }
  }
  for (const auto& one : held) OPENSSL_free(one.first);
}

TEST(TlsMemory, ObjectsOfAllSizesKeepTheirBytesOnAllThreads) {
  ASSERT_TRUE(on);
  std::vector<std::thread> threads;
  for (unsigned i = 1; i <= 3; ++i) threads.emplace_back(churn, i);
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace levee
