// Runs a fuzz target once over each file in the directories or files named, as a plain test.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace {

void run(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int count, char** arguments) {
  size_t files = 0;
  for (int i = 1; i < count; ++i) {
    if (!std::filesystem::is_directory(arguments[i])) {
      run(arguments[i]), ++files;
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) run(entry.path()), ++files;
  }
  std::cout << arguments[0] << ": " << files << " inputs\n";
  return files > 0 ? 0 : 1;
}
