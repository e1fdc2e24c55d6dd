// Words of a configuration as values. Units live only here: everything above has Milliseconds and bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace levee::conf {

using Milliseconds = std::chrono::milliseconds;

// All say nothing of what is wrong: not a value, or too large for its type.

// "1h30m", "500ms", "10" (seconds): units y M w d h m s ms, the larger first.
std::optional<Milliseconds> duration(std::string_view word);
// "512", "64k", "256m", "2g": bytes.
std::optional<uint64_t> bytes(std::string_view word);
// "on", "off".
std::optional<bool> flag(std::string_view word);
// A whole number.
std::optional<uint32_t> count(std::string_view word);
// The same, and not 0.
std::optional<uint64_t> some_bytes(std::string_view word);
std::optional<uint32_t> some(std::string_view word);
// "90%" or "0.9": 0 to 1.
std::optional<double> ratio(std::string_view word);
// A port: 1 to 65535.
std::optional<uint16_t> port_number(std::string_view word);
// Anything, as it is.
std::optional<std::string> text(std::string_view word);

}  // namespace levee::conf
