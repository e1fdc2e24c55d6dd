#include "proxy/client/access_log.h"

#include <cerrno>

#include "proxy/ops/log.h"

namespace levee {
namespace {

constexpr size_t kUsualBuffer = 32 * 1024;
constexpr int64_t kUsualFlush = 50;      // ms: without buffer= lines are written soon, but not one by one
constexpr int64_t kLongestFlush = 1000;  // ms: what a crash may lose

constexpr char kHex[] = "0123456789ABCDEF";
constexpr char kLowHex[] = "0123456789abcdef";

void append_json_char(unsigned char c, std::string& out) {
  switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += static_cast<char>(c);
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      out += "\\u00";
      out += kLowHex[c >> 4U];
      out += kLowHex[c & 15U];
  }
}

bool needs_escape(unsigned char c, LogFormat::Escape how) {
  if (c == '"' || c == '\\' || c < 32) return true;
  return how == LogFormat::Escape::kDefault && c > 126;
}

}  // namespace

LogSink::LogSink(Loop& loop, std::shared_ptr<LogFile> file)
    : file_(std::move(file)),
      timer_(
          loop, [](void* self) { static_cast<LogSink*>(self)->write_out(); }, this) {}

LogSink::~LogSink() {
  write_out();
}

void LogSink::add(std::string_view line, uint64_t buffer, int64_t flush) {
  lines_ += line;
  if (lines_.size() >= (buffer > 0 ? buffer : kUsualBuffer)) {
    write_out();
  } else if (!timer_.is_set()) {
    timer_.set(buffer == 0 ? kUsualFlush : flush > 0 ? flush : kLongestFlush);
  }
}

void LogSink::write_out() {
  timer_.clear();
  if (lines_.empty()) return;
  file_->append(lines_);
  lines_.clear();
}

LogSink* AccessLogs::sink(const std::string& full_path) {
  if (const auto known = sinks_.find(full_path); known != sinks_.end()) return known->second.get();
  auto file = LogFile::open(full_path);
  if (!file) {
    log(LogLevel::kEmergency, 0, "open() \"", full_path, "\" failed ", errno_text(errno));
    return nullptr;
  }
  return sinks_.emplace(full_path, std::make_unique<LogSink>(loop_, std::move(file))).first->second.get();
}

void append_escaped(std::string_view value, LogFormat::Escape how, std::string& out) {
  if (how == LogFormat::Escape::kNone) {
    out += value;
    return;
  }
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (!needs_escape(byte, how)) {
      out += c;
    } else if (how == LogFormat::Escape::kJson) {
      append_json_char(byte, out);
    } else {
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
}

void append_log_line(const LogFormat& format, const VariableSource& values, std::string& out) {
  if (format.line.is_literal()) out += format.line.literal();
  std::string value;
  for (const Expression::Part& part : format.line.parts()) {
    if (!part.is_variable) {
      out += part.text;
      continue;
    }
    value.clear();
    if (Expression::append_value(part.variable, values, value)) {
      append_escaped(value, format.escape, out);
    } else if (format.escape == LogFormat::Escape::kDefault) {
      out += '-';
    }
  }
  out += '\n';
}

}  // namespace levee
