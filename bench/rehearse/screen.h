// Shows a rehearsal while it runs: a picture that changes on a terminal, lines anywhere else.
#pragma once

#include <memory>
#include <string>

#include "bench/rehearse/plan.h"
#include "bench/rehearse/rehearsal.h"

namespace levee::bench {

// On standard output.
std::unique_ptr<Onlooker> make_screen(const Plan& plan);
// Says nothing.
std::unique_ptr<Onlooker> make_silence();

// The lines that the picture has, at most so many and so wide, without colours and moves. Pure.
std::string picture(const Plan& plan, const Outcome& so_far, size_t width, size_t height);
// One line that tells of the last `count` seconds.
std::string line_of_seconds(const Outcome& so_far, size_t count);

}  // namespace levee::bench
