// Whether a response says that it came from a cache. Pure.
#pragma once

#include <string_view>

#include "bench/response_reader.h"
#include "bench/viewer_tally.h"

namespace levee::bench {

// RFC 9211's Cache-Status, or the fields that configurations of nginx, Varnish and Apache Traffic Server commonly send.
inline void count_cache_word(const ResponseHead& head, ViewerTally& tally) {
  const auto has = [&head](std::string_view field, std::string_view word) {
    return head.field(field).find(word) != std::string_view::npos;
  };
  const bool says_status = !head.field("Cache-Status").empty();
  if (says_status ? has("Cache-Status", "; hit") : has("X-Cache-Status", "HIT") || has("X-Cache", "HIT")) {
    tally.add(&Second::hits);
  } else if (has("Cache-Status", "collapsed")) {
    tally.add(&Second::collapsed);
  }
}

}  // namespace levee::bench
