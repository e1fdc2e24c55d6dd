// Plans: what they may say, and where they are wrong.
#include <gtest/gtest.h>

#include <string>

#include "bench/rehearse/plan.h"

namespace levee::bench {
namespace {

constexpr const char* kTarget = "target http://127.0.0.1:1/a; promise errors 1%; ";

Plan good(const std::string& text) {
  auto read = parse_plan(text, "p.plan");
  if (const auto* const wrong = std::get_if<std::string>(&read)) {
    ADD_FAILURE() << *wrong;
    return {};
  }
  return std::get<Plan>(read);
}

std::string wrong(const std::string& text) {
  const auto read = parse_plan(text, "p.plan");
  return std::holds_alternative<Plan>(read) ? "nothing is wrong" : std::get<std::string>(read);
}

TEST(Plan, HasWhatItsLinesSay) {
  const Plan plan = good(
      "about 'An evening'; target http://127.0.0.1:1/a http://127.0.0.1:2/a; origin http://127.0.0.1:3; duration 5s;\n"
      "viewers ramp 10 at=1s over=500ms; viewers rejoin 50% at=3s away=1s;\n"
      "requests 20 at=2s over=1s path=/object/10/a$number objects=5 'field=X-A: b';\n"
      "player { throughput 8m 400k; buffer 6s; retry 500ms 4s; }\n"
      "fault 4s origin 503; fault 2s origin hang for=500ms prefix=/live;\npromise start_up_p99 1500ms;");
  ASSERT_EQ(plan.name, "p");
  EXPECT_EQ(plan.requests[0].path, "/object/10/a{}");
  EXPECT_EQ(plan.about, "An evening");
  EXPECT_EQ(plan.targets.size(), 2U);
  EXPECT_EQ(plan.arrivals[0].over_ms, 500);
  EXPECT_EQ(plan.arrivals[1].share, 0.5);
  EXPECT_EQ(plan.requests[0].fields, "X-A: b\r\n");
  EXPECT_EQ(plan.player.throughput, (std::vector<uint64_t>{8'000'000, 400'000}));
  EXPECT_EQ(plan.player.retry_most_ms, 4000);
  EXPECT_EQ(plan.promises[0].most, 1500);
  EXPECT_EQ(plan.promises[0].line, 6);
  ASSERT_EQ(plan.faults.size(), 2U);  // in order of time
  EXPECT_EQ(std::get<Plan::Fault::OfOrigin>(plan.faults[0].what).command, "hang?for=500&prefix=/live");
  EXPECT_EQ(std::get<Plan::Fault::OfOrigin>(plan.faults[1].what).command, "503");
}

TEST(Plan, SaysInWhichLineItIsWrong) {
  const std::string head = std::string(kTarget) + "\n";
  EXPECT_EQ(wrong(head + "promise luck 1;"), "p.plan:2: unknown promise \"luck\"");
  EXPECT_EQ(wrong(head + "promise errors lots;"), "p.plan:2: invalid value \"lots\"");
  EXPECT_EQ(wrong(head + "viewers crowd 10;"), "p.plan:2: viewers come as step, ramp, flash, drift, rejoin or leave");
  EXPECT_EQ(wrong(head + "viewers step 0;"), "p.plan:2: invalid value \"0\"");
  EXPECT_EQ(wrong(head + "viewers step 9 when=1s;"), "p.plan:2: invalid parameter \"when=1s\" of step");
  EXPECT_EQ(wrong(head + "requests 9 at=1s;"), "p.plan:2: requests need a path=");
  EXPECT_EQ(wrong(head + "stream { colour red; }"), "p.plan:2: unknown directive \"colour\" in \"stream\"");
  EXPECT_EQ(wrong(head + "circus { }"), "p.plan:2: unknown block \"circus\"");
  EXPECT_EQ(wrong(head + "duration 1s 2s;"), "p.plan:2: invalid number of arguments in \"duration\"");
  EXPECT_EQ(wrong(head + "duration 2h;"), "p.plan:2: invalid value \"2h\"");
  for (const char* line : {"service 200ms;", "queue 1000;", "collapse_past 4;", "slots 0; service 5ms;"}) {
    EXPECT_EQ(wrong("\ndeploy { nodes 0; } origin { " + std::string(line) + " } viewers step 1; promise errors 0%;"),
              "p.plan:2: service, queue and collapse_past mean nothing without slots");
  }
  const std::string limited = "deploy { nodes 0; } viewers step 1; promise errors 0%; duration 9s; origin { ";
  const std::string weaker = "fault 3s origin capacity service=1s; fault 5s origin capacity slots=0;";
  EXPECT_EQ(std::get<Plan::Fault::OfOrigin>(good(limited + "slots 8; }" + weaker).faults[0].what).command,
            "capacity?service=1000");
  const std::string anew = "fault 1s origin capacity slots=0; fault 2s kill origin; fault 3s start origin; ";
  EXPECT_EQ(good(limited + "slots 8; }" + anew + "fault 4s origin capacity service=1s;").faults.size(), 4U);
  EXPECT_EQ(wrong(limited + "}\n" + weaker), "p.plan:2: service, queue and collapse_past mean nothing without slots");
  EXPECT_EQ(wrong(head + "fault 1s origin hang for=never;"), "p.plan:2: invalid value \"for=never\"");
  EXPECT_EQ(wrong(head + "fault 1s origin sing;"), "p.plan:2: the origin does not take \"sing\"");
  EXPECT_EQ(wrong(head + "\nfault 1s melt node1;").substr(0, 9), "p.plan:3:");
  EXPECT_EQ(wrong("viewers step 1"), "p.plan:1: unexpected end of file, expecting \";\" or \"}\"");
}

TEST(Plan, MustMakeSenseAsAWhole) {
  EXPECT_EQ(wrong("viewers step 1; promise errors 1%;"), "p.plan: a plan has either a target or a deploy block");
  EXPECT_EQ(wrong(kTarget), "p.plan: nobody comes: neither viewers nor requests");
  EXPECT_EQ(wrong("target http://127.0.0.1:1/; viewers step 1;"), "p.plan: no promise");
  EXPECT_EQ(wrong("deploy { nodes 0; } viewers step 1; promise errors 0%;"),
            "p.plan: what is deployed needs an origin block");
  EXPECT_EQ(wrong(std::string(kTarget) + "viewers step 1; stream { part 500ms; }"),
            "p.plan:1: a stream of another shape than the film's needs a bitrate");
  EXPECT_EQ(wrong(std::string(kTarget) + "viewers step 1; stream { bitrate 1m; segment 2s; part 300ms; }"),
            "p.plan:1: a segment must hold a whole number of parts");
  EXPECT_EQ(wrong("\ndeploy { nodes 2; } origin { } viewers step 1; promise errors 0%;"),
            "p.plan:2: deploy needs a conf for its nodes");
  EXPECT_EQ(wrong("deploy { nodes 0; } origin { } origin http://127.0.0.1:1; viewers step 1; promise errors 0%;"),
            "p.plan: the origin is either one that runs already or one to be started");
}

TEST(Plan, SaysEachThingOnce) {
  const std::string head = std::string(kTarget) + "viewers step 1;\n";
  EXPECT_EQ(wrong(head + "duration 1s; duration 2s;"), "p.plan:2: \"duration\" directive is duplicate");
  EXPECT_EQ(wrong(head + "stream { }\nstream { }"), "p.plan:3: \"stream\" directive is duplicate");
  EXPECT_EQ(wrong(head + "player { buffer 1s;\nbuffer 2s; }"), "p.plan:3: \"buffer\" directive is duplicate");
  EXPECT_EQ(wrong(head + "player { retry 1s 2s;\nretry 1s 3s; }"), "p.plan:3: \"retry\" directive is duplicate");
  EXPECT_EQ(wrong(head + "stream { bitrate 1m;\nbitrate 2m; }"), "p.plan:3: \"bitrate\" directive is duplicate");
  EXPECT_EQ(good(head + "viewers step 2; promise errors 2%; target http://127.0.0.1:2/a;").arrivals.size(), 2U);
}

TEST(Plan, NumbersAreFiniteAndWithinBounds) {
  const std::string head = std::string(kTarget) + "viewers step 1;\n";
  for (const char* const bad : {"nan", "inf", "-1", "", "1e999", "1x"}) {
    EXPECT_NE(wrong(head + "promise origin_amplification '" + bad + "';"), "nothing is wrong") << bad;
    EXPECT_NE(wrong(head + "player { throughput '" + bad + "m'; }"), "nothing is wrong") << bad;
  }
  EXPECT_EQ(wrong(head + "viewers step 200001;"), "p.plan:2: invalid value \"200001\"");
  EXPECT_EQ(wrong(head + "viewers step 200000;"), "p.plan: more than 200000 viewers");
  EXPECT_EQ(good(kTarget + std::string("viewers step 200000;")).arrivals[0].count, 200'000U);
  EXPECT_EQ(wrong(head + "requests 10000001 path=/a;"), "p.plan:2: invalid value \"10000001\"");
  EXPECT_EQ(good(head + "requests 10000000 path=/a;").requests[0].count, 10'000'000U);
  EXPECT_EQ(wrong("deploy { nodes 17; }"), "p.plan:1: at most 16 nodes");
  EXPECT_EQ(good(head + "stream { bitrate 1000g; }").stream.bitrates[0], 1'000'000'000'000U);
  EXPECT_EQ(wrong(head + "stream { bitrate 1001g; }"), "p.plan:2: invalid value \"1001g\"");
  EXPECT_EQ(good(head + "duration 1h;").duration, Plan::Milliseconds(3'600'000));
  EXPECT_EQ(wrong(head + "duration 3601s;"), "p.plan:2: invalid value \"3601s\"");
  EXPECT_EQ(wrong(head + "duration 0;"), "p.plan:2: invalid value \"0\"");
  EXPECT_EQ(wrong(head + "player { retry 2s 1s; }"), "p.plan:2: invalid value \"2s 1s\"");
  EXPECT_EQ(good(head + "player { retry 2s 2s; }").player.retry_most_ms, 2000);
}

TEST(Plan, IsForViewersOfHls) {
  const std::string dash = "p.plan:1: viewers play HLS, and no DASH: \"/live/index.mpd?a=b\"";
  EXPECT_EQ(wrong(std::string(kTarget) + "viewers step 1;\npath /live/index.mpd?a=b;"), dash);
  EXPECT_EQ(wrong(std::string(kTarget) + "viewers step 1;\ntarget http://127.0.0.1:2/live/index.mpd?a=b;"), dash);
  EXPECT_EQ(good(std::string(kTarget) + "viewers step 1; path /a.mpd/b;").path, "/a.mpd/b");
  EXPECT_EQ(good("target http://127.0.0.1:1/a.mpd; requests 1 path=/a; promise errors 0%;").targets[0].path, "/a.mpd");
}

TEST(Plan, WhatCannotBeInARequestIsNotAskedFor) {
  const std::string head = std::string(kTarget) + "viewers step 1;\n";
  EXPECT_EQ(wrong(head + "path 'index.m3u8';"), "p.plan:2: invalid value \"index.m3u8\"");
  EXPECT_EQ(wrong(head + "path '/a b';"), "p.plan:2: invalid value \"/a b\"");
  EXPECT_EQ(wrong(head + "target 'http://127.0.0.1:1/a b';"),
            "p.plan:2: not a URL with a literal address: \"http://127.0.0.1:1/a b\"");
  EXPECT_EQ(wrong(head + "requests 1 'path=/a b';"), "p.plan:2: invalid parameter \"path=/a b\"");
  EXPECT_NE(wrong(head + "requests 1 path=/a \"field=A: b\r\nC: d\";"), "nothing is wrong");
  EXPECT_EQ(wrong(head + "header Host a;"), "p.plan:2: no field of a request: \"Host: a\"");
  EXPECT_NE(wrong(head + "header A \"b\r\nC: d\";"), "nothing is wrong");
  EXPECT_NE(wrong(head + "header A;"), "nothing is wrong");
}

TEST(Plan, FieldsOfRequestsAreAPlayersAndWhatItSays) {
  const std::string head = std::string(kTarget) + "viewers step 1;\n";
  EXPECT_NE(good(head).player.fields.find("User-Agent: Mozilla/5.0"), std::string::npos);
  const std::string fields = good(head + "header Cookie a=b; header user-agent x; header Origin '';").player.fields;
  EXPECT_EQ(fields.find("Mozilla"), std::string::npos);
  EXPECT_EQ(fields.find("Origin"), std::string::npos);
  EXPECT_TRUE(fields.ends_with("Cookie: a=b\r\nuser-agent: x\r\n")) << fields;
}

TEST(Plan, ArrivalsTakeWhatTheirShapeHasAUseFor) {
  const std::string head = std::string(kTarget) + "\n";
  EXPECT_EQ(wrong(head + "viewers step 9 over=1s;"), "p.plan:2: invalid parameter \"over=1s\" of step");
  EXPECT_EQ(wrong(head + "viewers ramp 9 over=1s away=1s;"), "p.plan:2: invalid parameter \"away=1s\" of ramp");
  EXPECT_EQ(wrong(head + "viewers rejoin 9% stay=1s;"), "p.plan:2: invalid parameter \"stay=1s\" of rejoin");
  EXPECT_EQ(wrong(head + "viewers leave 9% away=1s;"), "p.plan:2: invalid parameter \"away=1s\" of leave");
  for (const std::string shape : {"ramp", "flash", "drift"}) {
    EXPECT_EQ(wrong(head + "viewers " + shape + " 9;"), "p.plan:2: who come as " + shape + " need an over=");
  }
}

TEST(Plan, WhoComesWhenItIsOverWouldKeepEveryPromise) {
  const std::string head = std::string(kTarget) + "duration 9s;\n";
  EXPECT_EQ(wrong(head + "viewers step 1 at=9s;"), "p.plan:2: the plan is over when they are to come");
  EXPECT_EQ(wrong(head + "requests 1 at=9s path=/a;"), "p.plan:2: the plan is over when they are to come");
  EXPECT_EQ(good(head + "viewers step 1 at=8999ms;").arrivals[0].at_ms, 8999);
}

TEST(Plan, WhoComesOverALongerTimeThanThePlanIsNotAllThere) {
  const std::string head = std::string(kTarget) + "duration 9s;\n";
  const std::string late = "p.plan:2: the plan is over before all have come";
  EXPECT_EQ(wrong(head + "viewers ramp 5 over=9001ms;"), late);
  EXPECT_EQ(wrong(head + "viewers drift 5 at=1s over=8001ms;"), late);
  EXPECT_EQ(wrong(head + "requests 5 at=1s over=8001ms path=/a;"), late);
  EXPECT_EQ(good(head + "viewers ramp 5 at=1s over=8s; requests 5 at=1s over=8s path=/a;").arrivals[0].over_ms, 8000);
  EXPECT_EQ(wrong(head + "viewers rejoin 9% at=5s away=1s over=3001ms; viewers step 1;"),
            "p.plan:2: the plan is over before all are back");
  EXPECT_EQ(wrong(head + "viewers leave 9% at=5s over=4001ms; viewers step 1;"),
            "p.plan:2: the plan is over before all have left");
  EXPECT_EQ(good(head + "viewers rejoin 9% at=5s away=1s over=3s; viewers step 1;").arrivals.size(), 2U);
}

TEST(Plan, AFaultMustChangeSomething) {
  const std::string deployed = "deploy { nodes 0; redis on; } origin { } viewers step 1; promise errors 0%;\n";
  EXPECT_EQ(wrong(deployed + "fault 1s start redis;"), "p.plan:2: redis runs already then");
  EXPECT_EQ(wrong(deployed + "fault 1s thaw redis;"), "p.plan:2: redis is not frozen then");
  EXPECT_EQ(wrong(deployed + "\nfault 2s kill redis; fault 1s stop redis;"), "p.plan:3: redis does not run then");
  EXPECT_EQ(wrong(deployed + "fault 1s kill redis; fault 2s thaw redis;"), "p.plan:2: redis is not frozen then");
  EXPECT_EQ(wrong(deployed + "fault 1s kill redis; fault 2s freeze redis;"), "p.plan:2: redis does not run then");
  EXPECT_EQ(wrong(deployed + "fault 1s freeze redis; fault 2s freeze redis;"),
            "p.plan:2: redis is frozen already then");
  EXPECT_EQ(wrong(deployed + "fault 1s freeze redis; fault 2s start redis;"), "p.plan:2: redis runs already then");
  EXPECT_EQ(good(deployed + "fault 4s start redis; fault 1s freeze redis; fault 2s thaw redis; fault 3s kill redis;\n"
                            "fault 2s freeze origin; fault 3s kill origin; fault 4s start origin;")
                .faults.size(),
            7U);
}

TEST(Plan, WhoLeavesMustBeThereAndHaveTimeToComeBack) {
  const std::string head = std::string(kTarget) + "promise errors 0%; duration 9s;\n";
  const std::string nobody = "p.plan:2: nobody watches yet who could leave";
  EXPECT_EQ(wrong(head + "viewers rejoin 9%; viewers step 1;"), nobody);
  EXPECT_EQ(wrong(head + "viewers leave 9% at=2s; viewers step 1 at=2s;"), nobody);
  EXPECT_EQ(wrong(head + "viewers leave 9% at=2s; viewers leave 9% at=3s; requests 1 path=/a;"), nobody);
  EXPECT_EQ(wrong(head + "viewers rejoin 9% at=5s away=4s; viewers step 1;"),
            "p.plan:2: the plan is over when they are to come back");
  EXPECT_EQ(good(head + "viewers rejoin 9% at=5s away=3999ms; viewers step 1 at=4999ms;").arrivals.size(), 2U);
  EXPECT_EQ(good(head + "viewers leave 9% at=8999ms; viewers step 1;").arrivals.size(), 2U);
}

TEST(Plan, AFaultMustBeAbleToStrike) {
  const std::string deployed = "deploy { nodes 0; } origin { } viewers step 1; promise errors 0%; duration 9s;\n";
  EXPECT_EQ(std::get<Plan::Fault::OfServer>(good(deployed + "fault 8s freeze origin;").faults[0].what).name, "origin");
  EXPECT_EQ(wrong(deployed + "fault 9s kill origin;"), "p.plan:2: the plan is over when this fault is to strike");
  EXPECT_EQ(wrong(deployed + "\nfault 1s kill node1;"), "p.plan:3: there is no \"node1\"");
  EXPECT_EQ(wrong(deployed + "fault 1s kill redis;"), "p.plan:2: there is no \"redis\"");
  const std::string target = std::string(kTarget) + "viewers step 1; promise errors 0%;\n";
  EXPECT_EQ(wrong(target + "fault 1s kill node1;"), "p.plan:2: only servers that the plan deploys can be struck");
  EXPECT_EQ(wrong(target + "fault 1s origin hang;"), "p.plan:2: the plan names no origin that could be told");
}

TEST(Plan, LoadsOnlyWhatItNamesByAddress) {
  EXPECT_EQ(wrong("target http://example.net/a;"),
            "p.plan:1: not a URL with a literal address: \"http://example.net/a\"");
}

TEST(Plan, AsksTheOriginForTheStreamThatItDescribes) {
  const std::string head = std::string("target http://127.0.0.1:1; promise errors 1%; viewers step 9; ");
  EXPECT_EQ(good(head).playlist(0), "/live/index.m3u8");
  EXPECT_EQ(good(head + "stream { bitrate 400k; }").playlist(0), "/sim/100000x2000/c0/index.m3u8");
  const Plan plan = good(head + "stream { bitrate 1m 400k; segment 1s; part 250ms; channels 2; grows on; }");
  EXPECT_EQ(plan.playlist(3), "/ladder-chunked/50000,125000x1000x250/c1/index.m3u8");
  EXPECT_EQ(good(kTarget + std::string("viewers step 9;")).playlist(5), "/a");
}

}  // namespace
}  // namespace levee::bench
