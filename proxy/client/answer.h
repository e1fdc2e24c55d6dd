// Makes the head of an answer, and hands head and content to the exchange's Sender.
//
// Loop thread only. One path for entries (complete or still filling), one for what Levee makes itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/client/sender.h"

namespace levee {

class Exchange;

// Answers with exchange.entry: conditions, ranges and framing are settled here (RFC 9110 sections 13 and 14).
Sender::Outcome send_entry(Exchange& x);

// More of an answer that was begun: what exchange.entry, another slice, has of it.
void send_more(Exchange& x);

// Answers with a text. `type`: of the content; empty: none is said. HEAD gets the head alone.
Sender::Outcome send_text(Exchange& x, int status, std::string_view type, std::string text);

// ... with an error page.
Sender::Outcome send_error(Exchange& x, int status);

// A file, opened for reading; the answer closes it. Conditions and ranges as for entries.
struct OpenFile {
  int descriptor = -1;
  uint64_t size = 0;
  int64_t modified = 0;  // seconds since 1970
  std::string_view type;
};
Sender::Outcome send_file(Exchange& x, const OpenFile& file);

}  // namespace levee
