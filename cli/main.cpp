#include <fmt/format.h>
#include <sys/wait.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "sim/base/suggest.hpp"
#include "sim/run_folder.hpp"

namespace agentsim::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kBadInput = 2;
constexpr int kInterrupted = 130;

constexpr const char* kExamples = R"(
Examples:
  agentsim compare scenarios/pcie_vs_nvlink.yaml
  agentsim run scenarios/pcie_vs_nvlink.yaml --platform hgx_h100_x1 --set deployment.tp=4 --out results/tp4
  agentsim platform show rtx_pro_6000_pcie_x1
  agentsim step --model llama_3_3_70b --platform hgx_h100_x1 --tp 4 --precision fp8 --decode 64@4096
  agentsim list platforms

Exit status: 0 done, 1 the simulation failed, 2 bad input or usage, 130 interrupted.
)";

// CLI11 says little about a word it does not know; this finds the word that was meant.
std::string unknown_word(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> commands;
  for (const CLI::App* sub : app.get_subcommands({})) commands.push_back(sub->get_name());
  if (argc < 2)
    return fmt::format("a command is missing\n  valid: {}\n  see agentsim --help", sorted_list(commands));
  const CLI::App* at = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.size() > 2 && word.compare(0, 2, "--") == 0) {
      std::vector<std::string> names;
      for (const CLI::Option* option : at->get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
      const std::string plain = word.substr(0, word.find('='));
      if (std::find(names.begin(), names.end(), plain) != names.end()) continue;
      const std::string near = nearest(plain, names);
      return fmt::format("unknown option '{}'{}\n  valid: {}", plain,
                         near.empty() ? "" : fmt::format(", did you mean '{}'?", near), sorted_list(names));
    }
    std::vector<std::string> words;
    for (const CLI::App* sub : at->get_subcommands({}))
      if (!sub->get_group().empty()) words.push_back(sub->get_name());  // no group: not for people
    if (words.empty()) continue;
    const auto found = std::find(words.begin(), words.end(), word);
    const std::string near = found == words.end() ? nearest(word, words) : "";
    const bool takes_a_file = at->get_option_no_throw("SWEEP") != nullptr;
    if (found == words.end() && takes_a_file && near.empty()) continue;
    if (found == words.end()) {
      return fmt::format("unknown command '{}'{}\n  valid: {}", word,
                         near.empty() ? "" : fmt::format(", did you mean '{}'?", near), sorted_list(words));
    }
    at = at->get_subcommand(word);
  }
  return "";
}

int run(int argc, char** argv) {
  CLI::App app{"Simulates agentic LLM workloads on GPU clusters: latency, throughput and cost per session."};
  app.name("agentsim");
  app.footer(kExamples);
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  Arguments arguments;
  arguments.command = "agentsim";
  for (int i = 1; i < argc; ++i) arguments.command += std::string(" ") + argv[i];
  add_run(app, arguments);
  add_compare(app, arguments);
  add_calibrate(app, arguments);
  add_sweep(app, arguments);
  add_check(app, arguments);
  add_export(app, arguments);
  add_import(app, arguments);
  add_list(app, arguments);
  add_plan(app, arguments);
  add_platform(app, arguments);
  add_fidelity(app, arguments);
  add_step(app, arguments);
  add_kernel(app, arguments);
  add_fit(app, arguments);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    const std::string better = unknown_word(app, argc, argv);
    fmt::print(stderr, "agentsim: {}\n", better.empty() ? error.what() : better);
    return kBadInput;
  }
}

}  // namespace
}  // namespace agentsim::cli

int main(int argc, char** argv) {
  using namespace agentsim;
  try {
    return cli::run(argc, argv);
  } catch (const ConfigError& error) {
    cli::clear_progress();
    fmt::print(stderr, "{}\n", error.what());
    return cli::kBadInput;
  } catch (const Interrupted& error) {
    cli::clear_progress();
    fmt::print(stderr, "agentsim: {}\n", error.what());
    return cli::kInterrupted;
  } catch (const ContractViolation& error) {
    cli::clear_progress();
    fmt::print(stderr, "agentsim: a promise of the simulator is broken, please report it: {}\n",
               error.what());
    return cli::kFailed;
  } catch (const std::exception& error) {
    cli::clear_progress();
    fmt::print(stderr, "agentsim: {}\n", error.what());
    return cli::kFailed;
  }
}
