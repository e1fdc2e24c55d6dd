// What a response says of the cache that it came from. Pure.
#pragma once

#include "bench/client/response_reader.h"
#include "bench/viewer/viewer_tally.h"

namespace levee::bench {

enum class CacheWord : unsigned char { kNone, kMiss, kHit, kCollapsed };

// RFC 9211's Cache-Status, or X-Cache-Status, CF-Cache-Status or X-Cache with the words of nginx, Varnish, Apache
// Traffic Server and CDNs, in any case. Of several caches one that had it is enough. kNone: it says nothing.
CacheWord cache_word(const ResponseHead& head);

// An answer has come to its end.
inline void count_answer(int status, CacheWord word, ViewerTally& tally) {
  tally.add(&Second::answered);
  if (status / 100 != 2) tally.add(&Second::errors);
  if (word != CacheWord::kNone) tally.add(&Second::told);
  if (word == CacheWord::kHit) tally.add(&Second::hits);
  if (word == CacheWord::kCollapsed) tally.add(&Second::collapsed);
}

}  // namespace levee::bench
