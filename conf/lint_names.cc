// What the names of arguments, fields, cookies and groups say of their values: a viewer's own, or a choice of many.
#include <algorithm>
#include <cctype>

#include "conf/lint_rules.h"

namespace levee::conf {
namespace {

constexpr std::string_view kWhole[] = {"cid", "policy", "keypairid", "cb", "ts", "st", "e", "md5", "securelink"};
constexpr std::string_view kPersonal[] = {
    "token",    "auth",      "authorization", "authentication", "jwt",        "bearer",    "credential",  "secret",
    "password", "sid",       "session",       "sess",           "jsessionid", "phpsessid", "uid",         "user",
    "username", "userid",    "viewer",        "visitor",        "subscriber", "member",    "login",       "email",
    "ip",       "forwarded", "sig",           "signature",      "hmac",       "hdnts",     "hdnea",       "hdntl",
    "expires",  "expiry",    "exp",           "nonce",          "rand",       "random",    "cachebuster", "timestamp",
    "cmcd"};
// Personal with "id" or "key" behind.
constexpr std::string_view kOwners[] = {"client",   "device",  "request", "playback", "play", "player",
                                        "customer", "account", "install", "trace",    "api",  "access"};
constexpr std::string_view kNumbers[] = {"id", "key"};
// Of CloudFront's names those of a viewer; the others are of his country, device or connection.
constexpr std::string_view kCloudFront[] = {"policy", "signature", "key", "address"};
constexpr std::string_view kSecrets[] = {"token", "auth",       "authorization", "jwt", "session",   "sess",
                                         "sid",   "jsessionid", "phpsessid",     "sig", "signature", "hmac",
                                         "hdnts", "hdnea",      "hdntl",         "key", "secret",    "credential"};
// A name that ends so is of a choice that many viewers share: user_country, token_type.
constexpr std::string_view kChoices[] = {
    "type",    "kind",    "class",   "tier",   "level",  "plan",    "group",      "cohort",    "bucket",
    "variant", "ab",      "country", "region", "locale", "lang",    "language",   "currency",  "theme",
    "version", "quality", "profile", "format", "codec",  "bitrate", "resolution", "rendition", "layout",
    "proto",   "scheme",  "host",    "port",   "mobile", "desktop", "tablet"};

bool is_in(const auto& words, std::string_view word) {
  return std::ranges::find(words, word) != std::end(words);
}

bool any_in(const auto& known, const std::vector<std::string>& words) {
  return std::ranges::any_of(words, [&](const std::string& word) { return is_in(known, word); });
}

bool is_known(std::string_view word) {
  return is_in(kPersonal, word) || is_in(kOwners, word) || is_in(kNumbers, word);
}

// Adds a word, as two if both are known: authtoken, deviceid.
void add_word(std::string_view word, std::vector<std::string>& words) {
  for (size_t at = 3; at < word.size(); ++at) {
    if (!is_known(word.substr(0, at)) || !is_known(word.substr(at))) continue;
    words.emplace_back(word.substr(0, at));
    words.emplace_back(word.substr(at));
    return;
  }
  if (!word.empty()) words.emplace_back(word);
}

// In lower case; words end at what is neither letter nor digit, and before a capital: sessionId.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  std::string word;
  bool was_small = false;
  for (const char c : name) {
    const auto letter = static_cast<unsigned char>(c);
    if (std::isalnum(letter) == 0 || (was_small && std::isupper(letter) != 0)) {
      add_word(word, words);
      word.clear();
    }
    was_small = std::islower(letter) != 0;
    if (std::isalnum(letter) != 0) word += static_cast<char>(std::tolower(letter));
  }
  add_word(word, words);
  return words;
}

}  // namespace

bool names_choice(std::string_view name) {
  const std::vector<std::string> words = words_of(name);
  return !words.empty() && is_in(kChoices, words.back());
}

bool names_viewer(std::string_view name) {
  const std::vector<std::string> words = words_of(name);
  if (words.empty() || is_in(kChoices, words.back())) return false;
  if (is_in(words, "cloudfront")) return any_in(kCloudFront, words);
  std::string whole;
  for (size_t i = 0; i < words.size(); ++i) {
    whole += words[i];
    if (is_in(kPersonal, words[i])) return true;
    if (i + 1 < words.size() && is_in(kOwners, words[i]) && is_in(kNumbers, words[i + 1])) return true;
  }
  return is_in(kWhole, whole);
}

bool names_secret(std::string_view name) {
  return names_viewer(name) && any_in(kSecrets, words_of(name));
}

}  // namespace levee::conf
