// What it takes to start a server: a free port, files with its words filled in, and a look whether it is there.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace levee::bench {

// A port of this address (of this machine, in digits) that nobody uses; 0: there is none.
uint16_t free_port(const std::string& address);
bool accepts(const std::string& address, uint16_t port);
// The text with each @NAME@ replaced by its value.
std::string with_words(std::string text, const std::vector<std::pair<std::string, std::string>>& values);
// Makes this the file's text. What is wrong, or nothing; a full disk says so now.
std::string write_text(const std::filesystem::path& file, const std::string& text);
// A process and all that it has started, itself first.
std::vector<pid_t> family(pid_t pid);

}  // namespace levee::bench
