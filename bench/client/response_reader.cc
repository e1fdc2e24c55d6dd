#include "bench/client/response_reader.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace levee::bench {
namespace {
constexpr size_t kHeadLimit = 64 * 1024;
}

std::string_view ResponseHead::field(std::string_view name) const {
  std::string_view rest = fields;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\r'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end + 2));
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    const size_t begin = line.find_first_not_of(" \t", name.size() + 1);
    return begin == std::string_view::npos ? std::string_view() : line.substr(begin);
  }
  return {};
}

ResponseReader::State ResponseReader::feed(std::string_view bytes, Sink& sink) {
  began_ = began_ || !bytes.empty();
  while (!bytes.empty() && step_ != Step::kBroken) {
    switch (step_) {
      case Step::kHead:
        read_head(bytes, sink);
        break;
      case Step::kLength:
        read_counted(bytes, sink, Step::kEnd);
        break;
      case Step::kChunkData:
        read_counted(bytes, sink, Step::kChunkEnd);
        break;
      case Step::kChunkSize:
        if (read_line(bytes)) read_chunk_size();
        break;
      case Step::kChunkEnd:
        if (read_line(bytes)) step_ = held_.empty() ? Step::kChunkSize : Step::kBroken;
        held_.clear();
        break;
      case Step::kTrailer:
        if (!read_line(bytes)) break;
        if (held_.empty()) step_ = Step::kEnd;
        held_.clear();
        break;
      case Step::kUntilClose:
        sink.on_body(bytes);
        bytes = {};
        break;
      case Step::kEnd:
        step_ = Step::kBroken;
        break;
      case Step::kBroken:
        break;
    }
  }
  if (step_ == Step::kBroken) return State::kBroken;
  if (step_ == Step::kEnd) return State::kEnd;
  return step_ == Step::kHead ? State::kHead : State::kBody;
}

ResponseReader::State ResponseReader::skip(uint64_t count, Sink& sink) {
  sink.on_skipped(count);
  left_ -= count;
  if (left_ == 0) step_ = step_ == Step::kLength ? Step::kEnd : Step::kChunkEnd;
  return step_ == Step::kEnd ? State::kEnd : State::kBody;
}

ResponseReader::State ResponseReader::close() {
  return step_ == Step::kUntilClose ? State::kEnd : State::kBroken;
}

void ResponseReader::reset() {
  step_ = Step::kHead;
  held_.clear();
  left_ = 0;
  began_ = false;
  keep_alive_ = true;
}

void ResponseReader::read_head(std::string_view& bytes, Sink& sink) {
  std::string_view all = bytes;
  if (!held_.empty()) all = held_ += bytes;
  const size_t end = all.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (held_.empty()) held_ = bytes;
    bytes = {};
    if (held_.size() > kHeadLimit) step_ = Step::kBroken;
    return;
  }
  bytes.remove_prefix(bytes.size() - (all.size() - end - 4));
  ResponseHead head;
  const size_t line_end = all.find("\r\n");
  if (!all.starts_with("HTTP/1.") || line_end < 12) {
    step_ = Step::kBroken;
    return;
  }
  std::from_chars(all.data() + 9, all.data() + 12, head.status);
  head.fields = all.substr(line_end + 2, end - line_end);
  const std::string_view length = head.field("Content-Length");
  keep_alive_ = all[7] == '1' && head.field("Connection") != "close";
  left_ = 0;
  std::from_chars(length.data(), length.data() + length.size(), left_);
  if (head.status / 100 == 1) {
    step_ = Step::kHead;
  } else if (head.status == 204 || head.status == 304) {
    step_ = Step::kEnd;
  } else if (!head.field("Transfer-Encoding").empty()) {
    step_ = Step::kChunkSize;
  } else if (!length.empty()) {
    step_ = left_ == 0 ? Step::kEnd : Step::kLength;
  } else {
    step_ = Step::kUntilClose;
    keep_alive_ = false;
  }
  if (head.status / 100 != 1) sink.on_head(head);
  held_.clear();
}

void ResponseReader::read_counted(std::string_view& bytes, Sink& sink, Step then) {
  const auto part = bytes.substr(0, static_cast<size_t>(std::min<uint64_t>(left_, bytes.size())));
  sink.on_body(part);
  left_ -= part.size();
  bytes.remove_prefix(part.size());
  if (left_ == 0) step_ = then;
}

bool ResponseReader::read_line(std::string_view& bytes) {
  const size_t end = bytes.find('\n');
  held_ += bytes.substr(0, end);
  if (held_.size() > kHeadLimit) step_ = Step::kBroken;
  if (end == std::string_view::npos) {
    bytes = {};
    return false;
  }
  bytes.remove_prefix(end + 1);
  if (held_.ends_with('\r')) held_.pop_back();
  return true;
}

void ResponseReader::read_chunk_size() {
  const auto [end, error] = std::from_chars(held_.data(), held_.data() + held_.size(), left_, 16);
  const bool good = error == std::errc() && end != held_.data();
  step_ = !good ? Step::kBroken : left_ == 0 ? Step::kTrailer : Step::kChunkData;
  held_.clear();
}

}  // namespace levee::bench
