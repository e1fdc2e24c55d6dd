#include "cache/entry.h"

#include <algorithm>

namespace levee {

int64_t Entry::age(int64_t now) const {
  return std::max<int64_t>(0, saturating_add(lifetime.initial_age, saturating_subtract(now, response_time)));
}

int64_t Entry::fresh_for(int64_t now) const {
  const int64_t left = saturating_subtract(lifetime.fresh_for, age(now));
  const int64_t purged = stale_since.load(std::memory_order_relaxed);
  return purged == 0 ? left : std::min(left, saturating_subtract(purged, now));
}

bool Entry::has_strong_validator() const {
  return !etag.empty() && !etag.starts_with("W/");
}

size_t Entry::footprint() const {
  constexpr size_t kControlBlock = 16;  // make_shared keeps its counts beside the object
  const auto held = [](const std::string& text) {
    constexpr size_t kInline = 15;
    return text.capacity() > kInline ? allocated(text.capacity() + 1) : 0;
  };
  return allocated(sizeof(Entry) + kControlBlock) + held(key) + allocated(fields.footprint()) + held(etag) +
         held(vary_names) + held(vary_values) + allocated(tags.capacity() * sizeof(tags[0]));
}

std::shared_ptr<Entry> Entry::with_body(std::shared_ptr<Body> other) const {
  auto copy = std::make_shared<Entry>();
  copy->key = key;
  copy->hash = hash;
  copy->status = status;
  copy->fields = fields;
  copy->content_length = other && other->is_complete() ? std::optional(other->size()) : content_length;
  copy->lifetime = lifetime;
  copy->response_time = response_time;
  copy->part = part;
  copy->etag = etag;
  copy->last_modified = last_modified;
  copy->vary_names = vary_names;
  copy->vary_values = vary_values;
  copy->tags = tags;
  copy->keep = keep;
  copy->stopgap = stopgap;
  copy->advertised.store(advertised.load(std::memory_order_relaxed), std::memory_order_relaxed);
  copy->stale_since.store(stale_since.load(std::memory_order_relaxed), std::memory_order_relaxed);
  copy->body = std::move(other);
  return copy;
}

}  // namespace levee
