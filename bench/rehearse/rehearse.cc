#include "bench/rehearse/rehearse.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "bench/figures/report.h"
#include "bench/rehearse/outcome_text.h"
#include "bench/rehearse/page.h"
#include "bench/rehearse/plan.h"
#include "bench/rehearse/rehearsal.h"
#include "bench/rehearse/screen.h"
#include "bench/servers/scratch.h"

namespace levee::bench {
namespace {

int failed(const std::string& why) {
  std::fprintf(stderr, "levee-bench: %s\n", why.c_str());
  return 2;
}

int exit_code(Verdict::Kind kind) {
  switch (kind) {
    case Verdict::Kind::kHolds:
      return 0;
    case Verdict::Kind::kBreaks:
      return 1;
    case Verdict::Kind::kNone:
      return 2;
  }
  return 2;
}

}  // namespace

std::string levee_beside() {
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  for (const auto& path : {here / "levee", here.parent_path() / "sbin" / "levee"}) {
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return "levee";
}

int run_rehearse(const RehearseOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  auto read = read_plan(options.plan);
  if (const auto* const wrong = std::get_if<std::string>(&read)) return failed(*wrong);
  Plan& plan = std::get<Plan>(read);
  for (const std::string& path : {options.json_path, options.html_path}) {  // before all is played for nothing
    if (const std::string wrong = unwritable(path); !wrong.empty()) return failed(wrong);
  }
  plan.scale(options.scale);
  if (plan.start_origin) plan.start_origin->media = options.media;
  const Scratch scratch(options.keep);
  Deployment servers(scratch.path());
  const std::string levee = options.levee.empty() ? levee_beside() : options.levee;
  const auto opened = open_venue(plan, levee_maker(levee, plan.deploy ? plan.deploy->conf : ""), servers);
  if (const auto* const wrong = std::get_if<std::string>(&opened)) return failed(*wrong);
  const Venue& venue = std::get<Venue>(opened);
  if (!venue.is_here() && !options.allow_remote) {
    return failed("the plan's target or origin is not this machine; --allow-remote says that you may load it");
  }
  const auto screen = options.quiet ? make_silence() : make_screen(plan);
  const Outcome outcome = rehearse(plan, venue, *screen);
  std::printf("%s%s", options.quiet ? "" : "\n", verdict_text(plan, outcome).c_str());
  std::fflush(stdout);
  const bool has_json = write_file(options.json_path, outcome_json(plan, outcome).dump(1) + "\n");
  const bool has_page = write_file(options.html_path, report_page(plan, outcome, setting_here(plan)));
  if (outcome.interrupted_by != 0) return 128 + outcome.interrupted_by;
  const int code = exit_code(outcome.verdict.kind);
  return (has_json && has_page) || code == 1 ? code : 2;
}

}  // namespace levee::bench
