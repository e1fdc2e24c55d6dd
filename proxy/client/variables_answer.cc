// Variables of the answer and of the origin's part in it.
#include <charconv>

#include "proxy/client/commons.h"
#include "proxy/client/exchange.h"
#include "proxy/client/variables.h"

namespace levee {
namespace {

void append_number(uint64_t number, std::string& out) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

bool append(std::string_view value, std::string& out) {
  out += value;
  return !value.empty();
}

// One value for each attempt, as nginx joins them: ", " between servers. An attempt without the value: "-".
template <typename Append>
bool append_attempts(const Exchange& x, std::string& out, Append append_one) {
  if (!x.trace || x.trace->attempts.empty()) return false;
  for (size_t i = 0; i < x.trace->attempts.size(); ++i) {
    if (i > 0) out += ", ";
    append_one(x.trace->attempts[i]);
  }
  return true;
}

bool append_times(const Exchange& x, int64_t Attempt::*time, std::string& out) {
  return append_attempts(x, out, [&](const Attempt& attempt) {
    if (attempt.*time < 0) {
      out += '-';
    } else {
      append_seconds(attempt.*time, out);
    }
  });
}

bool append_counts(const Exchange& x, uint64_t Attempt::*count, std::string& out) {
  return append_attempts(x, out, [&](const Attempt& attempt) { append_number(attempt.*count, out); });
}

bool append_statuses(const Exchange& x, std::string& out) {
  return append_attempts(x, out, [&](const Attempt& attempt) {
    if (attempt.status == 0) {
      out += '-';
    } else {
      append_number(static_cast<uint64_t>(attempt.status), out);
    }
  });
}

bool append_forwarded_for(const Exchange& x, std::string& out) {
  const Fields& fields = x.head.fields();
  for (size_t i = fields.first(FieldId::kXForwardedFor); i < fields.size(); i = fields.next(i)) {
    out.append(fields[i].value).append(", ");
  }
  x.connection->peer.append_text(out);
  return true;
}

// The value of the first cookie of that name that is set.
bool append_set_cookie(const StoredFields& stored, std::string_view name, std::string& out) {
  Fields fields;
  stored.view(fields);
  for (size_t i = fields.first(FieldId::kSetCookie); i < fields.size(); i = fields.next(i)) {
    const std::string_view value = fields[i].value;
    if (value.size() <= name.size() || value[name.size()] != '=' || !same_name(value.substr(0, name.size()), name)) {
      continue;
    }
    const std::string_view rest = value.substr(name.size() + 1);
    return append(rest.substr(0, std::min(rest.find(';'), rest.size())), out);
  }
  return false;
}

bool append_line(std::string_view lines, std::string_view name, std::string& out) {
  bool found = false;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find("\r\n"), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 2, lines.size()));
    if (line.size() <= name.size() || line[name.size()] != ':' || !same_name(line.substr(0, name.size()), name))
      continue;
    if (found) out += ", ";
    out += line.substr(std::min(name.size() + 2, line.size()));
    found = true;
  }
  return found;
}

}  // namespace

void append_seconds(int64_t ms, std::string& out) {
  append_number(static_cast<uint64_t>(ms / 1000), out);
  const auto rest = static_cast<unsigned>(ms % 1000);
  const char digits[] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                         static_cast<char>('0' + rest % 10)};
  out.append(digits, sizeof digits);
}

bool Variables::of_response(const Variable& variable, std::string& out) const {
  const Exchange& x = exchange_;
  switch (variable.id) {
    case Var::kStatus:
      if (x.status > 0 && x.status < 100) out += '0';
      if (x.status == 0) out += "00";
      append_number(static_cast<uint64_t>(x.status), out);
      return true;
    case Var::kBodyBytesSent:
      append_number(x.sender.body_bytes(), out);
      return true;
    case Var::kBytesSent:
      append_number(x.sender.bytes_sent(), out);
      return true;
    case Var::kRequestTime:
      append_seconds(x.connection->worker.now() - x.began, out);
      return true;
    case Var::kSentHttp:
      return append_line(x.sent_head, variable.name, out);
    case Var::kCacheStatus: {
      char line[512];
      HeadWriter writer(line);
      const int64_t now = x.connection->worker.now();
      if (x.entry) {
        write_cache_status(writer, x.note, *x.entry, now);
      } else {
        write_cache_status(writer, x.note);
      }
      std::string_view value = writer.written();
      constexpr std::string_view kName = "Cache-Status: ";
      if (value.size() < kName.size() + 2) return false;
      return append(value.substr(kName.size(), value.size() - kName.size() - 2), out);
    }
    default:
      return false;
  }
}

bool Variables::of_origin(const Variable& variable, std::string& out) const {
  const Exchange& x = exchange_;
  const ProxyPass* pass = x.plan != nullptr ? x.plan->pass : nullptr;
  switch (variable.id) {
    case Var::kProxyHost:
      return pass != nullptr && append(x.target ? x.target->host : pass->host, out);
    case Var::kProxyPort:
      return pass != nullptr && append(x.target ? x.target->port : pass->port, out);
    case Var::kProxyAddXForwardedFor:
      return append_forwarded_for(x, out);
    case Var::kUpstreamAddr:
      return append_attempts(x, out, [&](const Attempt& attempt) { out += attempt.address; });
    case Var::kUpstreamStatus:
      return append_statuses(x, out);
    case Var::kUpstreamResponseTime:
      return append_times(x, &Attempt::response_time, out);
    case Var::kUpstreamConnectTime:
      return append_times(x, &Attempt::connect_time, out);
    case Var::kUpstreamHeaderTime:
      return append_times(x, &Attempt::header_time, out);
    case Var::kUpstreamResponseLength:
      return append_counts(x, &Attempt::response_length, out);
    case Var::kUpstreamBytesReceived:
      return append_counts(x, &Attempt::bytes_received, out);
    case Var::kUpstreamBytesSent:
      return append_counts(x, &Attempt::bytes_sent, out);
    case Var::kUpstreamCacheStatus:
      return append(word_of(x.note.use), out);
    case Var::kUpstreamHttp:
      return x.entry && append_line(x.entry->fields.text(), variable.name, out);
    case Var::kUpstreamCookie:
      return x.entry && append_set_cookie(x.entry->fields, variable.name, out);
    default:
      return false;
  }
}

}  // namespace levee
