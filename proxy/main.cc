// The levee command: its options, and what happens before and instead of serving.
#include <event2/event.h>
#include <getopt.h>
#include <openssl/crypto.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "conf/lint.h"
#include "proxy/net/tls_memory.h"
#include "proxy/ops/log.h"
#include "proxy/server.h"
#include "proxy/version.h"

namespace levee {
namespace {

constexpr const char* kUsage =
    "Usage: levee [-?hvVtT] [-s signal] [-p prefix] [-e filename] [-c filename] [-g directives]\n\n"
    "Options:\n"
    "  -?,-h         : this help, and all directives\n"
    "  -v            : show version and exit\n"
    "  -V            : show version and the libraries in use, then exit\n"
    "  -t            : test configuration, warn of dangers in it, and exit\n"
    "  -T            : test configuration, dump it and exit\n"
    "  -s signal     : send signal to a running levee: stop, quit, reopen, reload\n"
    "  -p prefix     : where relative paths start (default: the current directory)\n"
    "  -e filename   : error log file instead of the configured one; stderr for standard error\n"
    "  -c filename   : configuration file (default: /etc/levee/levee.conf)\n"
    "  -g directives : global directives out of the configuration file\n";

struct Options {
  CommandLine command;
  std::string signal;
  bool help = false, version = false, libraries = false, test = false, dump = false;
};

bool early_log = false;

std::string absolute(const std::string& path, const std::string& start) {
  return path.starts_with('/') ? path : start + path;
}

// False: an unknown option, which getopt has complained about.
bool parse(int count, char** words, Options& options) {
  std::string prefix;
  std::string file = "/etc/levee/levee.conf";
  int option = 0;
  while ((option = getopt(count, words, "?hvVtTs:p:e:c:g:")) != -1) {
    switch (option) {
      case 'h':
        options.help = true;
        break;
      case 'v':
        options.version = true;
        break;
      case 'V':
        options.version = options.libraries = true;
        break;
      case 't':
        options.test = true;
        break;
      case 'T':
        options.test = options.dump = true;
        break;
      case 's':
        options.signal = optarg;
        break;
      case 'p':
        prefix = optarg;
        break;
      case 'e':
        options.command.error_log = optarg;
        break;
      case 'c':
        file = optarg;
        break;
      case 'g':
        options.command.globals = optarg;
        break;
      default:
        if (optopt != 0 && optopt != '?') return false;
        options.help = true;
    }
  }
  if (optind < count) {
    std::cerr << "levee: invalid option: \"" << words[optind] << "\"\n";
    return false;
  }
  char here[PATH_MAX];
  const std::string start = std::string(getcwd(here, sizeof here) != nullptr ? here : "") + "/";
  prefix = prefix.empty() ? start : absolute(prefix, start);
  if (!prefix.ends_with('/')) prefix += '/';
  options.command.prefix = prefix;
  options.command.file = absolute(file, prefix);
  return true;
}

int fail(const std::string& text) {
  std::cerr << "levee: [emerg] " << text << "\n";
  if (early_log) log(LogLevel::kEmergency, 0, "", text);
  return 1;
}

// levee -e: what goes wrong before the configuration has named a log stands there too.
void open_early_log(const CommandLine& command) {
  if (command.error_log.empty() || command.error_log == "stderr") return;
  auto file = LogFile::open(absolute(command.error_log, command.prefix));
  if (!file) return;
  set_error_log(std::move(file), LogLevel::kNotice);
  early_log = true;
}

void show_version(bool libraries) {
  std::cerr << "levee version: levee/" << kVersion << "\n";
  if (!libraries) return;
  char pcre[64] = "";
  pcre2_config(PCRE2_CONFIG_VERSION, pcre);
  std::cerr << "built with " << __VERSION__ << "\nlibevent " << event_get_version() << "\n"
            << OpenSSL_version(OPENSSL_VERSION) << "\nPCRE2 " << pcre << "\n";
}

// levee -s: the signal goes to the process of the configured pid file.
int send_signal(const std::string& name, const Config& config) {
  const int number = name == "stop"     ? SIGTERM
                     : name == "quit"   ? SIGQUIT
                     : name == "reload" ? SIGHUP
                     : name == "reopen" ? SIGUSR1
                                        : 0;
  const std::string path = config.full_path(config.pid);
  std::ifstream file(path);
  if (!file) return fail("open() \"" + path + "\" failed " + errno_text(errno));
  std::string text;
  file >> text;
  const long pid = std::strtol(text.c_str(), nullptr, 10);
  if (pid <= 0 || pid > INT_MAX) return fail("invalid PID number \"" + text + "\" in \"" + path + "\"");
  if (kill(static_cast<pid_t>(pid), number) != 0) {
    return fail("kill(" + text + ", " + std::to_string(number) + ") failed " + errno_text(errno));
  }
  return 0;
}

int test(const Options& options, const std::shared_ptr<const Config>& config) {
  const std::string& file = options.command.file;
  std::cerr << "levee: the configuration file " << file << " syntax is ok\n";
  auto built = next_generation(config, nullptr);
  if (auto* error = std::get_if<std::string>(&built)) {
    fail(*error);
    std::cerr << "levee: configuration file " << file << " test failed\n";
    return 1;
  }
  for (const auto& warnings : {config->warnings, lint(*config, lint_terms_here())}) {
    for (const Warning& warning : warnings) std::cerr << "levee: [warn] " << warning.to_string() << "\n";
  }
  std::cerr << "levee: configuration file " << file << " test is successful\n";
  if (options.dump) {
    for (const std::string& name : config->files) {
      std::cout << "# configuration file " << name << ":\n" << std::ifstream(name).rdbuf() << "\n";
    }
  }
  return 0;
}

int run(int count, char** words) {
  Options options;
  if (!parse(count, words, options)) return 1;
  if (options.help || options.version) {
    show_version(options.libraries);
    if (!options.help) return 0;
    std::cerr << kUsage << "\n";
    describe(std::cout);
    return 0;
  }
  if (!options.signal.empty() && options.signal != "stop" && options.signal != "quit" && options.signal != "reload" &&
      options.signal != "reopen") {
    std::cerr << "levee: invalid option: \"-s " << options.signal << "\"\n";
    return 1;
  }
  open_early_log(options.command);
  auto loaded = load_config(options.command);
  if (auto* error = std::get_if<std::string>(&loaded)) {
    fail(*error);
    if (options.test) std::cerr << "levee: configuration file " << options.command.file << " test failed\n";
    return 1;
  }
  const auto& config = std::get<std::shared_ptr<const Config>>(loaded);
  if (!options.signal.empty()) return send_signal(options.signal, *config);
  if (options.test) return test(options, config);
  ProxyServer server(options.command);
  if (const std::string error = server.start(config); !error.empty()) return fail(error);
  return server.run();
}

}  // namespace
}  // namespace levee

int main(int count, char** words) {
  levee::use_exact_memory_for_tls();
  return levee::run(count, words);
}
