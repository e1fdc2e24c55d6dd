// Directives of TLS, to clients (ssl_) and to origins (proxy_ssl_).
#include "conf/block.h"

namespace levee::conf {
namespace {

constexpr Word<TlsProtocol> kProtocols[] = {{"TLSv1", TlsProtocol::kTls10},
                                            {"TLSv1.1", TlsProtocol::kTls11},
                                            {"TLSv1.2", TlsProtocol::kTls12},
                                            {"TLSv1.3", TlsProtocol::kTls13}};

// Certificates and keys come in pairs, in the order of their lines.
template <std::string Certificate::*Member>
Outcome add_certificate(Scope& scope, const Line& line) {
  auto& pairs = scope.server->tls.certificates;
  if (scope.is_first("certificate pairs")) pairs.clear();
  for (Certificate& pair : pairs) {
    if (!(pair.*Member).empty()) continue;
    pair.*Member = line[1];
    return std::nullopt;
  }
  pairs.emplace_back().*Member = line[1];
  return std::nullopt;
}

// off | none | builtin[:sessions] | shared:name:size
Parsed<uint64_t> session_cache(Scope& /*scope*/, const Line& line) {
  constexpr uint64_t kBuiltin = 4U << 20U;
  uint64_t memory = 0;
  for (const std::string& word : line.from(1)) {
    if (word == "off" || word == "none") continue;
    const std::string wrong = "invalid session cache \"" + word + "\"";
    if (word.starts_with("builtin")) {
      memory = std::max(memory, kBuiltin);
      continue;
    }
    const size_t colon = word.starts_with("shared:") ? word.find(':', 7) : std::string::npos;
    const auto shared = colon == std::string::npos ? std::nullopt : bytes(std::string_view(word).substr(colon + 1));
    if (!shared || *shared == 0) return Fault{wrong};
    memory = *shared;
  }
  return memory;
}

const Directive kDirectives[] = {
    {"ssl_certificate", kVirtual, 1, kNone, each<add_certificate<&Certificate::certificate>>,
     "The server's certificate with its chain, a PEM file. Several: one for each kind of key."},
    {"ssl_certificate_key", kVirtual, 1, kNone, each<add_certificate<&Certificate::key>>,
     "The certificate's private key, a PEM file."},
    {"ssl_protocols",
     kVirtual,
     {1, kMany},
     "TLSv1.2 TLSv1.3",
     set<&ServerTls::protocols, words<kProtocols>>,
     "Versions of TLS that clients may speak."},
    {"ssl_ciphers", kVirtual, 1, "HIGH:!aNULL:!MD5", set<&ServerTls::ciphers, text>,
     "Ciphers for clients below TLS 1.3, in OpenSSL's words."},
    {"ssl_prefer_server_ciphers", kVirtual, 1, "off", set<&ServerTls::prefer_server_ciphers, flag>,
     "Whether the server's order of ciphers counts."},
    {"ssl_ecdh_curve", kVirtual, 1, "auto", set<&ServerTls::ecdh_curve, text>, "Groups for the key exchange."},
    {"ssl_session_cache",
     kVirtual,
     {1, 2},
     "none",
     set<&ServerTls::session_cache, session_cache>,
     "Memory for TLS sessions: off, none, builtin or shared:name:size."},
    {"ssl_session_timeout", kVirtual, 1, "5m", set<&ServerTls::session_timeout, duration>,
     "How long a TLS session may be resumed."},
    {"ssl_session_tickets", kVirtual, 1, "on", set<&ServerTls::session_tickets, flag>, "Resume sessions by tickets."},
    {"ssl_session_ticket_key", kVirtual, 1, kNone, add<&ServerTls::session_ticket_keys, text>,
     "A file with 48 or 80 random bytes that encrypt tickets, for several nodes to share; the first encrypts."},
    {"ssl_buffer_size", kVirtual, 1, "16k", set<&ServerTls::buffer_size, some_bytes>, "The largest TLS record."},
    {"proxy_ssl_verify", kAny, 1, "on", set<&ProxyTls::verify, flag>,
     "Check an origin's certificate and name; on, unlike nginx's: an edge that trusts anybody serves anybody's bytes."},
    {"proxy_ssl_verify_depth", kAny, 1, "4", set<&ProxyTls::verify_depth, count>,
     "The longest chain of an origin's certificate."},
    {"proxy_ssl_trusted_certificate", kAny, 1, kNone, set<&ProxyTls::trusted_certificate, text>,
     "Whom to trust about origins, a PEM file; none: the system's authorities."},
    {"proxy_ssl_certificate", kAny, 1, kNone, set<&ProxyTls::certificate, text>, "The certificate to show to origins."},
    {"proxy_ssl_certificate_key", kAny, 1, kNone, set<&ProxyTls::certificate_key, text>, "Its private key."},
    {"proxy_ssl_server_name", kAny, 1, "on", set<&ProxyTls::server_name, flag>,
     "Send the name (SNI); on, unlike nginx's."},
    {"proxy_ssl_name", kAny, 1, "$proxy_host", set<&ProxyTls::name, expression_word>,
     "The name that the origin must prove, and that SNI has."},
    {"proxy_ssl_protocols",
     kAny,
     {1, kMany},
     "TLSv1.2 TLSv1.3",
     set<&ProxyTls::protocols, words<kProtocols>>,
     "Versions of TLS to speak to origins."},
    {"proxy_ssl_ciphers", kAny, 1, "DEFAULT", set<&ProxyTls::ciphers, text>,
     "Ciphers for origins, in OpenSSL's words."},
    {"proxy_ssl_session_reuse", kAny, 1, "on", set<&ProxyTls::session_reuse, flag>,
     "Resume TLS sessions with origins."},
};

}  // namespace

std::span<const Directive> ssl_directives() {
  return kDirectives;
}

}  // namespace levee::conf
