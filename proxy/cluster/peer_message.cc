#include "proxy/cluster/peer_message.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "cache/fields.h"

namespace levee {
namespace {

constexpr size_t kMostFields = 90;  // of the viewer's; a head holds a hundred

// What belongs to this exchange and not to the viewer's: never taken from there.
bool is_of_the_question(FieldId id) {
  switch (id) {
    case FieldId::kHost:
    case FieldId::kRange:
    case FieldId::kIfMatch:
    case FieldId::kIfNoneMatch:
    case FieldId::kIfModifiedSince:
    case FieldId::kIfUnmodifiedSince:
    case FieldId::kIfRange:
    case FieldId::kContentLength:
    case FieldId::kExpect:
      return true;
    default:
      return is_hop_by_hop(id);
  }
}

bool is_our_own(std::string_view name) {
  for (const std::string_view own :
       {kPeerSecretField, kPeerZoneField, kPeerKeyField, kPeerSliceField, kPeerPurgesField}) {
    if (same_name(name, own)) return true;
  }
  return false;
}

bool goes_along(const Field& field) {
  return !is_of_the_question(field.id) && !is_our_own(field.name);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

struct Flag {
  char letter;
  bool Lifetime::*member;
};
constexpr std::array kFlags{Flag{'m', &Lifetime::must_revalidate}, Flag{'v', &Lifetime::always_validate},
                            Flag{'i', &Lifetime::immutable}, Flag{'h', &Lifetime::heuristic},
                            Flag{'e', &Lifetime::explicit_freshness}};
constexpr char kKeep = 'k';

// Words of an answer, one after the other.
class WordReader {
 public:
  explicit WordReader(std::string_view text) : rest_(text) {}
  std::string_view word() {
    const size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view taken = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return taken;
  }
  // Negative: there was none.
  int64_t number() {
    const std::string_view digits = word();
    int64_t value = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() ? value : -1;
  }
  bool is_over() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<PeerAnswer> parse_entry(WordReader& words) {
  PeerEntry entry;
  Lifetime& lifetime = entry.lifetime;
  for (int64_t* value : {&lifetime.fresh_for, &lifetime.initial_age, &lifetime.stale_while_revalidate,
                         &lifetime.stale_if_error, &entry.waited}) {
    *value = words.number();
    if (*value < 0) return std::nullopt;
  }
  const std::string_view flags = words.word();
  if (flags.empty()) return std::nullopt;
  if (!words.is_over()) {
    const int64_t slice = words.number(), series = words.number();
    if (slice <= 0 || series <= 0 || !words.is_over()) return std::nullopt;
    entry.slice = static_cast<uint64_t>(slice);
    entry.series = static_cast<uint64_t>(series);
  }
  const auto has = [flags](char letter) { return flags.find(letter) != std::string_view::npos; };
  for (const Flag& flag : kFlags) lifetime.*flag.member = has(flag.letter);
  entry.keep = has(kKeep);
  return entry;
}

std::optional<PeerAnswer> parse_fault(WordReader& words) {
  const int64_t why = words.number(), status = words.number(), retry = words.number();
  if (why < 0 || why > static_cast<int64_t>(Failure::kOriginStatus)) return std::nullopt;
  if (status < 400 || status > 599 || retry < 0 || !words.is_over()) return std::nullopt;
  return Fault{static_cast<Failure>(why), static_cast<int>(status), retry};
}

}  // namespace

std::string escape_key(std::string_view key) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string text;
  text.reserve(key.size() + 8);
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 32 && byte < 127 && c != '%') {
      text += c;
    } else {
      text += '%';
      text += kHex[byte >> 4U];
      text += kHex[byte & 15U];
    }
  }
  return text;
}

std::optional<std::string> unescape_key(std::string_view text) {
  std::string key;
  key.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      key += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    key += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return key;
}

bool fits_question(std::string_view lines) {
  Fields fields;
  fields.read_lines(lines);
  size_t count = 0;
  for (size_t i = 0; i < fields.size(); ++i) count += goes_along(fields[i]) ? 1 : 0;
  return count <= kMostFields;
}

std::string format_question(const PeerQuestion& question) {
  std::string head;
  head.reserve(256 + question.key.size() + question.fields.size());
  const auto add = [&head](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  head.append("GET ").append(kPeerTarget).append(" HTTP/1.1\r\n");
  add("Host", question.host);
  add(kPeerSecretField, question.secret);
  add(kPeerZoneField, question.zone);
  add(kPeerKeyField, escape_key(question.key));
  if (question.slice > 0) add(kPeerSliceField, std::to_string(question.slice));
  if (!question.purges.empty()) add(kPeerPurgesField, question.purges);
  Fields fields;
  fields.read_lines(question.fields);
  for (size_t i = 0; i < fields.size(); ++i) {
    if (goes_along(fields[i])) add(fields[i].name, fields[i].value);
  }
  if (!question.if_range.empty()) {
    add("Range", "bytes=" + std::to_string(question.offset) + "-");
    add("If-Range", question.if_range);
  }
  return head.append("\r\n");
}

std::string format_answer(const PeerAnswer& answer) {
  if (const auto* entry = std::get_if<PeerEntry>(&answer)) {
    const Lifetime& lifetime = entry->lifetime;
    std::string text = "entry";
    for (const int64_t value : {lifetime.fresh_for, lifetime.initial_age, lifetime.stale_while_revalidate,
                                lifetime.stale_if_error, entry->waited}) {
      text.append(" ").append(std::to_string(std::max<int64_t>(value, 0)));
    }
    text += " -";
    for (const Flag& flag : kFlags) {
      if (lifetime.*flag.member) text += flag.letter;
    }
    if (entry->keep) text += kKeep;
    if (entry->slice == 0) return text;
    return text.append(" ").append(std::to_string(entry->slice)).append(" ").append(std::to_string(entry->series));
  }
  if (const auto* uncacheable = std::get_if<PeerUncacheable>(&answer)) {
    return "uncacheable " + std::to_string(uncacheable->remember);
  }
  if (const auto* fault = std::get_if<Fault>(&answer)) {
    return "fault " + std::to_string(static_cast<int>(fault->why)) + " " + std::to_string(fault->status) + " " +
           std::to_string(fault->retry_after);
  }
  return "absent";
}

std::optional<PeerAnswer> parse_answer(std::string_view text) {
  WordReader words(text);
  const std::string_view kind = words.word();
  if (kind == "entry") return parse_entry(words);
  if (kind == "fault") return parse_fault(words);
  if (kind == "absent" && words.is_over()) return PeerAbsent{};
  if (kind == "uncacheable") {
    const int64_t remember = words.number();
    if (remember >= 0 && words.is_over()) return PeerUncacheable{remember};
  }
  return std::nullopt;
}

}  // namespace levee
