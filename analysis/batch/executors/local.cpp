#include <fmt/format.h>
#include <signal.h>

#include "analysis/batch/executor.hpp"
#include "analysis/batch/folder_lock.hpp"

namespace agentsim::batch {
namespace {

// All processors of this machine, one process a point.
class Local : public Executor {
 public:
  bool run(const Batch& batch, Standing& standing) const override {
    run_points(batch.points, batch.store, batch.how, standing);
    return true;
  }

  std::vector<std::string> at_work(const std::filesystem::path& out) const override {
    const std::optional<pid_t> holder = FolderLock::holder(out);
    if (!holder) return {};
    return {*holder > 0 ? fmt::format("process {} is at work", *holder)
                        : "a process on another machine is at work"};
  }

  bool cancel(const std::filesystem::path& out) const override {
    const std::optional<pid_t> holder = FolderLock::holder(out);
    return holder && *holder > 0 && ::kill(*holder, SIGTERM) == 0;
  }
};

const Executors::Entry entry{"local", "processes of this machine", [] { return std::make_unique<Local>(); }};

}  // namespace
}  // namespace agentsim::batch
