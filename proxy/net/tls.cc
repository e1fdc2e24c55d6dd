// OpenSSL's contexts from the configuration.
#include "proxy/net/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>

#include "conf/route.h"
#include "proxy/net/ticket_keys.h"

namespace levee {
namespace {

TlsContext adopt(SSL_CTX* context) {
  return {context, SSL_CTX_free};
}

std::string openssl_error() {
  std::string text = "(SSL: ";
  char words[256];
  bool first = true;
  while (const unsigned long error = ERR_get_error()) {
    ERR_error_string_n(error, words, sizeof words);
    if (!first) text += " ";
    text += words;
    first = false;
  }
  return text + ")";
}

void set_common(SSL_CTX* context, const Words<TlsProtocol>& protocols) {
  // Buffers are given back when a connection becomes idle (Stream::idle), not after each record.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_ENABLE_KTLS);
  SSL_CTX_set_read_ahead(context, 1);  // a record's header and content by one system call
  const std::pair<TlsProtocol, uint64_t> options[] = {{TlsProtocol::kTls10, SSL_OP_NO_TLSv1},
                                                      {TlsProtocol::kTls11, SSL_OP_NO_TLSv1_1},
                                                      {TlsProtocol::kTls12, SSL_OP_NO_TLSv1_2},
                                                      {TlsProtocol::kTls13, SSL_OP_NO_TLSv1_3}};
  SSL_CTX_set_min_proto_version(context, 0);
  SSL_CTX_set_max_proto_version(context, 0);
  for (const auto& [protocol, option] : options) {
    if (protocols.has(protocol)) {
      SSL_CTX_clear_options(context, option);
    } else {
      SSL_CTX_set_options(context, option);
    }
  }
}

std::string use_certificate(SSL_CTX* context, const std::string& certificate, const std::string& key) {
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return "cannot load certificate \"" + certificate + "\": " + openssl_error();
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return "cannot load certificate key \"" + key + "\": " + openssl_error();
  }
  return "";
}

int select_protocol(SSL*, const unsigned char** out, unsigned char* length, const unsigned char* offered,
                    unsigned count, void*) {
  static constexpr unsigned char kProtocols[] = "\x08http/1.1";
  if (SSL_select_next_proto(const_cast<unsigned char**>(out), length, kProtocols, sizeof kProtocols - 1, offered,
                            count) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  return SSL_TLSEXT_ERR_OK;
}

std::variant<TlsContext, std::string> server_context(const Config& config, const Server& server) {
  TlsContext context = adopt(SSL_CTX_new(TLS_server_method()));
  if (!context) return "SSL_CTX_new() failed " + openssl_error();
  SSL_CTX* raw = context.get();
  const ServerTls& tls = server.tls;
  set_common(raw, tls.protocols);
  if (tls.prefer_server_ciphers) SSL_CTX_set_options(raw, SSL_OP_CIPHER_SERVER_PREFERENCE);
  for (const Certificate& certificate : tls.certificates) {
    if (auto error = use_certificate(raw, config.full_path(certificate.certificate), config.full_path(certificate.key));
        !error.empty()) {
      return error;
    }
  }
  ERR_clear_error();
  if (!tls.ciphers.empty() && SSL_CTX_set_cipher_list(raw, tls.ciphers.c_str()) != 1) {
    return "SSL_CTX_set_cipher_list(\"" + tls.ciphers + "\") failed " + openssl_error();
  }
  if (!tls.ecdh_curve.empty() && tls.ecdh_curve != "auto" &&
      SSL_CTX_set1_curves_list(raw, tls.ecdh_curve.c_str()) != 1) {
    return "SSL_CTX_set1_curves_list(\"" + tls.ecdh_curve + "\") failed " + openssl_error();
  }
  SSL_CTX_set_alpn_select_cb(raw, select_protocol, nullptr);
  static constexpr unsigned char kScope[] = "levee";
  SSL_CTX_set_session_id_context(raw, kScope, sizeof kScope - 1);
  SSL_CTX_set_timeout(raw, static_cast<long>(tls.session_timeout.count() / 1000));
  if (tls.session_cache == 0) {
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  } else {  // as nginx: a megabyte is about 4000 sessions
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(raw, static_cast<long>(std::max<uint64_t>(tls.session_cache / 256, 1)));
  }
  if (!tls.session_tickets) {
    SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
    if (tls.session_cache == 0) SSL_CTX_set_num_tickets(raw, 0);
  } else if (auto error = use_ticket_keys(raw, config, tls); !error.empty()) {
    return error;
  }
  return context;
}

// The servers of one address, for the choice by SNI. Lives with the context that it is attached to.
struct Names {
  std::shared_ptr<const Config> config;
  const Listen* listen = nullptr;
  std::map<const Server*, TlsContext> contexts;  // but for the default server's, which refers to us
};

int names_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* names, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Names*>(names); });
  return index;
}

int choose_server(SSL* ssl, int*, void* argument) {
  const auto& names = *static_cast<const Names*>(argument);
  const char* asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (asked == nullptr) return SSL_TLSEXT_ERR_OK;
  std::string host(asked);
  std::ranges::transform(host, host.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (host.ends_with('.')) host.pop_back();
  Captures captures;
  const Server& server = find_server(*names.listen, host, captures);
  const auto found = names.contexts.find(&server);
  if (found == names.contexts.end()) return SSL_TLSEXT_ERR_OK;  // the default server
  SSL_set_SSL_CTX(ssl, found->second.get());
  // SSL_set_SSL_CTX changes certificates alone.
  const uint64_t options = SSL_CTX_get_options(found->second.get());
  SSL_clear_options(ssl, SSL_get_options(ssl) & ~options);
  SSL_set_options(ssl, options);
  return SSL_TLSEXT_ERR_OK;
}

std::variant<TlsContext, std::string> listen_context(const std::shared_ptr<const Config>& config,
                                                     const Listen& listen) {
  if (listen.default_server->tls.certificates.empty()) {
    return "no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive on " + listen.text;
  }
  auto made = server_context(*config, *listen.default_server);
  auto* context = std::get_if<TlsContext>(&made);
  if (context == nullptr) return made;
  auto names = std::make_unique<Names>();
  names->config = config;
  names->listen = &listen;
  for (const Server* server : listen.servers) {
    if (server == listen.default_server || server->tls.certificates.empty()) continue;
    auto other = server_context(*config, *server);
    if (std::holds_alternative<std::string>(other)) return other;
    names->contexts.emplace(server, std::get<TlsContext>(other));
  }
  SSL_CTX_set_tlsext_servername_callback(context->get(), choose_server);
  SSL_CTX_set_tlsext_servername_arg(context->get(), names.get());
  SSL_CTX_set_ex_data(context->get(), names_index(), names.release());
  return made;
}

// --- As a client.

struct Peer {
  std::weak_ptr<ClientTls> tls;
  std::string name;
};

int peer_index() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* peer, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Peer*>(peer); });
  return index;
}

bool is_address(const std::string& name) {
  in6_addr bytes{};
  return inet_pton(AF_INET, name.c_str(), &bytes) == 1 || inet_pton(AF_INET6, name.c_str(), &bytes) == 1;
}

std::string words_of(const ProxyTls& how) {
  return std::to_string(how.protocols.bits) + '\n' + (how.verify ? "v" : "") + (how.server_name ? "s" : "") +
         (how.session_reuse ? "r" : "") + std::to_string(how.verify_depth) + '\n' + how.trusted_certificate + '\n' +
         how.certificate + '\n' + how.certificate_key + '\n' + how.ciphers;
}

bool may_proxy_over_tls(const Location& location) {
  if (std::holds_alternative<LeveePeer>(location.answer)) return true;  // of other nodes, with the same words
  const auto* proxy = std::get_if<ProxyPass>(&location.answer);
  return proxy != nullptr && (proxy->tls || proxy->is_dynamic);
}

std::string collect(const Config& config, const Location& location,
                    std::map<std::string, std::shared_ptr<ClientTls>>& known, ClientContexts& out) {
  if (may_proxy_over_tls(location)) {
    auto& tls = known[words_of(location.tls)];
    if (!tls) {
      auto made = ClientTls::make(config, location.tls);
      if (auto* error = std::get_if<std::string>(&made)) return std::move(*error);
      tls = std::move(std::get<std::shared_ptr<ClientTls>>(made));
    }
    out.emplace(&location.tls, tls);
  }
  for (const Location& inner : location.locations) {
    if (auto error = collect(config, inner, known, out); !error.empty()) return error;
  }
  return "";
}

}  // namespace

std::variant<ServerContexts, std::string> server_contexts(const std::shared_ptr<const Config>& config) {
  ServerContexts contexts;
  for (const Listen& listen : config->http.listens) {
    if (!listen.ssl) continue;
    auto made = listen_context(config, listen);
    if (auto* error = std::get_if<std::string>(&made)) return std::move(*error);
    contexts.emplace(listen.text, std::move(std::get<TlsContext>(made)));
  }
  return contexts;
}

std::variant<std::shared_ptr<ClientTls>, std::string> ClientTls::make(const Config& config, const ProxyTls& how) {
  std::shared_ptr<ClientTls> made(new ClientTls);
  made->context_ = adopt(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = made->context_.get();
  if (context == nullptr) return "SSL_CTX_new() failed " + openssl_error();
  set_common(context, how.protocols);
  ERR_clear_error();
  if (!how.ciphers.empty() && SSL_CTX_set_cipher_list(context, how.ciphers.c_str()) != 1) {
    return "SSL_CTX_set_cipher_list(\"" + how.ciphers + "\") failed " + openssl_error();
  }
  if (!how.certificate.empty()) {
    if (auto error = use_certificate(context, config.full_path(how.certificate), config.full_path(how.certificate_key));
        !error.empty()) {
      return error;
    }
  }
  made->verify_ = how.verify;
  made->send_name_ = how.server_name;
  made->reuse_ = how.session_reuse;
  if (how.verify) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_verify_depth(context, static_cast<int>(how.verify_depth));
    const std::string trusted = how.trusted_certificate.empty() ? "" : config.full_path(how.trusted_certificate);
    if (trusted.empty() ? SSL_CTX_set_default_verify_paths(context) != 1
                        : SSL_CTX_load_verify_locations(context, trusted.c_str(), nullptr) != 1) {
      return "SSL_CTX_load_verify_locations(\"" + trusted + "\") failed " + openssl_error();
    }
  }
  if (how.session_reuse) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_session);
  }
  made->self_ = made;
  return made;
}

ClientTls::~ClientTls() = default;

bool ClientTls::start(Stream& stream, const std::string& name, const std::string& peer) {
  const bool by_name = !is_address(name);
  if (!stream.start_tls(context_.get(), false, send_name_ && by_name ? name : "")) return false;
  SSL* ssl = stream.tls();
  if (verify_) {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int set =
        by_name ? SSL_set1_host(ssl, name.c_str()) : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str());
    if (set != 1) return false;
  }
  if (!reuse_) return true;
  SSL_set_ex_data(ssl, peer_index(), new Peer{self_, peer});
  const std::lock_guard lock(mutex_);
  if (const auto known = sessions_.find(peer); known != sessions_.end()) SSL_set_session(ssl, known->second.get());
  return true;
}

// The newest session of a peer is the one to resume.
int ClientTls::keep_session(SSL* ssl, SSL_SESSION* session) {
  const auto* peer = static_cast<const Peer*>(SSL_get_ex_data(ssl, peer_index()));
  const auto tls = peer == nullptr ? nullptr : peer->tls.lock();
  if (!tls) return 0;
  static constexpr size_t kPeers = 1000;
  const std::lock_guard lock(tls->mutex_);
  if (tls->sessions_.size() >= kPeers && !tls->sessions_.contains(peer->name)) return 0;
  tls->sessions_[peer->name] = {session, SSL_SESSION_free};
  return 1;  // the reference is ours now
}

std::variant<ClientContexts, std::string> client_contexts(const Config& config) {
  std::map<std::string, std::shared_ptr<ClientTls>> known;
  ClientContexts contexts;
  for (const auto& server : config.http.servers) {
    if (auto error = collect(config, server->base, known, contexts); !error.empty()) return error;
  }
  return contexts;
}

std::string tls_error(SSL* ssl) {
  std::string text = openssl_error();
  if (ssl != nullptr && SSL_get_verify_result(ssl) != X509_V_OK) {
    text += std::string(": ") + X509_verify_cert_error_string(SSL_get_verify_result(ssl));
  }
  return text;
}

}  // namespace levee
