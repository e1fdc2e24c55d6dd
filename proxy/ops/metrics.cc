#include "proxy/ops/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <vector>

#include "proxy/ops/client_counts.h"
#include "proxy/ops/gauges.h"

namespace levee {
namespace {

void append_label(std::string_view value, std::string& out) {
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

void append_value(double value, std::string& out) {
  char text[40];
  const bool whole = value == std::floor(value) && std::fabs(value) < 1e15;
  const int size = std::snprintf(text, sizeof text, whole ? "%.0f" : "%.9g", value);
  out.append(text, static_cast<size_t>(size));
}

// Samples of one name follow each other, under one HELP and TYPE.
class Page {
 public:
  void add(const Sample& sample) {
    if (sample.name != last_) {
      last_ = sample.name;
      const bool counts = sample.name.ends_with("_total");
      text_ += "# HELP " + sample.name + " " + sample.help + "\n";
      text_ += "# TYPE " + sample.name + (counts ? " counter\n" : " gauge\n");
    }
    text_ += sample.name;
    for (size_t i = 0; i < sample.labels.size(); ++i) {
      text_ += i == 0 ? '{' : ',';
      text_ += sample.labels[i].first + "=\"";
      append_label(sample.labels[i].second, text_);
      text_ += '"';
    }
    text_ += sample.labels.empty() ? " " : "} ";
    append_value(sample.value, text_);
    text_ += '\n';
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_, last_;
};

void add_totals(Page& page) {
  const ClientTotals totals = client_totals();
  const auto add = [&](const char* name, uint64_t value, const char* help) {
    page.add({name, {}, static_cast<double>(value), help});
  };
  add("levee_connections_active", totals.active, "Client connections now.");
  add("levee_connections_accepted_total", totals.accepted, "Client connections accepted.");
  add("levee_connections_refused_total", totals.refused, "Client connections closed at once, for want of room.");
  add("levee_clients_aborted_total", totals.aborted, "Requests whose client left before the end.");
  add("levee_tunnels_total", totals.tunnels, "Connections that switched protocols (Upgrade).");
  add("levee_tunnels_active", totals.tunnels_open, "Connections in another protocol now.");
  add("levee_requests_total", totals.requests, "Requests read.");
  add("levee_requests_collapsed_total", totals.collapsed, "Requests that waited for another request's fetch.");
  add("levee_responses_cut_total", totals.cut, "Responses that ended in the middle because the origin's did.");
  add("levee_sent_bytes_total", totals.bytes_sent, "Bytes sent to clients.");
  add("levee_fetched_bytes_total", totals.bytes_fetched, "Bytes received from origins.");
  add("levee_fetches_total", totals.fetches, "Requests sent to origins.");
  for (size_t i = 0; i < totals.by_cache_use.size(); ++i) {
    page.add({"levee_responses_by_cache_total",
              {{"cache", std::string(ClientCounts::kCacheUses[i])}},
              static_cast<double>(totals.by_cache_use[i]),
              "Responses by the cache's part in them."});
  }
  for (size_t i = 0; i < totals.stale_by_reason.size(); ++i) {
    page.add({"levee_responses_stale_total",
              {{"reason", std::string(ClientCounts::kStaleReasons[i])}},
              static_cast<double>(totals.stale_by_reason[i]),
              "Responses with a stale copy, by why."});
  }
  for (size_t i = 1; i < totals.by_class.size(); ++i) {
    page.add({"levee_responses_total",
              {{"class", std::to_string(i) + "xx"}},
              static_cast<double>(totals.by_class[i]),
              "Responses by class of status."});
  }
}

struct ZoneMetric {
  const char* name;
  uint64_t StoreStats::*value;
  const char* help;
};
constexpr ZoneMetric kZoneMetrics[] = {
    {"levee_zone_entries", &StoreStats::entries, "Responses in the zone."},
    {"levee_zone_bytes", &StoreStats::bytes, "Memory that the zone holds."},
    {"levee_zone_capacity_bytes", &StoreStats::capacity, "Memory that the zone may hold."},
    {"levee_zone_flights", &StoreStats::flights, "Fetches into the zone, now."},
    {"levee_zone_hits_total", &StoreStats::hits, "Look-ups that found a fresh response."},
    {"levee_zone_misses_total", &StoreStats::misses, "Look-ups that led a fetch."},
    {"levee_zone_stale_total", &StoreStats::stale, "Look-ups answered with a stale response."},
    {"levee_zone_collapsed_total", &StoreStats::collapsed, "Look-ups that joined a fetch."},
    {"levee_zone_passes_total", &StoreStats::passes, "Look-ups of what is known not to be stored."},
    {"levee_zone_evictions_total", &StoreStats::evictions, "Responses evicted."},
    {"levee_zone_purged_total", &StoreStats::purged, "Responses purged, stored ones and such as were on their way."},
    {"levee_zone_bans", &StoreStats::bans, "Purges by tag or prefix that are being carried out."},
    {"levee_zone_landed_total", &StoreStats::landed, "Fetches that brought the whole."},
    {"levee_zone_failed_total", &StoreStats::failed, "Fetches that did not."},
};

}  // namespace

std::string metrics_text(const Generation& generation) {
  Page page;
  add_totals(page);
  std::vector<std::pair<std::string, StoreStats>> zones;
  for (const auto& [name, store] : generation.stores) zones.emplace_back(name, store->stats());
  for (const ZoneMetric& metric : kZoneMetrics) {
    for (const auto& [name, stats] : zones) {
      page.add({metric.name, {{"zone", name}}, static_cast<double>(stats.*metric.value), metric.help});
    }
  }
  std::vector<Sample> samples = collect_gauges();
  std::stable_sort(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.name < b.name; });
  for (const Sample& sample : samples) page.add(sample);
  return page.take();
}

}  // namespace levee
