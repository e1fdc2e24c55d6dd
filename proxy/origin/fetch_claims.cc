// What a fetch says of its key to the other nodes of its PoP: the lease, and what became of it.
#include <algorithm>

#include "cache/vary.h"
#include "proxy/origin/fetch_pop.h"
#include "proxy/origin/fetch_task.h"

namespace levee {
namespace {

// What the request has for these fields.
std::string values_of(const Order& order, const std::string& names) {
  Fields fields;
  fields.read_lines(order.vary_source);
  std::string values;
  vary_values(fields, names, values);
  return values;
}

}  // namespace

void Fetch::take_lease(uint64_t fence) {
  pop_->fence = fence;
  pop_->led_since = worker_.now();
  pop_->timer.set(pop_->lease / 3);
}

void Fetch::release_lease() {
  if (pop_->fence == 0) return;
  if (PopIndex* const to = index()) to->release(pop_->key, pop_->fence);
  pop_->fence = 0;
  pop_->timer.clear();
}

void Fetch::use_variant(const std::string& names) {
  pop_->key = variant_key(pop_->key, names, values_of(order_, names));
  pop_->varied = true;
}

// The origin's head has come to us who lead.
void Fetch::tell_pop(bool shared, int64_t remember) {
  if (pop_ == nullptr || at_peer()) return;
  PopIndex* const to = index();
  if (to == nullptr) return;
  if (!shared || (entry_->part && entry_->part->slice == 0)) {
    if (remember == 0) return release_lease();
    to->publish_uncacheable(pop_->key, remember);
    pop_->fence = 0;
    pop_->timer.clear();
    return;
  }
  if (entry_->vary_names.empty() || pop_->varied) return;
  const std::string base = pop_->key;
  use_variant(entry_->vary_names);
  to->varies(base, entry_->vary_names, pop_->key, pop_->fence, std::max(pop_->lease, pop_->pop->lease()),
             entry_->fresh_for(worker_.now()));
}

// Nobody of the PoP is to begin any more with a representation that the origin has no more.
void Fetch::tell_changed() {
  PopIndex* const to = pop_ != nullptr ? index() : nullptr;
  if (to == nullptr) return;
  const Entry& of = *order_.slice->of;
  to->withdraw_version(index_key(location_.cache, of), of.etag);
}

// What was held for uncacheable is not: whoever asks next fetches it for all.
void Fetch::tell_cacheable() {
  order_.known_uncacheable->forget_uncacheable(KeyView(order_.key));
  const auto& pop = order_.generation->pop;
  PopIndex* const to = pop ? worker_.local<PopMember>().index(pop) : nullptr;
  if (to == nullptr) return;
  const std::string key = index_key(location_.cache, order_.key);
  to->forget_uncacheable(key);
  if (entry_->vary_names.empty()) return;
  to->forget_uncacheable(variant_key(key, entry_->vary_names, values_of(order_, entry_->vary_names)));
}

// It is over, and in our store, whole: the PoP may have it from here. Null: it is not there.
void Fetch::publish(const std::shared_ptr<const Entry>& stored) {
  if (pop_ == nullptr) return;
  if (pop_->fence != 0) pop_->pop->fetched(worker_.now() - pop_->led_since);
  if (stored == nullptr) return;
  const Entry& entry = *stored;
  const int64_t fresh_for = entry.fresh_for(worker_.now());
  PopIndex* const to = index();
  const bool is_cut = entry.part && entry.part->slice == 0;
  if (!entry.keep || is_cut || fresh_for <= 0 || to == nullptr) return;
  if (!entry.vary_names.empty() && !pop_->varied) {
    const std::string base = pop_->key;
    use_variant(entry.vary_names);
    to->varies(base, entry.vary_names, pop_->key, 0, 0, fresh_for);
  }
  pop_->pop->upkeep().published(entry);
  to->publish(pop_->key, entry.etag, fresh_for, [stored](bool said) {
    if (!said) IndexUpkeep::unsaid(*stored);
  });
  pop_->fence = 0;
}

// The answer to a POST, which GETs of all nodes may have.
void Fetch::publish_kept(const std::shared_ptr<const Entry>& stored) {
  const auto& pop = order_.generation->pop;
  if (stored && pop && pop->indexed()) pop->upkeep().say(location_.cache, *stored, worker_.now());
}

}  // namespace levee
