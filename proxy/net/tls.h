// TLS contexts: what we show to clients, and how we check origins.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "conf/config.h"
#include "proxy/net/stream.h"

struct ssl_session_st;

namespace levee {

using TlsContext = std::shared_ptr<SSL_CTX>;

// The contexts of all addresses with `ssl`, by Listen::text: Stream::start_tls(context, true). The name that a client
// asks for (SNI) chooses the server's certificate among the address's servers. Or what is wrong, in nginx's words.
// The contexts keep `config` alive.
using ServerContexts = std::map<std::string, TlsContext, std::less<>>;
std::variant<ServerContexts, std::string> server_contexts(const std::shared_ptr<const Config>& config);

// How to talk TLS to origins under one ProxyTls; keeps sessions for resumption. Thread-safe.
class ClientTls {
 public:
  static std::variant<std::shared_ptr<ClientTls>, std::string> make(const Config& config, const ProxyTls& how);
  ~ClientTls();
  ClientTls(const ClientTls&) = delete;
  ClientTls& operator=(const ClientTls&) = delete;

  // Starts TLS as a client on a connected stream; Stream::handshake() makes the handshake and fails if the certificate
  // is not for `name` (with proxy_ssl_verify). `peer` tells whose sessions may be resumed: its address and name.
  bool start(Stream& stream, const std::string& name, const std::string& peer);

 private:
  ClientTls() = default;
  static int keep_session(SSL* ssl, ssl_session_st* session);
  std::weak_ptr<ClientTls> self_;
  TlsContext context_;
  bool verify_ = false, send_name_ = false, reuse_ = false;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<ssl_session_st>> sessions_;  // by peer; guarded by mutex_
};

// Of all locations that proxy over TLS, or to where only the request tells; one for all with the same words.
using ClientContexts = std::map<const ProxyTls*, std::shared_ptr<ClientTls>>;
std::variant<ClientContexts, std::string> client_contexts(const Config& config);

// Why the last TLS call of this thread failed, for the error log: OpenSSL's words, and those of the certificate check.
std::string tls_error(SSL* ssl);

}  // namespace levee
