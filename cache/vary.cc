#include "cache/vary.h"

#include <algorithm>
#include <array>

namespace levee {
namespace {

constexpr size_t kMaxPreferences = 24;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
void append_lower(std::string_view text, std::string& out) {
  for (const char c : text) out.push_back(lower(c));
}
bool is_space(char c) {
  return c == ' ' || c == '\t';
}
std::string_view stripped(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}
int compare_names(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    if (lower(a[i]) != lower(b[i])) return lower(a[i]) < lower(b[i]) ? -1 : 1;
  }
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

// A weight (RFC 9110 section 12.4.2) in thousandths; nothing if it is none.
std::optional<int> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int value = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  for (size_t i = 2, unit = 100; i < text.size(); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value += (text[i] - '0') * static_cast<int>(unit);
  }
  return value <= 1000 ? std::optional(value) : std::nullopt;
}

struct Preference {
  std::string_view what;
  int weight = 1000;
};

// "gzip;q=0.5". Nothing: it has another parameter, or a weight that is none.
std::optional<Preference> parse_preference(std::string_view member) {
  const size_t semicolon = member.find(';');
  Preference preference{stripped(member.substr(0, semicolon))};
  if (semicolon == std::string_view::npos) return preference;
  const std::string_view parameter = stripped(member.substr(semicolon + 1));
  if (parameter.size() < 3 || lower(parameter[0]) != 'q' || parameter[1] != '=') return std::nullopt;
  const auto weight = parse_weight(parameter.substr(2));
  if (!weight) return std::nullopt;
  preference.weight = *weight;
  return preference;
}

// All members of Accept-Encoding or Accept-Language, the most wanted first. False: too many, or one that is malformed.
struct Preferences {
  std::array<Preference, kMaxPreferences> items;
  size_t count = 0;
};
bool read_preferences(const Fields& request, FieldId id, Preferences& out) {
  bool good = true;
  request.for_each_member(id, [&](std::string_view member) {
    auto preference = parse_preference(member);
    good = preference && is_token(preference->what) && out.count < kMaxPreferences;
    if (!good) return false;
    if (id == FieldId::kAcceptEncoding && same_name(preference->what, "x-gzip")) preference->what = "gzip";
    out.items[out.count++] = *preference;
    return true;
  });
  if (!good) return false;
  // Insertion sort: short lists, and std::sort's code for them is not smaller.
  for (size_t i = 1; i < out.count; ++i) {
    for (size_t k = i; k > 0; --k) {
      Preference& a = out.items[k - 1];
      Preference& b = out.items[k];
      if (a.weight > b.weight || (a.weight == b.weight && compare_names(a.what, b.what) <= 0)) break;
      std::swap(a, b);
    }
  }
  return true;
}

// "br,gzip>identity": equally wanted ones in the order of the alphabet, less wanted ones behind ">", unacceptable ones
// behind "!". How much less does not count.
void append_preferences(const Preferences& preferences, std::string& out) {
  for (size_t i = 0; i < preferences.count; ++i) {
    const Preference& one = preferences.items[i];
    if (i > 0 && one.weight == preferences.items[i - 1].weight) {
      if (compare_names(one.what, preferences.items[i - 1].what) == 0) continue;
      out.push_back(',');
    } else if (one.weight == 0) {
      out.push_back('!');
    } else if (i > 0) {
      out.push_back('>');
    }
    append_lower(one.what, out);
  }
}

// Any other field: its members without whitespace around them, however they were spread over lines.
void append_members(const Fields& request, std::string_view name, std::string& out) {
  bool first = true;
  for (size_t i = 0; i < request.size(); ++i) {
    const Field field = request[i];
    if (!same_name(field.name, name)) continue;
    ListReader list(field.value);
    while (const auto member = list.next()) {
      if (!first) out.push_back(',');
      first = false;
      out.append(*member);
    }
  }
}

// "=de" for a response in one language: it also suits others who want that language most.
void append_language(const Fields& response, std::string& out) {
  const std::string_view language = response.get(FieldId::kContentLanguage);
  if (response.count(FieldId::kContentLanguage) != 1 || !is_token(language)) return;
  out.push_back('=');
  append_lower(language, out);
}

// Whether no other language is wanted more.
bool wants_most(const Fields& request, std::string_view language) {
  Preferences preferences;
  if (!read_preferences(request, FieldId::kAcceptLanguage, preferences)) return false;
  for (size_t i = 0; i < preferences.count; ++i) {
    const Preference& one = preferences.items[i];
    if (one.weight == 0 || one.weight < preferences.items[0].weight) return false;
    if (same_name(one.what, language)) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> vary_names(const Fields& response) {
  if (!response.has(FieldId::kVary)) return std::string();
  std::array<std::string_view, kMaxVaryNames> names;
  size_t count = 0;
  bool good = true;
  response.for_each_member(FieldId::kVary, [&](std::string_view name) {
    good = name != "*" && is_token(name) && count < kMaxVaryNames;
    if (good) names[count++] = name;
    return good;
  });
  if (!good) return std::nullopt;
  std::sort(names.begin(), names.begin() + count,
            [](std::string_view a, std::string_view b) { return compare_names(a, b) < 0; });
  std::string joined;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0 && compare_names(names[i], names[i - 1]) == 0) continue;
    if (!joined.empty()) joined.push_back(',');
    append_lower(names[i], joined);
    if (same_name(names[i], "Accept-Language")) append_language(response, joined);
  }
  return joined;
}

void normalise_value(const Fields& request, std::string_view name, std::string& out) {
  const FieldId id = field_id(name);
  if (id == FieldId::kAcceptEncoding || id == FieldId::kAcceptLanguage) {
    Preferences preferences;
    if (read_preferences(request, id, preferences)) return append_preferences(preferences, out);
    out.push_back('?');  // as it is spelled: no normalised value begins so
  }
  append_members(request, name, out);
}

void vary_values(const Fields& request, std::string_view names, std::string& out) {
  while (!names.empty()) {
    const size_t comma = names.find(',');
    std::string_view name = names.substr(0, comma), language;
    names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
    if (const size_t equals = name.find('='); equals != std::string_view::npos) {
      language = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    if (!language.empty() && wants_most(request, language)) {
      out.append("=>").append(language);  // no normalised list of preferences begins so
    } else if (request.find(name)) {
      out.push_back('=');
      normalise_value(request, name, out);
    } else {
      out.push_back('-');
    }
    out.push_back('\n');  // no value has one
  }
}

}  // namespace levee
