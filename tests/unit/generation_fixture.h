// A generation as a configuration's text has it, in force, after another one if there is; null, and a failed test, if
// it is not accepted.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "conf/config.h"
#include "proxy/generation.h"
#include "proxy/origin/fetch.h"

namespace levee {

inline std::shared_ptr<const Generation> generation_of(const std::string& text,
                                                       const std::shared_ptr<const Generation>& before = nullptr) {
  auto loaded = load_text(text, "/tmp", "test.conf");
  if (const auto* error = std::get_if<ConfigError>(&loaded)) {
    ADD_FAILURE() << error->to_string();
    return nullptr;
  }
  auto built = next_generation(std::make_shared<const Config>(std::move(std::get<Config>(loaded))), before);
  if (const auto* error = std::get_if<std::string>(&built)) {
    ADD_FAILURE() << *error;
    return nullptr;
  }
  commit(*std::get<std::shared_ptr<const Generation>>(built));
  return std::get<std::shared_ptr<const Generation>>(built);
}

// A GET of the first server's own location, at the upstream "origin".
inline Order order_for(const std::shared_ptr<const Generation>& generation, std::string target) {
  Order order;
  order.generation = generation;
  order.location = &generation->config->http.servers.at(0)->base;
  order.upstream = order.host = "origin";
  order.method = "GET";
  order.target = std::move(target);
  return order;
}

}  // namespace levee
