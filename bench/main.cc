// The levee-bench command: what each subcommand takes.
#include <CLI/CLI.hpp>

#include "bench/demo.h"
#include "bench/origin.h"

namespace levee::bench {
namespace {

void add_origin(CLI::App& app, int& exit_code) {
  auto* const command = app.add_subcommand("origin", "A live HLS origin with the weaknesses of real ones");
  auto options = std::make_shared<OriginOptions>();
  command->add_option("--listen", options->listen, "ADDRESS:PORT; port 0 takes a free one")->capture_default_str();
  command->add_option("--media", options->site.media, "Folder of the looped segments")->capture_default_str();
  command->add_option("--player", options->site.player, "Folder with hls.min.js for the page");
  command->add_option("--ttfb", options->site.ttfb_ms, "Milliseconds until a response begins");
  command->add_option("--rate", options->site.rate, "Bytes a second for each response; 0: no limit");
  command->add_option("--slots", options->capacity.slots, "Requests served at a time; 0: no limit");
  command->add_option("--service", options->capacity.service_ms, "Milliseconds that a request holds its slot");
  command->add_option("--queue", options->capacity.queue, "Requests that may wait; the next is refused with 503")
      ->capture_default_str();
  command->add_option("--collapse-past", options->capacity.collapse_past,
                      "With more waiting than this, service slows down in proportion");
  command->add_flag("--quiet", options->quiet, "Print nothing");
  command->callback([options, &exit_code] { exit_code = run_origin(*options); });
}

void add_demo(CLI::App& app, int& exit_code) {
  auto* const command = app.add_subcommand("demo", "The origin with Levee in front of it, until Ctrl-C");
  auto options = std::make_shared<DemoOptions>();
  command->add_option("--levee", options->levee, "Levee's program")->capture_default_str();
  command->add_option("--conf", options->conf, "Levee's configuration")->capture_default_str();
  command->add_option("--prefix", options->prefix, "Levee's folder")->capture_default_str();
  command->add_option("--media", options->media, "Folder of the looped segments")->capture_default_str();
  command->add_option("--player", options->player, "Folder with hls.min.js for the page");
  command->callback([options, &exit_code] { exit_code = run_demo(*options); });
}

}  // namespace
}  // namespace levee::bench

int main(int argc, char** argv) {
  CLI::App app("Origin, load and rehearsal for Levee", "levee-bench");
  app.require_subcommand(1);
  int exit_code = 0;
  levee::bench::add_origin(app, exit_code);
  levee::bench::add_demo(app, exit_code);
  CLI11_PARSE(app, argc, argv);
  return exit_code;
}
