#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "cache/cache_control.h"
#include "cache/date.h"
#include "cache/freshness.h"

namespace levee {
namespace {

constexpr int64_t kNow = 1700000000000;  // ms since 1970: Tue, 14 Nov 2023 22:13:20 GMT
const std::string kDate = "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n";
const std::string kHourAgo = "Tue, 14 Nov 2023 21:13:20 GMT";
const std::string kInAnHour = "Tue, 14 Nov 2023 23:13:20 GMT";

Verdict judge_lines(const std::string& lines, int status = 200, RequestFacts request = {}, Hints hints = {},
                    int64_t delay = 0) {
  Fields fields;
  EXPECT_TRUE(fields.read_lines(lines)) << lines;
  return judge(status, fields, request, {5000, 5000 + delay, kNow}, hints);
}
int64_t seconds_fresh(const std::string& lines, int status = 200, Hints hints = {}) {
  return judge_lines(lines, status, {}, hints).lifetime.fresh_for / 1000;
}
std::string refused(const std::string& lines, int status = 200, RequestFacts request = {}, Hints hints = {}) {
  return std::string(describe(judge_lines(lines, status, request, hints).refusal));
}

struct LifetimeRow {
  const char* rule;  // of RFC 9111
  std::string lines;
  int64_t seconds;
};
const std::vector<LifetimeRow> kLifetimes = {
    {"5.2.2.1 max-age", "Cache-Control: max-age=60\r\n", 60},
    {"5.2.2.1 in any case", "cache-control: MaX-AgE=60\r\n", 60},
    {"5.2.2.1 quoted", "Cache-Control: max-age=\"60\"\r\n", 60},
    {"5.2.2.1 leading zeros", "Cache-Control: max-age=0060\r\n", 60},
    {"5.2.2.1 single quotes are junk", "Cache-Control: max-age='60'\r\n", 0},
    {"5.2.2.1 junk", "Cache-Control: max-age=a60\r\n", 0},
    {"5.2.2.1 junk behind", "Cache-Control: max-age=60a\r\n", 0},
    {"5.2.2.1 decimal", "Cache-Control: max-age=60.0\r\n", 0},
    {"5.2.2.1 negative", "Cache-Control: max-age=-60\r\n", 0},
    {"5.2.2.1 empty", "Cache-Control: max-age=\r\n", 0},
    {"5.2.2.1 without a value", "Cache-Control: max-age\r\n", 0},
    {"5.2.2.1 space behind =", "Cache-Control: max-age= 60\r\n", 0},
    {"4.2.1 the first of two", "Cache-Control: max-age=60, max-age=5\r\n", 60},
    {"4.2.1 the first of two lines", "Cache-Control: max-age=5\r\nCache-Control: max-age=60\r\n", 5},
    {"5.2.3 extension before", "Cache-Control: foo, max-age=60\r\n", 60},
    {"5.2.3 in an extension's string", "Cache-Control: foo=\"max-age=3600\", max-age=60\r\n", 60},
    {"5.2.2.10 s-maxage wins", "Cache-Control: max-age=60, s-maxage=5\r\n", 5},
    {"5.2.2.10 longer too", "Cache-Control: s-maxage=600, max-age=0\r\n", 600},
    {"5.3 Expires", kDate + "Expires: " + kInAnHour + "\r\n", 3600},
    {"5.3 without Date: when it came", "Expires: " + kInAnHour + "\r\n", 3600},
    {"5.3 bad Date: when it came", "Date: foo\r\nExpires: " + kInAnHour + "\r\n", 3600},
    {"5.3 counted from Date", "Date: " + kHourAgo + "\r\nExpires: " + kInAnHour + "\r\n", 7200},
    {"5.3 past", kDate + "Expires: " + kHourAgo + "\r\n", 0},
    {"5.3 invalid is past", kDate + "Expires: 0\r\n", 0},
    {"5.3 max-age wins", kDate + "Expires: " + kInAnHour + "\r\nCache-Control: max-age=5\r\n", 5},
    {"5.3 max-age wins over past", kDate + "Expires: " + kHourAgo + "\r\nCache-Control: max-age=5\r\n", 5},
    {"4.2.2 a tenth of its age", kDate + "Last-Modified: " + kHourAgo + "\r\n", 360},
    {"4.2.2 not from the future", kDate + "Last-Modified: " + kInAnHour + "\r\n", 0},
    {"4.2.2 bad date", kDate + "Last-Modified: yesterday\r\n", 0},
    {"9213 2.2 over Cache-Control", "CDN-Cache-Control: max-age=60\r\nCache-Control: max-age=5\r\n", 60},
    {"9213 2.2 over Expires", kDate + "CDN-Cache-Control: max-age=60\r\nExpires: " + kInAnHour + "\r\n", 60},
    {"9213 2.2 nothing of Expires", kDate + "CDN-Cache-Control: public\r\nExpires: " + kInAnHour + "\r\n", 0},
    {"9213 2.1 invalid does not count", "CDN-Cache-Control: max-age=60,,\r\nCache-Control: max-age=5\r\n", 5},
    {"9213 2.1 upper case is no key", "CDN-Cache-Control: Max-Age=60\r\nCache-Control: max-age=5\r\n", 5},
    {"9213 2.1 empty does not count", "CDN-Cache-Control:\r\nCache-Control: max-age=5\r\n", 5},
    {"9213 2.1 a string is no duration", "CDN-Cache-Control: max-age=\"60\"\r\nCache-Control: max-age=5\r\n", 0},
    {"9213 2.1 a flag is no duration", kDate + "CDN-Cache-Control: max-age\r\nLast-Modified: " + kHourAgo + "\r\n",
     360},
    {"9213 2.1 negative", "CDN-Cache-Control: max-age=-60, stale-if-error=9\r\n", 0},
    {"8941 4.2.2 the last of a key", "CDN-Cache-Control: max-age=5, max-age=60\r\n", 60},
    {"8941 4.2.2 though it does not count", "CDN-Cache-Control: max-age=60, max-age=x\r\n", 0},
    {"8941 3.1.2 parameters", "CDN-Cache-Control: max-age=60;a;b=1\r\n", 60},
    {"Surrogate-Control", "Surrogate-Control: max-age=60\r\nCache-Control: max-age=5\r\n", 60},
    {"Surrogate-Control in any case", "Surrogate-Control: foo, MaX-aGe=60\r\n", 60},
    {"Surrogate-Control and then stale", "Surrogate-Control: max-age=60+30\r\n", 60},
    {"Surrogate-Control for us", "Surrogate-Control: max-age=60;levee\r\n", 60},
    {"Surrogate-Control for another", "Surrogate-Control: max-age=60;x\r\nCache-Control: max-age=5\r\n", 5},
    {"nginx: X-Accel-Expires", "X-Accel-Expires: 60\r\nCache-Control: max-age=5\r\n", 60},
    {"nginx: X-Accel-Expires @", "X-Accel-Expires: @1700000060\r\n", 60},
    {"nginx: junk", "X-Accel-Expires: x\r\nCache-Control: max-age=5\r\n", 5},
};

TEST(Freshness, LifetimesInSeconds) {
  for (const LifetimeRow& row : kLifetimes) {
    SCOPED_TRACE(row.rule);
    EXPECT_EQ(seconds_fresh(row.lines), row.seconds);
  }
}

TEST(Freshness, HugeValuesSaturate) {
  for (const char* value :
       {"99999999999", "9223372036854775807", "18446744073709551616", "999999999999999999999999999"}) {
    const Lifetime lifetime = judge_lines(std::string("Cache-Control: max-age=") + value + ", stale-if-error=" + value +
                                          "\r\nAge: " + value + "\r\n")
                                  .lifetime;
    EXPECT_GE(lifetime.fresh_for / 1000, 99999999999) << value;
    EXPECT_GE(lifetime.stale_if_error / 1000, 99999999999) << value;
    EXPECT_GE(lifetime.initial_age / 1000, 99999999999) << value;
  }
}

TEST(Freshness, SumsSaturateToo) {
  EXPECT_EQ(saturating_add(INT64_MAX - 1, 2), INT64_MAX);
  EXPECT_EQ(saturating_add(INT64_MIN + 1, -2), INT64_MIN);
  EXPECT_EQ(saturating_subtract(INT64_MIN + 1, 2), INT64_MIN);
  EXPECT_EQ(saturating_subtract(INT64_MAX - 1, -2), INT64_MAX);
  EXPECT_EQ(saturating_subtract(5, 7), -2);
}

TEST(Freshness, HeuristicsAreForSomeStatusesOnly) {  // RFC 9110 section 15.1, RFC 9111 section 4.2.2
  const std::string lines = kDate + "Last-Modified: " + kHourAgo + "\r\n";
  for (const int status : {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}) {
    EXPECT_TRUE(judge_lines(lines, status).lifetime.heuristic) << status;
    EXPECT_EQ(refused(lines, status), "storable") << status;
  }
  for (const int status : {201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599}) {
    EXPECT_EQ(refused(lines, status), "no-freshness") << status;
    EXPECT_EQ(seconds_fresh(lines + "Cache-Control: public\r\n", status), 360) << status;
  }
}

TEST(Freshness, AgeInSeconds) {  // RFC 9111 sections 5.1 and 4.2.3
  struct Row {
    const char* lines;
    int64_t age;
  };
  for (const Row& row : std::vector<Row>{{"", 0},
                                         {"Age: 30\r\n", 30},
                                         {"Age: 30, 5\r\n", 30},
                                         {"Age: 0, 30\r\n", 0},
                                         {"Age: 30\r\nAge: 5\r\n", 30},
                                         {"Age: abc\r\n", 0},
                                         {"Age: abc, 30\r\n", 30},
                                         {"Age: -30\r\n", 0},
                                         {"Age: 30.0\r\n", 0},
                                         {"Age: 30;a=b\r\n", 0},
                                         {"Age: \"30\"\r\n", 0}}) {
    SCOPED_TRACE(row.lines);
    EXPECT_EQ(judge_lines(row.lines).lifetime.initial_age / 1000, row.age);
    EXPECT_EQ(judge_lines(row.lines, 200, {}, {}, 2000).lifetime.initial_age / 1000, row.age + 2) << "and on the way";
  }
  EXPECT_EQ(judge_lines("Date: " + kHourAgo + "\r\n").lifetime.initial_age, 0)
      << "a slow clock of the origin is not age";
}

TEST(Storing, WhatMayNotBeShared) {
  const std::string fresh = "Cache-Control: max-age=60\r\n";
  struct Row {
    const char* rule;
    std::string lines;
    const char* verdict;
  };
  for (const Row& row : std::vector<Row>{
           {"9111 5.2.2.5", "Cache-Control: no-store, max-age=60\r\n", "no-store"},
           {"9111 5.2.2.5 in any case", "Cache-Control: max-age=60, No-StOrE\r\n", "no-store"},
           {"9111 5.2.2.7", "Cache-Control: private, max-age=60\r\n", "private"},
           {"9111 5.2.2.7 qualified", "Cache-Control: private=\"x\", max-age=60\r\n", "storable"},
           {"9111 5.2.2.7 qualified by nothing", "Cache-Control: private=\"\", max-age=60\r\n", "private"},
           {"9111 5.2.2.7 qualified twice", "Cache-Control: private=\"x\", private=\"y\", max-age=60\r\n", "private"},
           {"9111 5.2.2.4 no validator", "Cache-Control: no-cache, max-age=60\r\n", "expired"},
           {"9111 5.2.2.4 with validator", "Cache-Control: no-cache\r\nETag: \"a\"\r\n", "storable"},
           {"9111 5.2.2.4 qualified", "Cache-Control: no-cache=\"x\", max-age=60\r\n", "storable"},
           {"9111 5.2.2.3 understood", "Cache-Control: must-understand, no-store, max-age=60\r\n", "storable"},
           {"9111 3 nothing said", kDate, "no-freshness"},
           {"9111 3 a validator", "ETag: \"a\"\r\n", "storable"},
           {"9111 3 stale, no validator", "Cache-Control: max-age=0\r\n", "expired"},
           {"9111 3 stale, with validator", "Cache-Control: max-age=0\r\nETag: \"a\"\r\n", "storable"},
           {"9111 4.2.3 too old on arrival", "Cache-Control: max-age=60\r\nAge: 60\r\n", "expired"},
           {"5861 3 may be used stale", "Cache-Control: max-age=0, stale-while-revalidate=5\r\n", "storable"},
           {"9111 7.3 Set-Cookie", fresh + "Set-Cookie: a=b\r\n", "set-cookie"},
           {"Set-Cookie, public", "Cache-Control: public, max-age=60\r\nSet-Cookie: a=b\r\n", "storable"},
           {"Set-Cookie, s-maxage", "Cache-Control: s-maxage=60\r\nSet-Cookie: a=b\r\n", "storable"},
           {"Set-Cookie withheld", "Cache-Control: max-age=60, private=\"Set-Cookie\"\r\nSet-Cookie: a=b\r\n",
            "storable"},
           {"Set-Cookie withheld otherwise", "Cache-Control: max-age=60, no-cache=Set-Cookie\r\nSet-Cookie: a=b\r\n",
            "storable"},
           {"9111 4.1 Vary *", fresh + "Vary: *\r\n", "vary-star"},
           {"9111 4.1 Vary * among others", fresh + "Vary: a\r\nVary: , *\r\n", "vary-star"},
           {"9213 no-store for CDNs", fresh + "CDN-Cache-Control: no-store\r\n", "no-store"},
           {"9213 over no-store", "Cache-Control: no-store\r\nCDN-Cache-Control: max-age=60\r\n", "storable"},
           {"9213 2.1 a flag that is a number", fresh + "CDN-Cache-Control: max-age=60, no-store=1\r\n", "storable"},
           {"9213 2.1 a flag that is false", "CDN-Cache-Control: max-age=60, no-store=?0\r\n", "storable"},
           {"8941 4.2.2 taken back", "CDN-Cache-Control: no-store, max-age=60, no-store=?0\r\n", "storable"},
           {"9213 private for CDNs", fresh + "CDN-Cache-Control: private\r\n", "private"},
           {"Surrogate-Control: no-store", fresh + "Surrogate-Control: no-store\r\n", "no-store"},
           {"Surrogate-Control: no-store-remote", fresh + "Surrogate-Control: no-store-remote\r\n", "no-store"},
           {"nginx: X-Accel-Expires 0", fresh + "X-Accel-Expires: 0\r\n", "no-store"},
       }) {
    SCOPED_TRACE(row.rule);
    EXPECT_EQ(refused(row.lines), row.verdict);
  }
  EXPECT_EQ(refused("Cache-Control: must-understand, max-age=60\r\n", 599), "must-understand");
  EXPECT_EQ(refused(fresh, 599), "storable") << "explicit freshness is enough for any final status";
  for (const int status : {206, 304, 416}) EXPECT_EQ(refused(fresh, status), "partial") << status;
  EXPECT_EQ(refused(fresh, 103), "interim");
  EXPECT_EQ(refused(fresh, 101), "interim");
}

TEST(Storing, WhatTheRequestSays) {
  using Method = RequestFacts::Method;
  const std::string fresh = "Cache-Control: max-age=60\r\n";
  EXPECT_EQ(refused(fresh, 200, {.method = Method::kOther}), "method");
  EXPECT_EQ(refused(fresh, 200, {.method = Method::kPost}), "method");
  EXPECT_EQ(refused(fresh, 200, {.method = Method::kPost, .content_location_is_target = true}), "storable");
  EXPECT_EQ(refused("ETag: \"a\"\r\n", 200, {.method = Method::kPost, .content_location_is_target = true}), "method");
  EXPECT_EQ(refused(fresh, 200, {.no_store = true}), "request-no-store");
  const RequestFacts authorized{.authorized = true};  // RFC 9111 section 3.5
  EXPECT_EQ(refused(fresh, 200, authorized), "authorization");
  EXPECT_EQ(refused("Cache-Control: max-age=60, proxy-revalidate\r\n", 200, authorized), "authorization");
  EXPECT_EQ(refused("Cache-Control: max-age=60, public\r\n", 200, authorized), "storable");
  EXPECT_EQ(refused("Cache-Control: s-maxage=60\r\n", 200, authorized), "storable");
  EXPECT_EQ(refused("Cache-Control: max-age=60, must-revalidate\r\n", 200, authorized), "storable");
}

TEST(Storing, WhatTheConfigurationSays) {
  EXPECT_EQ(refused("Cache-Control: private\r\n", 200, {}, {.ignore_cache_control = true, .valid = 5000}), "storable");
  EXPECT_EQ(refused("Cache-Control: max-age=9\r\nSet-Cookie: a\r\n", 200, {}, {.ignore_set_cookie = true}), "storable");
  EXPECT_EQ(refused("Cache-Control: max-age=9\r\nVary: *\r\n", 200, {}, {.ignore_vary = true}), "storable");
  EXPECT_EQ(seconds_fresh("", 200, {.valid = 5000}), 5);
  EXPECT_EQ(seconds_fresh("Cache-Control: max-age=9\r\n", 200, {.valid = 5000}), 9) << "the response goes first";
  EXPECT_EQ(seconds_fresh("Cache-Control: max-age=9\r\n", 200, {.ignore_cache_control = true, .valid = 5000}), 5);
  EXPECT_EQ(seconds_fresh("X-Accel-Expires: 9\r\n", 200, {.ignore_x_accel_expires = true, .valid = 5000}), 5);
  EXPECT_EQ(seconds_fresh("Expires: " + kInAnHour + "\r\n", 200, {.ignore_expires = true, .valid = 5000}), 5);
  EXPECT_EQ(seconds_fresh("Age: 100\r\n", 200, {.valid = 5000}), 105) << "counted from now on";
  EXPECT_EQ(judge_lines("Cache-Control: max-age=9, stale-if-error=2\r\n", 200, {}, {.stale_if_error = 7000})
                .lifetime.stale_if_error,
            7000);
}

TEST(Storing, OnlyWhatWillStayUncacheableIsRemembered) {
  EXPECT_TRUE(judge_lines("Cache-Control: private\r\n").remember_as_uncacheable());
  EXPECT_TRUE(judge_lines("").remember_as_uncacheable());
  EXPECT_FALSE(judge_lines("Cache-Control: max-age=5\r\n").remember_as_uncacheable());
  EXPECT_FALSE(judge_lines("Cache-Control: no-store\r\n", 503).remember_as_uncacheable());
  EXPECT_FALSE(judge_lines("Cache-Control: max-age=5\r\n", 200, {.authorized = true}).remember_as_uncacheable())
      << "one client's Authorization must not take a key out of the cache for all";
  EXPECT_TRUE(judge_lines("", 404).shareable);
  EXPECT_TRUE(judge_lines("", 503).shareable);
  EXPECT_FALSE(judge_lines("", 403).shareable);
  EXPECT_FALSE(judge_lines("").shareable);
  EXPECT_FALSE(judge_lines("Cache-Control: private\r\n", 404).shareable);
}

TEST(Stale, WindowsAndWhatForbidsThem) {  // RFC 5861, RFC 9111 section 4.2.4
  const std::string windows = "stale-while-revalidate=5, stale-if-error=6";
  Lifetime lifetime = judge_lines("Cache-Control: max-age=1, " + windows + "\r\n").lifetime;
  EXPECT_EQ(lifetime.stale_while_revalidate, 5000);
  EXPECT_EQ(lifetime.stale_if_error, 6000);
  EXPECT_FALSE(lifetime.must_revalidate);
  for (const char* directive : {"must-revalidate", "proxy-revalidate", "s-maxage=1", "no-cache"}) {
    SCOPED_TRACE(directive);
    lifetime = judge_lines("Cache-Control: max-age=1, " + windows + ", " + directive + "\r\n", 200, {},
                           {.stale_if_error = 9000})
                   .lifetime;
    EXPECT_EQ(lifetime.stale_while_revalidate, 0);
    EXPECT_EQ(lifetime.stale_if_error, 0);
    EXPECT_TRUE(lifetime.must_revalidate || lifetime.always_validate);
  }
  EXPECT_EQ(judge_lines("Surrogate-Control: max-age=1+5\r\n").lifetime.stale_while_revalidate, 5000);
  EXPECT_EQ(judge_lines("CDN-Cache-Control: max-age=1, stale-if-error=-5\r\n").lifetime.stale_if_error, 0);
  EXPECT_TRUE(judge_lines("Cache-Control: max-age=1, immutable\r\n").lifetime.immutable) << "RFC 8246";
}

TEST(Withheld, FieldsNamedByPrivateAndNoCache) {  // RFC 9111 sections 5.2.2.4 and 5.2.2.7
  const std::string lines = "Cache-Control: private=\"A, b\", no-cache=\"C\"\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n";
  Fields fields;
  fields.read_lines(lines);
  std::string kept;
  for (size_t i = 1; i < fields.size(); ++i) {
    if (!is_withheld(fields, fields[i], {})) kept.append(fields[i].name);
  }
  EXPECT_EQ(kept, "D");
}

TEST(RequestDirectives, AreReadAndHeld) {  // RFC 9111 section 5.2.1
  const auto wanted = [](const std::string& lines) {
    Fields fields;
    fields.read_lines(lines);
    return request_directives(fields);
  };
  EXPECT_TRUE(wanted("Pragma: no-cache\r\n").no_cache);
  EXPECT_FALSE(wanted("Pragma: no-cache\r\nCache-Control: max-age=1\r\n").no_cache);
  EXPECT_TRUE(wanted("Cache-Control: only-if-cached, no-store\r\n").only_if_cached);
  EXPECT_TRUE(wanted("Cache-Control: only-if-cached, no-store\r\n").no_store);
  const Lifetime lifetime{.fresh_for = 10000};
  EXPECT_TRUE(satisfies(wanted(""), lifetime, 9999));
  EXPECT_FALSE(satisfies(wanted(""), lifetime, 10000));
  EXPECT_FALSE(satisfies(wanted("Cache-Control: no-cache\r\n"), lifetime, 0));
  EXPECT_FALSE(satisfies(wanted("Cache-Control: max-age=5\r\n"), lifetime, 6000));
  EXPECT_FALSE(satisfies(wanted("Cache-Control: min-fresh=5\r\n"), lifetime, 6000));
  EXPECT_TRUE(satisfies(wanted("Cache-Control: max-stale=5\r\n"), lifetime, 15000));
  EXPECT_FALSE(satisfies(wanted("Cache-Control: max-stale=5\r\n"), lifetime, 15001));
  EXPECT_TRUE(satisfies(wanted("Cache-Control: max-stale\r\n"), lifetime, 1000000));
  EXPECT_FALSE(satisfies(wanted("Cache-Control: max-stale\r\n"), {.fresh_for = 10000, .must_revalidate = true}, 10000));
  EXPECT_FALSE(satisfies(wanted(""), {.fresh_for = 10000, .always_validate = true}, 0));
}

TEST(RequestDirectives, AReloadIsNoReasonToAskForWhatIsImmutable) {  // RFC 8246 section 2
  const auto satisfied = [](const std::string& lines, int64_t age) {
    Fields fields;
    fields.read_lines(lines);
    return satisfies(request_directives(fields), {.fresh_for = 10000, .immutable = true}, age);
  };
  EXPECT_TRUE(satisfied("Cache-Control: max-age=0\r\n", 9999));
  EXPECT_FALSE(satisfied("Cache-Control: max-age=0\r\n", 10000)) << "not longer than it is fresh";
  EXPECT_FALSE(satisfied("Cache-Control: max-age=0, max-stale\r\n", 10000));
  EXPECT_FALSE(satisfied("Cache-Control: max-age=0, no-cache\r\n", 9999)) << "a forced reload";
  EXPECT_FALSE(satisfied("Cache-Control: max-age=0, min-fresh=5\r\n", 9999));
}

// The rules of RFC 9111 again, on values instead of text and as plainly as can be.
struct Said {
  std::optional<int64_t> s_maxage, max_age, expires, modified;  // seconds; dates relative to Date
  bool no_store = false, is_private = false, no_cache = false, is_public = false, must_revalidate = false, etag = false;
  bool cookie = false;
  int64_t age = 0;
  int status = 200;
};
std::string obvious(const Said& said, bool authorized) {
  if (said.no_store) return "no-store";
  if (said.is_private) return "private";
  const bool shared = said.is_public || said.s_maxage;
  if (authorized && !shared && !said.must_revalidate) return "authorization";
  if (said.cookie && !shared) return "set-cookie";
  const bool by_default = said.status == 200 || said.status == 404;
  std::optional<int64_t> fresh = said.s_maxage ? said.s_maxage : said.max_age ? said.max_age : said.expires;
  if (!fresh && (by_default || said.is_public) && said.modified && *said.modified < 0) fresh = -*said.modified / 10;
  const bool validator = said.etag || said.modified;
  if (!fresh) return validator && (by_default || said.is_public) ? "storable 0" : "no-freshness";
  if (*fresh < 0) fresh = 0;
  if (!validator && (said.no_cache || *fresh <= said.age)) return "expired";
  return "storable " + std::to_string(*fresh);
}
TEST(Freshness, AgreesWithTheObviousOnRandomResponses) {
  std::mt19937 random(5);
  const auto chance = [&](unsigned one_in) { return random() % one_in == 0; };
  const auto number = [&]() -> std::optional<int64_t> {
    if (chance(2)) return std::nullopt;
    return random() % 100;
  };
  const auto date = [](int64_t seconds) {
    std::string text(kDateSize, ' ');
    format_date(kNow / 1000 + seconds, text.data());
    return text;
  };
  for (int i = 0; i < 5000; ++i) {
    Said said{number(), number(), {}, {}};
    if (chance(2)) said.expires = static_cast<int64_t>(random() % 200) - 100;
    if (chance(2)) said.modified = -static_cast<int64_t>(random() % 5000) * 10 + 20;
    said.no_store = chance(8), said.is_private = chance(8), said.no_cache = chance(6), said.is_public = chance(4);
    said.must_revalidate = chance(4), said.etag = chance(3), said.cookie = chance(5);
    if (chance(3)) said.age = random() % 100;
    said.status = chance(3) ? 404 : chance(3) ? 403 : 200;
    const bool authorized = chance(4);
    std::vector<std::string> directives;
    if (said.s_maxage) directives.push_back("s-maxage=" + std::to_string(*said.s_maxage));
    if (said.max_age) directives.push_back("max-age=" + std::to_string(*said.max_age));
    if (said.no_store) directives.push_back("no-store");
    if (said.is_private) directives.push_back("private");
    if (said.no_cache) directives.push_back("no-cache");
    if (said.is_public) directives.push_back("public");
    if (said.must_revalidate) directives.push_back("must-revalidate");
    std::shuffle(directives.begin(), directives.end(), random);
    std::string lines = kDate;
    for (const std::string& directive : directives) lines += "Cache-Control: " + directive + "\r\n";
    if (said.expires) lines += "Expires: " + date(*said.expires) + "\r\n";
    if (said.modified) lines += "Last-Modified: " + date(*said.modified) + "\r\n";
    if (said.age > 0) lines += "Age: " + std::to_string(said.age) + "\r\n";
    if (said.etag) lines += "ETag: \"x\"\r\n";
    if (said.cookie) lines += "Set-Cookie: a=b\r\n";
    const Verdict verdict = judge_lines(lines, said.status, {.authorized = authorized});
    std::string got(describe(verdict.refusal));
    if (verdict.storable()) got += " " + std::to_string(verdict.lifetime.fresh_for / 1000);
    ASSERT_EQ(got, obvious(said, authorized)) << said.status << "\n" << lines;
  }
}

}  // namespace
}  // namespace levee
