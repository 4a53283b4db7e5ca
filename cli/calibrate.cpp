#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "analysis/calibration/efficiency_text.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "sim/base/result_folder.hpp"
#include "sim/base/text_file.hpp"
#include "sim/config/library.hpp"

namespace agentsim::cli {
namespace {

struct Calibration {
  std::string gpu;
  std::vector<std::string> tables;
  std::string only;
  std::string out;
  std::string source;
  std::string device;
};

// "h100_sxm/gemm.csv.gz, h100_sxm/moe.csv.gz"
std::string names_of(const std::vector<std::string>& files) {
  std::string names;
  for (const std::string& file : files) {
    const std::filesystem::path path(file);
    names += (names.empty() ? "" : ", ") + (path.parent_path().filename() / path.filename()).string();
  }
  return names;
}

void calibrate(const Calibration& wanted) {
  const config::Value word = config::Value::parse(wanted.gpu, "the command line");
  platform::Accelerator gpu = platform::load_accelerator(word);
  const std::vector<std::string> files =
      wanted.tables.empty() ? calibration::shipped_tables(gpu.name) : wanted.tables;
  if (files.empty())
    throw ConfigError(fmt::format("{} has no measured tables in platforms/measured: name your own\n  {}",
                                  gpu.name, "their columns: docs/calibrate.md"));
  model::MeasuredTable table;
  for (const std::string& file : files) model::read_measured(file, table, wanted.device);
  const std::vector<calibration::Curve> curves = calibration::calibrate(gpu, table, wanted.only);
  const std::string source =
      wanted.source.empty()
          ? fmt::format("agentsim calibrate{}{} on {}", wanted.only.empty() ? "" : " --only " + wanted.only,
                        wanted.device.empty() ? "" : " --device " + wanted.device, names_of(files))
          : wanted.source;
  if (wanted.out.empty()) {
    fmt::print("{}\n", calibration::efficiency_yaml(gpu.efficiency));
  } else {
    Diagnostics diagnostics;
    const std::string file = config::Library::find(word, "gpu", "platforms/gpus", diagnostics);
    diagnostics.throw_if_any();
    write_file(wanted.out, calibration::with_efficiency(read_text(file), gpu.efficiency, curves, source));
  }
  fmt::print("{}", calibration::residual_table(curves));
}

}  // namespace

void add_calibrate(CLI::App& app, Arguments&) {
  CLI::App* sub = app.add_subcommand("calibrate", "Fits a GPU's efficiency curves on measured kernels");
  const auto wanted = std::make_shared<Calibration>();
  sub->add_option("GPU", wanted->gpu, "a name of `agentsim list gpus` or a YAML file")->required();
  sub->add_option("TABLE", wanted->tables,
                  "measured kernels, CSV or .csv.gz; none: platforms/measured/<GPU>");
  sub->add_option("--only", wanted->only,
                  "one op: gemm, moe, prefill_attention, decode_attention, elementwise");
  sub->add_option("--out", wanted->out, "write the GPU's file with the new curves here; none: print them");
  sub->add_option("--device", wanted->device,
                  "the rows of tables with a column gpu that have this word there");
  sub->add_option("--source", wanted->source, "what the file says of where the tables come from");
  sub->footer("Example:\n  agentsim calibrate l40s my_gemm.csv my_decode.csv --out my_l40s.yaml");
  sub->callback([wanted] { calibrate(*wanted); });
}

}  // namespace agentsim::cli
