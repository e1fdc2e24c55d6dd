// Answers from parts of a representation: which bytes a request wants, and the slices that they are in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cache/entry.h"
#include "proxy/http/range.h"
#include "proxy/origin/fetch.h"

namespace levee {

class Exchange;

// The one range that the request asks for of the whole that this part belongs to, if its conditions let it. Pure.
std::optional<ByteRange> wanted_range(const Exchange& x, const Entry& part);

// Where the first slice that a request needs begins, as far as it can be told before anything is known of the
// representation: a range with a first byte says so, unless If-Range may have it ignored. Pure.
uint64_t first_slice(const Exchange& x);

// With a slicing: where the slice with its next byte begins, and the key that it is kept under.
uint64_t slice_start(const Exchange& x);
void append_slice_key(const Exchange& x, std::string& key);
// Whether x.entry, a slice, is that one.
bool is_next_slice(const Exchange& x);
// "bytes=0-1048575" of that slice, as $slice_range has it.
void append_slice_range(const Exchange& x, std::string& out);
// ... and the order for it.
SliceOrder slice_order(const Exchange& x);

}  // namespace levee
