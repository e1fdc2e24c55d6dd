// A rehearsal's report: one HTML file that opens without network. Pure.
#pragma once

#include <string>

#include "bench/rehearse/outcome.h"
#include "bench/rehearse/plan.h"

namespace levee::bench {

// What the report says of where it was made.
struct Setting {
  std::string date;       // "2026-11-24 22:41 UTC"
  std::string machine;    // "2 processors, Linux 6.1"
  std::string plan_text;  // the plan's file
};
Setting setting_here(const Plan& plan);

std::string report_page(const Plan& plan, const Outcome& outcome, const Setting& setting);

}  // namespace levee::bench
