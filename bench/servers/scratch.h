// A folder for the files of one run. It goes with the run: at its end, or, when the run was killed, before the next
// one.
#pragma once

#include <filesystem>
#include <string>

namespace levee::bench {

class Scratch {
 public:
  // `kept`: a folder that is made if need be, and stays; empty: one that nobody else has, and that goes.
  explicit Scratch(const std::string& kept = {});
  // One whose files are memory; where there is no such place, as above.
  static Scratch in_memory();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Removes the folders of runs that have ended. Those of runs that go on are locked.
  static void sweep();

 private:
  struct Below {
    std::filesystem::path parent;
  };
  explicit Scratch(const Below& below);
  bool make(const std::filesystem::path& parent);

  std::filesystem::path path_;
  int lock_ = -1;  // the folder, locked; -1: it stays
};

}  // namespace levee::bench
