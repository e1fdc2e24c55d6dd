// Who of the PoP has a key, and who is fetching it: an index and leases in Redis, never bodies.
//
// Loop thread only; one a worker, all over one breaker. A lease is for efficiency, not for safety: two leaders are
// harmless. Times are Redis' own. Every question is answered exactly once, and with Alone when Redis is away.
//
// One Redis string a key, "PREFIX:" and 16 bytes of the SHA-256 of kPopVersion and the key, which expires by itself:
//   "H node,node etag"   these nodes have it; lives as long as the entry is fresh
//   "L node fence"       this node fetches it; lives for the lease
//   "U"                  not shareable; nobody waits for it
//   "V names"            it varies by these request fields: each variant has a key of its own, see variant_key()
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

namespace levee {

class Redis;

// Of what stands in the index, and of what peers say to each other: to be counted up with each change of either. Nodes
// of different versions see none of each other's claims, so they never ask each other.
inline constexpr std::string_view kPopVersion = "2";

struct Have {
  std::string node;
  std::string etag;
  int64_t fresh_for;  // ms
};
struct FollowNode {
  std::string node;
};
struct LeadHere {
  uint64_t fence;
};
struct Uncacheable {
  int64_t remember;  // ms
};
struct Varies {
  std::string names;  // ask again, with the variant's key
};
struct Alone {};  // no answer: fetch as if there were no index
using Decision = std::variant<Have, FollowNode, LeadHere, Uncacheable, Varies, Alone>;

class PopIndex {
 public:
  PopIndex(Redis& redis, std::string prefix, std::string node, std::string_view version = kPopVersion);

  // lease: ms. excluded: nodes ("a,b") that turned out to have it no more, or to be dead; their claims are set aside.
  void decide(std::string_view key, int64_t lease, std::string_view excluded, std::function<void(Decision)> answer);
  // The lease goes on for `lease` ms more, if it is still ours, or if Redis has lost it.
  void renew(std::string_view key, uint64_t fence, int64_t lease);
  // The response that this node fetches under `key` is one of several: from here on its lease is on the variant's key.
  void varies(std::string_view key, std::string_view names, std::string_view variant, uint64_t fence, int64_t lease,
              int64_t fresh_for);
  // This node has the response; the lease is over. said: called once with whether Redis has heard it; null: nobody
  // asks.
  void publish(std::string_view key, std::string_view etag, int64_t fresh_for,
               std::function<void(bool)> said = nullptr);
  // The response is for one client alone: nobody of the PoP need wait for it.
  void publish_uncacheable(std::string_view key, int64_t remember);
  // It can be shared after all: whoever asks next finds out.
  void forget_uncacheable(std::string_view key);
  // The fetch failed: the next who asks leads.
  void release(std::string_view key, uint64_t fence);
  // This node has it no more.
  void withdraw(std::string_view key);
  // No node is to give away what it has with this etag.
  void withdraw_version(std::string_view key, std::string_view etag);

 private:
  std::string name(std::string_view key) const;
  Redis& redis_;
  const std::string prefix_;
  const std::string node_, version_;
};

// The index's key of what a zone keeps under a cache key.
std::string index_key(std::string_view zone, std::string_view key);
// The index's key of one variant: `names` as Entry::vary_names, and the request's values for them.
std::string variant_key(std::string_view key, std::string_view names, std::string_view values);

}  // namespace levee
