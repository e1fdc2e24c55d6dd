// The head of a request: strict, incremental parser (RFC 9112) and what it found.
//
// parse() is given all bytes of the head that have arrived, again from the first, whenever there are more; any split
// gives the same result, and lines that were done are not read again. The results are views of those bytes. If the
// memory moves afterwards, rebase() says where it is now.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "cache/fields.h"
#include "proxy/http/field_section.h"
#include "proxy/http/framing.h"
#include "proxy/http/request_error.h"

namespace levee {

enum class Method : uint8_t { kGet, kHead, kPost, kPut, kDelete, kPatch, kOptions, kTrace, kConnect, kPurge, kOther };
std::string_view method_text(Method method);  // empty for kOther
bool is_safe(Method method);                  // RFC 9110 section 9.2.1

class RequestHead {
 public:
  // Ready for the next request on the connection.
  void reset();
  // kDone: the head is complete, size() bytes long; what follows is the body or the next request. kBad: error() says
  // why.
  Parse parse(std::string_view bytes, const HeadLimits& limits);
  void rebase(const char* base);

  RequestError error() const { return error_; }
  size_t size() const { return size_; }  // bytes, with the empty line; and empty lines before the head
  // Whether anything has come but empty lines (an idle connection that times out is simply closed).
  bool has_begun() const { return begun_; }

  Method method() const { return method_; }
  std::string_view method_name() const { return view(method_name_); }
  std::string_view line() const { return view(line_); }      // the request line, without CRLF ($request)
  std::string_view target() const { return view(target_); }  // as it came
  // The target in origin-form ($request_uri): of an absolute-form without scheme and authority, "/" if that leaves
  // nothing (of `http://host?query` the "/" is missing: path() is "/"). "*" for OPTIONS *.
  std::string_view request_uri() const { return view(request_uri_); }
  std::string_view path() const { return view(path_); }    // before '?', raw
  std::string_view query() const { return view(query_); }  // after '?', without it ($args)
  bool has_query() const { return has_query_; }
  // Of the target if that is absolute, else of Host (RFC 9112 section 3.2.2). Without port; empty in HTTP/1.0 without
  // Host.
  std::string_view host() const { return view(host_); }
  std::string_view authority() const { return view(authority_); }  // with port
  int minor() const { return minor_; }                             // HTTP/1.minor
  const Fields& fields() const { return fields_; }
  Framing framing() const { return framing_; }
  bool keep_alive() const { return keep_alive_; }  // what the client wishes
  bool expects_continue() const { return expects_continue_; }
  bool wants_upgrade() const { return wants_upgrade_; }  // Upgrade, and named in Connection

 private:
  struct Part {
    uint32_t at = 0;
    uint32_t size = 0;
  };
  enum class Phase : uint8_t { kStart, kFields, kDone, kBad };

  std::string_view view(Part part) const { return {base_ + part.at, part.size}; }
  Part part(std::string_view text) const;
  Parse fail(RequestError error);
  Parse parse_start(std::string_view bytes, const HeadLimits& limits);
  RequestError read_request_line(std::string_view line);
  RequestError read_target();
  RequestError read_absolute(std::string_view target);
  RequestError finish();
  RequestError read_host();
  RequestError read_framing();

  const char* base_ = nullptr;
  Phase phase_ = Phase::kStart;
  RequestError error_ = RequestError::kNone;
  Method method_ = Method::kOther;
  uint8_t minor_ = 0;
  bool begun_ = false, has_query_ = false, keep_alive_ = false, expects_continue_ = false, wants_upgrade_ = false;
  LinePosition position_;
  uint32_t size_ = 0;
  Part method_name_, line_, target_, request_uri_, path_, query_, host_, authority_;
  Framing framing_;
  Fields fields_;
};

// A path as nginx's $uri: percent-decoded, slashes merged, "." and ".." resolved. Returns `path` itself if it is so
// already, else a view of what was written to `buffer` (at least path.size() bytes). Nothing: the path leaves the root,
// has a bad escape or an encoded NUL (400).
std::optional<std::string_view> normalise_path(std::string_view path, std::span<char> buffer);

// Whether text is a host with an optional port (RFC 3986 section 3.2.2), and where the host ends.
std::optional<size_t> host_size(std::string_view authority);

}  // namespace levee
