#include "analysis/fidelity/served.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <thread>

#include "analysis/batch/process_pool.hpp"
#include "analysis/fidelity/report.hpp"
#include "sim/metrics/recorder.hpp"
#include "sim/simulation.hpp"

namespace agentsim::fidelity {
namespace {

// Memory that forked processes write and this one reads.
class SharedFigures {
 public:
  explicit SharedFigures(size_t count) : bytes_(std::max<size_t>(1, count) * sizeof(ServedFigures)) {
    void* memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    figures_ = static_cast<ServedFigures*>(memory);
  }
  ~SharedFigures() { ::munmap(figures_, bytes_); }
  SharedFigures(const SharedFigures&) = delete;
  SharedFigures& operator=(const SharedFigures&) = delete;

  ServedFigures& operator[](size_t index) const { return figures_[index]; }

 private:
  size_t bytes_;
  ServedFigures* figures_ = nullptr;
};

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

ServedFigures figures_of(const std::vector<serving::CallRecord>& calls) {
  ServedFigures figures;
  std::vector<double> ttft, tpot, e2e;
  double output = 0.0, begin = calls.front().arrival_s, end = 0.0;
  for (const serving::CallRecord& call : calls) {
    ttft.push_back(call.first_token_s - call.arrival_s);
    e2e.push_back(call.end_s - call.arrival_s);
    if (call.output_tokens > 1)
      tpot.push_back((call.last_token_s - call.first_token_s) / static_cast<double>(call.output_tokens - 1));
    output += static_cast<double>(call.output_tokens);
    begin = std::min(begin, call.arrival_s);
    end = std::max(end, call.end_s);
  }
  figures.mean_ttft_s = mean(ttft);
  figures.median_ttft_s = quantile(ttft, 0.5);
  figures.mean_e2e_s = mean(e2e);
  figures.output_tokens_per_s = output / (end - begin);
  if (tpot.empty()) return figures;
  figures.mean_tpot_s = mean(tpot);
  figures.median_tpot_s = quantile(tpot, 0.5);
  return figures;
}

ServedFigures serve_one(const ServedRun& run) {
  const Scenario scenario = read_scenario(config::Value::parse(run.scenario, run.name), run.name);
  metrics::Recorder recorder;
  simulate(scenario, scenario.platforms.front(), replication_seed(scenario.seed, 0), recorder);
  recorder.sort();
  return figures_of(recorder.calls());
}

}  // namespace

std::vector<ServedFigures> serve(const std::vector<ServedRun>& runs) {
  const SharedFigures shared(runs.size());
  std::vector<batch::Job> jobs;
  for (size_t i = 0; i < runs.size(); ++i)
    jobs.push_back({runs[i].name, [&runs, &shared, i] { shared[i] = serve_one(runs[i]); }});
  batch::run_jobs(jobs, std::max(1U, std::thread::hardware_concurrency()));
  std::vector<ServedFigures> figures;
  for (size_t i = 0; i < runs.size(); ++i) figures.push_back(shared[i]);
  return figures;
}

}  // namespace agentsim::fidelity
