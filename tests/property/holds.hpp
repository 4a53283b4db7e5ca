#pragma once

#include <rapidcheck.h>

#include <cstdlib>
#include <iostream>
#include <string>

namespace agentsim {

// The long form of the property tests is asked for by AGENTSIM_LONG=1.
inline bool is_long() {
  const char* word = std::getenv("AGENTSIM_LONG");
  return word != nullptr && *word != '\0' && std::string(word) != "0";
}

// Tries a property on that many random cases and prints the seed. The short form always takes the same cases,
// so that it fails on nobody by chance; the long form takes new ones, and RC_PARAMS="seed=..." repeats it.
template <class Property>
bool holds(const std::string& what, int rounds, int long_rounds, Property property) {
  rc::detail::Configuration configuration = rc::detail::configuration();
  rc::detail::TestParams params = configuration.testParams;
  const bool has_params = std::getenv("RC_PARAMS") != nullptr;
  if (!has_params && !is_long()) params.seed = 1;
  if (!has_params) params.maxSuccess = is_long() ? long_rounds : rounds;
  std::cerr << what << ": seed " << params.seed << ", " << params.maxSuccess << " cases\n";
  rc::detail::TestMetadata metadata;
  metadata.id = metadata.description = what;
  const rc::detail::TestResult result = rc::detail::checkTestable(property, metadata, params);
  rc::detail::printResultMessage(result, std::cerr);
  std::cerr << '\n';
  return result.template is<rc::detail::SuccessResult>();
}

}  // namespace agentsim
