// The fields of a message: views as parsed (Fields), and the compact block that an entry keeps (StoredFields).
//
// Names that the cache or the proxy acts on have a FieldId, given once when the field is added, so that every later
// look-up is an array access.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace levee {

// X(id, canonical name)
#define LEVEE_FIELDS(X)                                    \
  X(kAccept, "Accept")                                     \
  X(kAcceptCharset, "Accept-Charset")                      \
  X(kAcceptEncoding, "Accept-Encoding")                    \
  X(kAcceptLanguage, "Accept-Language")                    \
  X(kAcceptRanges, "Accept-Ranges")                        \
  X(kAge, "Age")                                           \
  X(kAllow, "Allow")                                       \
  X(kAuthorization, "Authorization")                       \
  X(kCacheControl, "Cache-Control")                        \
  X(kCacheStatus, "Cache-Status")                          \
  X(kCacheTag, "Cache-Tag")                                \
  X(kCdnCacheControl, "CDN-Cache-Control")                 \
  X(kCdnLoop, "CDN-Loop")                                  \
  X(kConnection, "Connection")                             \
  X(kContentEncoding, "Content-Encoding")                  \
  X(kContentLanguage, "Content-Language")                  \
  X(kContentLength, "Content-Length")                      \
  X(kContentLocation, "Content-Location")                  \
  X(kContentMd5, "Content-MD5")                            \
  X(kContentRange, "Content-Range")                        \
  X(kContentType, "Content-Type")                          \
  X(kCookie, "Cookie")                                     \
  X(kDate, "Date")                                         \
  X(kETag, "ETag")                                         \
  X(kExpect, "Expect")                                     \
  X(kExpires, "Expires")                                   \
  X(kForwarded, "Forwarded")                               \
  X(kHost, "Host")                                         \
  X(kIfMatch, "If-Match")                                  \
  X(kIfModifiedSince, "If-Modified-Since")                 \
  X(kIfNoneMatch, "If-None-Match")                         \
  X(kIfRange, "If-Range")                                  \
  X(kIfUnmodifiedSince, "If-Unmodified-Since")             \
  X(kKeepAlive, "Keep-Alive")                              \
  X(kLastModified, "Last-Modified")                        \
  X(kLink, "Link")                                         \
  X(kLocation, "Location")                                 \
  X(kMaxForwards, "Max-Forwards")                          \
  X(kOrigin, "Origin")                                     \
  X(kPragma, "Pragma")                                     \
  X(kPriority, "Priority")                                 \
  X(kProxyAuthenticate, "Proxy-Authenticate")              \
  X(kProxyAuthenticationInfo, "Proxy-Authentication-Info") \
  X(kProxyAuthorization, "Proxy-Authorization")            \
  X(kProxyConnection, "Proxy-Connection")                  \
  X(kRange, "Range")                                       \
  X(kReferer, "Referer")                                   \
  X(kRetryAfter, "Retry-After")                            \
  X(kServer, "Server")                                     \
  X(kSetCookie, "Set-Cookie")                              \
  X(kSurrogateControl, "Surrogate-Control")                \
  X(kSurrogateKey, "Surrogate-Key")                        \
  X(kTe, "TE")                                             \
  X(kTrailer, "Trailer")                                   \
  X(kTransferEncoding, "Transfer-Encoding")                \
  X(kUpgrade, "Upgrade")                                   \
  X(kUserAgent, "User-Agent")                              \
  X(kVary, "Vary")                                         \
  X(kVia, "Via")                                           \
  X(kWarning, "Warning")                                   \
  X(kWwwAuthenticate, "WWW-Authenticate")                  \
  X(kXAccelBuffering, "X-Accel-Buffering")                 \
  X(kXAccelCharset, "X-Accel-Charset")                     \
  X(kXAccelExpires, "X-Accel-Expires")                     \
  X(kXAccelLimitRate, "X-Accel-Limit-Rate")                \
  X(kXAccelRedirect, "X-Accel-Redirect")                   \
  X(kXForwardedFor, "X-Forwarded-For")                     \
  X(kXForwardedProto, "X-Forwarded-Proto")                 \
  X(kXPad, "X-Pad")                                        \
  X(kXRealIp, "X-Real-IP")

enum class FieldId : uint8_t {
#define X(id, name) id,
  LEVEE_FIELDS(X)
#undef X
      kOther
};
inline constexpr size_t kKnownFields = static_cast<size_t>(FieldId::kOther);

// The id of a name (any case), kOther if it has none. `name` must be a token (RFC 9110 section 5.6.2).
FieldId field_id(std::string_view name);
// The canonical spelling; empty for kOther.
std::string_view field_name(FieldId id);
bool same_name(std::string_view a, std::string_view b);  // ASCII case does not count
bool is_token(std::string_view text);                    // RFC 9110 section 5.6.2: 1*tchar

// Fields of the connection, not of the message (RFC 9110 section 7.6.1): never stored, never forwarded as they came.
// Those named in Connection are besides: see Fields::is_hop_by_hop.
bool is_hop_by_hop(FieldId id);

struct Field {
  std::string_view name;   // as spelled
  std::string_view value;  // without surrounding whitespace
  FieldId id = FieldId::kOther;
};

// Steps through a comma-separated list (RFC 9110 section 5.6.1): commas in quoted strings do not split, empty members
// are left out.
class ListReader {
 public:
  explicit ListReader(std::string_view value) : rest_(value) {}
  // The next member without surrounding whitespace; nothing at the end.
  std::optional<std::string_view> next();

 private:
  std::string_view rest_;
};

// The fields of one message in order, as views of memory that somebody else keeps. Never allocates; holds at most
// kCapacity. Positions are kept relative to a base, so the memory may move: see rebase().
class Fields {
 public:
  static constexpr size_t kCapacity = 100;

  Fields() { first_.fill(kNone); }

  void clear();
  // The memory that the views are in (again, if it moved). Names and values lie within 4 GiB from it.
  void rebase(const char* base) { base_ = base; }
  // Adds at the end; false when full. The views must lie in the memory at base.
  bool add(std::string_view name, std::string_view value) { return add(field_id(name), name, value); }
  bool add(FieldId id, std::string_view name, std::string_view value) {
    if (size_ == kCapacity) return false;
    items_[size_] = {static_cast<uint32_t>(name.data() - base_),
                     static_cast<uint32_t>(value.data() - base_),
                     static_cast<uint32_t>(value.size()),
                     static_cast<uint16_t>(name.size()),
                     id,
                     kNone};
    if (id != FieldId::kOther) {
      uint8_t* link = &first_[static_cast<size_t>(id)];
      while (*link != kNone) link = &items_[*link].next;
      *link = size_;
    }
    ++size_;
    return true;
  }
  // Reads "Name: value\r\n" lines that were validated before (StoredFields, Order::fields); stops when full or
  // malformed. Clears first and takes `lines` as its memory.
  bool read_lines(std::string_view lines);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Field operator[](size_t index) const;

  bool has(FieldId id) const { return first_[static_cast<size_t>(id)] != kNone; }
  // The value of the first line of that name; empty (with has() false) if there is none.
  std::string_view get(FieldId id) const;
  std::optional<std::string_view> find(std::string_view name) const;
  // How many lines have the name.
  size_t count(FieldId id) const;

  // All lines of one name: for (size_t i = first(id); i < size(); i = next(i)) (*this)[i] ...
  size_t first(FieldId id) const { return first_[static_cast<size_t>(id)]; }
  size_t next(size_t index) const { return items_[index].next; }

  // All list members of all lines of one name: visit(member) returns false to stop.
  template <class Visit>
  void for_each_member(FieldId id, Visit visit) const {
    for (size_t i = first(id); i < size_; i = next(i)) {
      ListReader list((*this)[i].value);
      while (const auto member = list.next()) {
        if (!visit(*member)) return;
      }
    }
  }
  // Whether a list-valued field has this member, case-insensitively (Connection: close).
  bool has_member(FieldId id, std::string_view member) const;
  // Whether a field must not be forwarded: of the connection by nature, or named in Connection.
  bool is_hop_by_hop(const Field& field) const;

 private:
  static constexpr uint8_t kNone = 0xff;  // also beyond any size()
  struct Item {
    uint32_t name_at = 0;
    uint32_t value_at = 0;
    uint32_t value_size = 0;
    uint16_t name_size = 0;
    FieldId id = FieldId::kOther;
    uint8_t next = kNone;  // the next line of the same known name
  };
  static_assert(kCapacity < kNone);

  const char* base_ = nullptr;
  uint8_t size_ = 0;
  std::array<uint8_t, kKnownFields + 1> first_;  // kOther's slot stays kNone
  std::array<Item, kCapacity> items_;            // only the first size_ are ever touched
};

// The fields of a stored response: one block of "Name: value\r\n" lines, exactly as it will be sent, without the fields
// that each response gets anew (Age, Date if it was missing, Cache-Status, Via, Connection, framing).
class StoredFields {
 public:
  StoredFields() = default;
  // Copies what may be kept: no hop-by-hop field, none named in Connection, no Age, no Content-Length. `drop` says of
  // further fields that they are left out.
  template <class Drop>
  static StoredFields of(const Fields& fields, Drop drop);
  static StoredFields of(const Fields& fields) {
    return of(fields, [](const Field&) { return false; });
  }
  // Whether a field stays out of every stored block.
  static bool is_per_response(const Field& field, const Fields& all);

  void add(std::string_view name, std::string_view value);
  std::string_view text() const { return text_; }
  bool empty() const { return text_.empty(); }
  // Memory held, in bytes.
  size_t footprint() const { return text_.capacity() + 1; }
  // The value of the first line of that name; scans.
  std::optional<std::string_view> find(std::string_view name) const;
  // Views of this block; it must outlive them.
  void view(Fields& out) const { out.read_lines(text_); }
  // Gives back unused memory: after the last add().
  void trim() { text_.shrink_to_fit(); }

  // What a 304 makes of the stored fields (RFC 9111 section 3.2): each field named in `update` replaces all lines of
  // that name, but for those that describe the stored bytes (Content-Length, Content-Encoding, Content-MD5,
  // Content-Range, ETag) and what is_per_response() leaves out.
  StoredFields updated(const Fields& update) const;

 private:
  std::string text_;
};

template <class Drop>
StoredFields StoredFields::of(const Fields& fields, Drop drop) {
  StoredFields stored;
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field field = fields[i];
    if (!is_per_response(field, fields) && !drop(field)) stored.add(field.name, field.value);
  }
  stored.trim();
  return stored;
}

}  // namespace levee
