#include "cache/fields.h"

#include <cstring>

namespace levee {
namespace {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

constexpr std::array<std::string_view, kKnownFields> kNames = {
#define X(id, name) name,
    LEVEE_FIELDS(X)
#undef X
};
static_assert(kKnownFields < 0xff);

// A perfect hash of the known names over length and three letters. The multipliers are found by the compiler.
constexpr size_t kSlots = 1024;
struct Mix {
  uint32_t first, middle, last;
};
constexpr size_t slot_of(std::string_view name, Mix mix) {
  const auto letter = [&](size_t at) { return static_cast<uint32_t>(static_cast<unsigned char>(name[at] | 0x20)); };
  const size_t size = name.size();
  return (static_cast<uint32_t>(size) * 37 + letter(0) * mix.first + letter(size / 2) * mix.middle +
          letter(size - 1) * mix.last) %
         kSlots;
}
constexpr bool is_perfect(Mix mix) {
  std::array<bool, kSlots> used{};
  for (const std::string_view name : kNames) {
    bool& slot = used[slot_of(name, mix)];
    if (slot) return false;
    slot = true;
  }
  return true;
}
constexpr Mix find_mix() {
  Mix mix{1, 3, 5};
  for (int i = 0; i < 200; ++i) {
    if (is_perfect(mix)) return mix;
    mix = {mix.first * 7 + 2, mix.middle * 11 + 4, mix.last * 13 + 6};
  }
  return {0, 0, 0};
}
constexpr Mix kMix = find_mix();
static_assert(is_perfect(kMix), "no perfect hash found: try more multipliers or slots");

// One cache line holds two names.
struct alignas(32) Name {
  std::array<char, 31> lowered{};
  uint8_t size = 0;
};
struct Known {
  std::array<uint8_t, kSlots> id{};
  std::array<Name, kKnownFields> names{};
};
constexpr Known make_known() {
  Known known;
  known.id.fill(static_cast<uint8_t>(FieldId::kOther));
  for (size_t i = 0; i < kKnownFields; ++i) {
    known.id[slot_of(kNames[i], kMix)] = static_cast<uint8_t>(i);
    for (size_t k = 0; k < kNames[i].size(); ++k) known.names[i].lowered[k] = lower(kNames[i][k]);
    known.names[i].size = static_cast<uint8_t>(kNames[i].size());
  }
  return known;
}
constexpr Known kKnown = make_known();

template <class Word>
Word load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}
// Whether the words at the front and at the back of two texts of `size` are equal, but for bit 5 of the first text.
template <class Word>
bool ends_equal(const char* text, const char* lowered, size_t size) {
  constexpr Word kFold = static_cast<Word>(0x2020202020202020);
  const size_t back = size - sizeof(Word);
  return (((load<Word>(text) | kFold) ^ load<Word>(lowered)) |
          ((load<Word>(text + back) | kFold) ^ load<Word>(lowered + back))) == 0;
}

// Whether a token equals a lower-case name of its size. Setting bit 5 folds letters; that it also folds a few other
// characters does not matter, because none of those is allowed in a token and in a known name at once. No loop: its end
// would be mispredicted for each name anew.
bool equals_lowered(std::string_view token, const char* lowered) {
  const size_t size = token.size();
  const char* text = token.data();
  if (size > 16)
    return ends_equal<uint64_t>(text, lowered, 16) && ends_equal<uint64_t>(text + size - 16, lowered + size - 16, 16);
  if (size >= 8) return ends_equal<uint64_t>(text, lowered, size);
  if (size >= 4) return ends_equal<uint32_t>(text, lowered, size);
  return (text[0] | 0x20) == lowered[0] && (text[size / 2] | 0x20) == lowered[size / 2] &&
         (text[size - 1] | 0x20) == lowered[size - 1];
}
static_assert([] {
  for (const std::string_view name : kNames) {
    if (name.size() > 31) return false;  // two times 16 bytes
  }
  return true;
}());

constexpr std::array<bool, 256> make_tchars() {
  std::array<bool, 256> is{};
  for (unsigned c = '0'; c <= '9'; ++c) is[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) is[c] = is[c - 'a' + 'A'] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) is[static_cast<unsigned char>(c)] = true;
  return is;
}
constexpr std::array<bool, 256> kTchars = make_tchars();

bool is_space(char c) {
  return c == ' ' || c == '\t';
}
std::string_view stripped(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

FieldId field_id(std::string_view name) {
  if (name.empty()) return FieldId::kOther;
  const uint8_t id = kKnown.id[slot_of(name, kMix)];
  if (id == static_cast<uint8_t>(FieldId::kOther)) return FieldId::kOther;
  const Name& known = kKnown.names[id];
  if (known.size != name.size()) return FieldId::kOther;
  return equals_lowered(name, known.lowered.data()) ? static_cast<FieldId>(id) : FieldId::kOther;
}

std::string_view field_name(FieldId id) {
  return id == FieldId::kOther ? std::string_view() : kNames[static_cast<size_t>(id)];
}

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool is_token(std::string_view text) {
  for (const char c : text) {
    if (!kTchars[static_cast<unsigned char>(c)]) return false;
  }
  return !text.empty();
}

bool is_hop_by_hop(FieldId id) {
  switch (id) {
    case FieldId::kConnection:
    case FieldId::kKeepAlive:
    case FieldId::kProxyAuthenticate:
    case FieldId::kProxyAuthenticationInfo:
    case FieldId::kProxyAuthorization:
    case FieldId::kProxyConnection:
    case FieldId::kTe:
    case FieldId::kTrailer:
    case FieldId::kTransferEncoding:
    case FieldId::kUpgrade:
      return true;
    default:
      return false;
  }
}

std::optional<std::string_view> ListReader::next() {
  while (!rest_.empty()) {
    size_t end = 0;
    bool quoted = false;
    for (; end < rest_.size(); ++end) {
      const char c = rest_[end];
      if (quoted && c == '\\') {
        ++end;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        break;
      }
    }
    if (end > rest_.size()) end = rest_.size();
    const std::string_view member = stripped(rest_.substr(0, end));
    rest_.remove_prefix(end < rest_.size() ? end + 1 : end);
    if (!member.empty()) return member;
  }
  return std::nullopt;
}

void Fields::clear() {
  for (size_t i = 0; i < size_; ++i) first_[static_cast<size_t>(items_[i].id)] = kNone;
  size_ = 0;
}

bool Fields::read_lines(std::string_view lines) {
  clear();
  rebase(lines.data());
  while (!lines.empty()) {
    const size_t end = lines.find("\r\n");
    const size_t colon = lines.find(':');
    if (end == std::string_view::npos || colon == 0 || colon >= end) return false;
    if (!add(lines.substr(0, colon), stripped(lines.substr(colon + 1, end - colon - 1)))) return false;
    lines.remove_prefix(end + 2);
  }
  return true;
}

Field Fields::operator[](size_t index) const {
  const Item& item = items_[index];
  return {{base_ + item.name_at, item.name_size}, {base_ + item.value_at, item.value_size}, item.id};
}

std::string_view Fields::get(FieldId id) const {
  const uint8_t index = first_[static_cast<size_t>(id)];
  if (index == kNone) return {};
  return {base_ + items_[index].value_at, items_[index].value_size};
}

std::optional<std::string_view> Fields::find(std::string_view name) const {
  const FieldId id = field_id(name);
  if (id != FieldId::kOther) {
    if (!has(id)) return std::nullopt;
    return get(id);
  }
  for (size_t i = 0; i < size_; ++i) {
    const Item& item = items_[i];
    if (item.id == FieldId::kOther && item.name_size == name.size() && same_name((*this)[i].name, name)) {
      return (*this)[i].value;
    }
  }
  return std::nullopt;
}

size_t Fields::count(FieldId id) const {
  size_t lines = 0;
  for (size_t i = first(id); i < size_; i = next(i)) ++lines;
  return lines;
}

bool Fields::has_member(FieldId id, std::string_view member) const {
  bool found = false;
  for_each_member(id, [&](std::string_view one) {
    found = same_name(one, member);
    return !found;
  });
  return found;
}

bool Fields::is_hop_by_hop(const Field& field) const {
  return levee::is_hop_by_hop(field.id) || (has(FieldId::kConnection) && has_member(FieldId::kConnection, field.name));
}

bool StoredFields::is_per_response(const Field& field, const Fields& all) {
  return field.id == FieldId::kAge || field.id == FieldId::kContentLength || all.is_hop_by_hop(field);
}

void StoredFields::add(std::string_view name, std::string_view value) {
  text_.append(name).append(": ").append(value).append("\r\n");
}

std::optional<std::string_view> StoredFields::find(std::string_view name) const {
  std::string_view rest = text_;
  while (!rest.empty()) {
    const size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    if (line.size() > name.size() && line[name.size()] == ':' && same_name(line.substr(0, name.size()), name)) {
      return stripped(line.substr(name.size() + 1));
    }
    rest.remove_prefix(end + 2);
  }
  return std::nullopt;
}

StoredFields StoredFields::updated(const Fields& update) const {
  const auto describes_bytes = [](FieldId id) {
    return id == FieldId::kContentEncoding || id == FieldId::kContentMd5 || id == FieldId::kContentRange ||
           id == FieldId::kETag;
  };
  const auto updates = [&](const Field& field) {
    return !describes_bytes(field.id) && !is_per_response(field, update);
  };
  // A name that Connection lists in the update says nothing about the stored field of that name.
  const auto is_replaced = [&](const Field& stored) {
    return updates(stored) &&
           (stored.id == FieldId::kOther ? update.find(stored.name).has_value() : update.has(stored.id));
  };
  StoredFields merged;
  Fields old;
  view(old);
  for (size_t i = 0; i < old.size(); ++i) {
    if (!is_replaced(old[i])) merged.add(old[i].name, old[i].value);
  }
  for (size_t i = 0; i < update.size(); ++i) {
    if (updates(update[i])) merged.add(update[i].name, update[i].value);
  }
  merged.trim();
  return merged;
}

}  // namespace levee
