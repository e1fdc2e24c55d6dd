// The levee-bench command: what each subcommand takes.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/compare/compare.h"
#include "bench/demo.h"
#include "bench/lint.h"
#include "bench/load/ceiling.h"
#include "bench/load/load.h"
#include "bench/origin/origin.h"
#include "bench/rehearse/capacity.h"
#include "bench/rehearse/rehearse.h"
#include "bench/servers/guard.h"

namespace levee::bench {
namespace {

// Where the program is installed: PREFIX of PREFIX/bin.
std::filesystem::path prefix() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
}
// The source, if this is it (empty) or the program was built in it (build/FLAVOUR) and has not been installed.
std::optional<std::filesystem::path> source() {
  const std::filesystem::path build = prefix();
  for (const std::filesystem::path& root : {std::filesystem::path(), build, build.parent_path()}) {
    if (std::filesystem::exists(root / "bench" / "media")) return root;
  }
  return std::nullopt;
}
// A folder of the source, or where it is installed.
std::string data_folder(const std::string& name) {
  const auto root = source();
  return root ? *root / "bench" / name : prefix() / "share" / "levee" / name;
}

// CLI's own checks let "nan" pass.
CLI::Validator is_positive() {
  return {[](const std::string& text) {
            const double value = std::strtod(text.c_str(), nullptr);
            return value > 0 && std::isfinite(value) ? std::string() : "must be a number above 0: " + text;
          },
          ""};
}

// For all that start servers.
int guarded(const auto& run) {
  const auto ended = guard();
  return ended ? *ended : run();
}

void add_origin(CLI::App& app, int& exit_code) {
  auto* const command =
      app.add_subcommand("origin", "An origin of live streams and objects, with the weaknesses of real ones");
  auto options = std::make_shared<OriginOptions>();
  options->site.media = data_folder("media");
  command->add_option("--listen", options->listen, "ADDRESS:PORT; port 0 takes a free one")->capture_default_str();
  command->add_option("--media", options->site.media, "Folder of the looped segments")->capture_default_str();
  command->add_option("--player", options->site.player, "Folder with hls.min.js for the page");
  command->add_option("--ttfb", options->site.ttfb_ms, "Milliseconds until a response begins")
      ->check(CLI::Range(int64_t{0}, kLongestMs));
  command->add_option("--rate", options->site.rate, "Bytes a second for each response; 0: no limit")
      ->check(CLI::Range(int64_t{0}, kMostBytes));
  auto& slots = *command->add_option("--slots", options->capacity.slots,
                                     "Requests worked on at a time, each until its first byte; 0: no limit");
  const std::vector<const CLI::Option*> of_slots = {
      command
          ->add_option("--service", options->capacity.service_ms,
                       "Milliseconds that a request holds its slot before the delay of --ttfb")
          ->check(CLI::Range(int64_t{0}, kLongestMs))
          ->needs(&slots),
      command
          ->add_option("--queue", options->capacity.queue,
                       "Requests that may wait for a slot; the next is refused with 503")
          ->needs(&slots)
          ->capture_default_str(),
      command
          ->add_option("--collapse-past", options->capacity.collapse_past,
                       "With more waiting than this, service slows down in proportion")
          ->needs(&slots)};
  command->add_option("--script", options->script,
                      "File of what it is told, by time, a line each: 10s hang for=5s prefix=/live;");
  command->add_flag("--quiet", options->quiet, "Print nothing");
  command->callback([options, of_slots, &exit_code] {
    const bool is_given = std::ranges::any_of(of_slots, [](const CLI::Option* option) { return option->count() > 0; });
    if (options->capacity.slots == 0 && is_given) throw CLI::ValidationError("--slots 0", std::string(kWithoutSlots));
    exit_code = run_origin(*options);
  });
}

void add_demo(CLI::App& app, int& exit_code) {
  auto* const command = app.add_subcommand("demo", "The origin with Levee in front of it, until Ctrl-C");
  auto options = std::make_shared<DemoOptions>();
  options->media = data_folder("media");
  command->add_option("--levee", options->levee, "Levee's program")->capture_default_str();
  command->add_option("--conf", options->conf, "Levee's configuration")->capture_default_str();
  command->add_option("--prefix", options->prefix, "Levee's folder")->capture_default_str();
  command->add_option("--media", options->media, "Folder of the looped segments")->capture_default_str();
  command->add_option("--player", options->player, "Folder with hls.min.js for the page");
  command->callback([options, &exit_code] { exit_code = guarded([&] { return run_demo(*options); }); });
}

// What all loads take.
CLI::App& add_load(CLI::App& app, const char* name, const char* help, LoadOptions& options) {
  CLI::App& command = *app.add_subcommand(name, help);
  command.add_option("url", options.url, "http or https, a literal address")->required();
  command.add_option("-c,--connections", options.connections, "Connections, or viewers")->capture_default_str();
  command.add_option("-s,--seconds", options.seconds, "How long")->capture_default_str();
  command.add_option("--pid", options.pids,
                     "A process of the server, to count its processor time and memory; repeatable");
  command.add_flag("--json", options.json, "Print one line of JSON");
  command.add_flag("--allow-remote", options.allow_remote, "The target may be another machine");
  return command;
}

void add_loads(CLI::App& app, int& exit_code) {
  auto hits = std::make_shared<HitsOptions>();
  CLI::App& on_hits = add_load(app, "hits", "Keep-alive GETs, one after the other on each connection", *hits);
  on_hits.add_option("-n,--requests", hits->requests, "End after so many; 0: no limit");
  on_hits.add_option("--objects", hits->objects, "Ask for so many URLs in turn: {} in the URL is the number");
  on_hits.callback([hits, &exit_code] { exit_code = run_hits(*hits); });

  auto flash = std::make_shared<FlashOptions>();
  flash->connections = 1000;
  CLI::App& on_flash = add_load(app, "flash", "All connections ask for one object at once", *flash);
  on_flash.add_option("--origin", flash->origin_url,
                      "The same, or a like, object at the origin: fetched once, to compare");
  on_flash.add_option("--objects", flash->objects, "Ask for so many URLs: {} in the URL is the number");
  on_flash.add_option("--also", flash->others, "Another node's URL: a crowd for it too, at once; repeatable");
  on_flash.add_option("--warm", flash->warm_path, "Asked before on each connection")->capture_default_str();
  on_flash.callback([flash, &exit_code] { exit_code = run_flash(*flash); });

  auto surge = std::make_shared<SurgeOptions>();
  surge->connections = 8000;
  CLI::App& on_surge = add_load(app, "surge", "Requests at a rate of their own, answered or not", *surge);
  on_surge.add_option("--class", surge->classes, "NAME,PATH,RATE[,OBJECTS]; {} in PATH is the object; repeatable")
      ->required();
  on_surge.add_option("--at", surge->orders, "SECONDS,WHAT: tells the origin hang, 503 ...; repeatable");
  on_surge.add_option("--origin", surge->origin, "URL of the levee-bench origin");
  on_surge.add_option("--mark", surge->marks, "SECONDS that divide the run into phases; repeatable");
  on_surge.add_option("--patience", surge->patience, "Seconds until a client gives up")->capture_default_str();
  on_surge.add_option("--slow", surge->slow, "Milliseconds from which a request counts as slow")->capture_default_str();
  on_surge
      .add_option("--service", surge->service,
                  "Milliseconds that an origin works on an answer, which is done by the seconds in which it did")
      ->check(CLI::Range(0.0, 1000.0));
  on_surge.callback([surge, &exit_code] { exit_code = run_surge(*surge); });

  auto idle = std::make_shared<LoadOptions>();
  idle->connections = 10000;
  idle->seconds = 1;
  CLI::App& on_idle = add_load(app, "idle", "Connections that ask once and stay", *idle);
  on_idle.callback([idle, &exit_code] { exit_code = run_idle(*idle); });

  auto live = std::make_shared<LiveOptions>();
  live->connections = 2000;
  live->seconds = 20;
  CLI::App& on_live = add_load(app, "live", "Viewers of a live playlist", *live);
  on_live.callback([live, &exit_code] { exit_code = run_live(*live); });
}

// What all that play a plan take.
CLI::App& add_plan(CLI::App& app, const char* name, const char* help, RehearseOptions& options) {
  CLI::App& command = *app.add_subcommand(name, help);
  options.media = data_folder("media");
  command.add_option("plan", options.plan, "A file as those in bench/plans/")->required();
  command.add_option("--json", options.json_path, "File for the whole result");
  command.add_option("--levee", options.levee, "Levee's program; else the one beside this one");
  command.add_option("--media", options.media, "Folder of the looped segments")->capture_default_str();
  command.add_option("--keep", options.keep, "Folder for the servers' configurations and logs, which stay");
  command.add_flag("--allow-remote", options.allow_remote, "The target may be another machine");
  return command;
}

void add_rehearse(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<RehearseOptions>();
  CLI::App& command = add_plan(app, "rehearse", "Play a plan; 0: it holds, 1: it does not, 2: no verdict", *options);
  command.add_option("--html", options->html_path, "File for the report, a page that needs no network");
  command.add_option("--scale", options->scale, "So many times the plan's viewers and requests")
      ->check(CLI::Range(0.001, 1000.0) & is_positive());
  command.add_flag("--quiet", options->quiet, "Print the verdict alone");
  command.callback([options, &exit_code] { exit_code = guarded([&] { return run_rehearse(*options); }); });
}

void add_capacity(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<CapacityOptions>();
  CLI::App& command = add_plan(app, "capacity", "The largest audience that keeps a plan's promises", *options);
  command.add_option("--runs", options->most_runs, "Rehearsals at most")->check(is_positive())->capture_default_str();
  command.add_option("--most", options->most_scale, "So many times the plan's audience at most")
      ->check(is_positive())
      ->capture_default_str();
  command.add_option("--seconds", options->most_seconds, "The whole search at most")
      ->check(is_positive())
      ->capture_default_str();
  command.add_option("--viewers", options->wanted.viewers, "The audience to plan for")
      ->check(is_positive())
      ->capture_default_str();
  const std::map<std::string, double> units{{"k", 1e3}, {"m", 1e6}, {"g", 1e9}};
  command.add_option("--bitrate", options->wanted.bitrate, "Bits a second of each: 4m")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::CASE_INSENSITIVE))
      ->check(is_positive());
  command.add_option("--link", options->wanted.link, "Bits a second of a node's network card: 100g")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::CASE_INSENSITIVE))
      ->check(is_positive());
  command.add_option("--cores", options->wanted.cores, "Processors of a node")
      ->check(is_positive())
      ->capture_default_str();
  command.callback([options, &exit_code] { exit_code = guarded([&] { return run_capacity(*options); }); });
}

void add_compare(CLI::App& app, int& exit_code) {
  auto* const command = app.add_subcommand("compare", "Levee beside its peers, in server CPU seconds and in trouble");
  auto options = std::make_shared<CompareOptions>();
  options->media = data_folder("media");
  options->peers = data_folder("peers");
  const auto root = source();
  options->levee = root ? *root / options->levee : prefix() / "sbin" / "levee";
  if (root != std::filesystem::path()) options->json_path = "compare.json";
  command->add_option("plan", options->plan, "A plan to be rehearsed with each; else scenarios of its own");
  command->add_option("--rounds", options->rounds, "Rehearsals of the plan with each")
      ->check(CLI::Range(1, 99))
      ->capture_default_str();
  command->add_flag("--quick", options->quick, "Shortened forms of the scenarios");
  command->add_option("--only", options->only, "Scenarios; of the others the file of --json keeps what it has")
      ->delimiter(',');
  command->add_option("--servers", options->servers, "Folders of --peers; not given: those of each scenario")
      ->delimiter(',');
  command->add_option("--peers", options->peers, "Folder of the servers' configurations")->capture_default_str();
  command->add_option("--levee", options->levee, "Levee's program")->capture_default_str();
  command->add_option("--media", options->media, "Folder of the origin's segments")->capture_default_str();
  command->add_option("--micro", options->micro, "JSON of levee-micro, to be kept with the results");
  command->add_option("--json", options->json_path, "File for the results")->capture_default_str();
  command->add_option("--html", options->html_path, "File for a page with charts");
  command->add_option("--readme", options->readme_path, "README.md, whose table becomes that of the results");
  command->callback([options, &exit_code] { exit_code = guarded([&] { return run_compare(*options); }); });
}

void add_lint(CLI::App& app, int& exit_code) {
  auto* const command =
      app.add_subcommand("lint", "Dangers in a configuration, with reason and line; 0: none, 1: some, 2: not valid");
  auto options = std::make_shared<LintOptions>();
  command->add_option("file", options->file, "Levee's configuration")->required();
  command->add_option("--segment", options->segment, "The streams' target duration")->capture_default_str();
  command->add_option("--prefix", options->prefix, "Where relative paths start; not given: the file's folder");
  command->callback([options, &exit_code] { exit_code = run_lint(*options); });
}

void add_ceiling(CLI::App& app, int& exit_code) {
  auto* const command =
      app.add_subcommand("ceiling", "An epoll loop that sends a constant: what could be reached at most");
  auto options = std::make_shared<CeilingOptions>();
  command->add_option("--listen", options->listen, "ADDRESS:PORT")->capture_default_str();
  command->add_option("--size", options->size, "Bytes of the body")->capture_default_str();
  command->add_option("--certificate", options->certificate, "PEM file; with --key: TLS");
  command->add_option("--key", options->key, "PEM file");
  command->callback([options, &exit_code] { exit_code = run_ceiling(*options); });
}

}  // namespace
}  // namespace levee::bench

int main(int argc, char** argv) {
  CLI::App app("Origin, load and rehearsal for Levee", "levee-bench");
  app.require_subcommand(1);
  int exit_code = 0;
  levee::bench::add_origin(app, exit_code);
  levee::bench::add_demo(app, exit_code);
  levee::bench::add_loads(app, exit_code);
  levee::bench::add_rehearse(app, exit_code);
  levee::bench::add_capacity(app, exit_code);
  levee::bench::add_compare(app, exit_code);
  levee::bench::add_lint(app, exit_code);
  levee::bench::add_ceiling(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : 2;
  } catch (const std::exception& wrong) {  // the library's: a folder that cannot be made, no memory
    std::fprintf(stderr, "levee-bench: %s\n", wrong.what());
    return 2;
  }
  return exit_code;
}
