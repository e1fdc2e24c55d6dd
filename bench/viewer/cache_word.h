// What a response says of the cache that it came from. Pure.
#pragma once

#include <string_view>

#include "bench/client/response_reader.h"
#include "bench/viewer/viewer_tally.h"

namespace levee::bench {

enum class CacheWord : unsigned char { kNone, kHit, kCollapsed };

// RFC 9211's Cache-Status, or the fields that configurations of nginx, Varnish and Apache Traffic Server commonly send.
inline CacheWord cache_word(const ResponseHead& head) {
  const auto has = [&head](std::string_view field, std::string_view word) {
    return head.field(field).find(word) != std::string_view::npos;
  };
  const bool says_status = !head.field("Cache-Status").empty();
  if (says_status ? has("Cache-Status", "; hit") : has("X-Cache-Status", "HIT") || has("X-Cache", "HIT")) {
    return CacheWord::kHit;
  }
  return has("Cache-Status", "collapsed") ? CacheWord::kCollapsed : CacheWord::kNone;
}

// An answer has come to its end.
inline void count_answer(int status, CacheWord word, ViewerTally& tally) {
  tally.add(&Second::answered);
  if (status / 100 != 2) tally.add(&Second::errors);
  if (word == CacheWord::kHit) tally.add(&Second::hits);
  if (word == CacheWord::kCollapsed) tally.add(&Second::collapsed);
}

}  // namespace levee::bench
