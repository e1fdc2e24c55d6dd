// Answers from slices: which one is next, and what becomes of the answer if it cannot be had.
#include "proxy/client/answer.h"
#include "proxy/client/commons.h"
#include "proxy/client/session.h"
#include "proxy/client/slices.h"

namespace levee {

Session::Next Session::answer_entry() {
  Exchange& x = *exchange_;
  if (x.peer_store != nullptr) return answered(send_entry(x));
  const bool is_slice = x.entry->part && x.entry->part->slice > 0;
  if (!x.slicing.of && is_slice) {
    x.slicing.of = x.entry;
    x.slicing.key = x.entry->key;
    const auto range = wanted_range(x, *x.entry);
    x.slicing.at = range ? range->first : 0;
    x.slicing.end = range ? range->last + 1 : x.entry->part->total;
    if (x.head.method() != Method::kHead && !is_next_slice(x)) return Step::kNextSlice;
  } else if (x.slicing.of && is_slice && !is_next_slice(x)) {
    return slice_changed();
  }
  if (x.slicing.begun && !is_slice) return sent(Sender::Outcome::kCut);
  if (x.slicing.begun) {
    send_more(x);
    prefetch_slice();
    return answered(x.sender.go_on(connection_.stream));
  }
  if (!is_slice) x.slicing = {};  // an error, for instance, instead of the slice
  const Sender::Outcome outcome = send_entry(x);
  if (x.slicing.begun) prefetch_slice();
  return answered(outcome);
}

Session::Next Session::next_slice() {
  Exchange& x = *exchange_;
  x.reader.reset();
  x.stale.reset();
  std::string& key = connection_.commons.key;
  key.clear();
  append_slice_key(x, key);
  Ask ask{KeyView(key), x, connection_.subscriber, x.plan->rules, connection_.worker.now()};
  ask.rules.min_uses = 1;
  ++x.looks;
  return take(x.plan->store->find(ask));
}

// The origin has another representation now: what is stored of the old one is forgotten, so that whoever asks next
// begins anew.
Session::Next Session::slice_changed() {
  Exchange& x = *exchange_;
  const std::shared_ptr<const Entry> of = std::move(x.slicing.of);
  const std::string key = std::move(x.slicing.key);
  const bool begun = x.slicing.begun;
  x.slicing = {};
  const auto stored = x.plan->store->peek(KeyView(key), x);
  if (stored && stored->part && stored->part->series == of->part->series) {
    x.plan->store->purge(KeyView(key), false, connection_.worker.now());
  }
  if (begun) return sent(Sender::Outcome::kCut);
  return x.looks < 3 ? Next(Step::kLookUp) : fail({Failure::kCut, 502});
}

}  // namespace levee
