#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <istream>

#include "sim/base/csv.hpp"
#include "sim/base/text_file.hpp"
#include "sim/workload/input_file.hpp"
#include "sim/workload/plan_builder.hpp"
#include "sim/workload/plan_reader.hpp"
#include "sim/workload/session_source.hpp"

namespace agentsim::workload {
namespace {

constexpr size_t kPiece = 1 << 16;

// The lines of a text file, read by their place in it. A `.gz` is decompressed into a nameless temporary
// file.
class LineStore {
 public:
  explicit LineStore(const std::string& path) : path_(path) {
    const bool is_gz = path.size() > 3 && path.compare(path.size() - 3, 3, ".gz") == 0;
    read_stream(path, [&](std::istream& stream) {
      file_.reset(is_gz ? std::tmpfile() : std::fopen(path.c_str(), "rb"));
      if (!file_) throw ConfigError(path + ": cannot be read");
      if (!is_gz) return;
      std::vector<char> piece(kPiece);
      while (stream.read(piece.data(), kPiece), stream.gcount() > 0)
        if (std::fwrite(piece.data(), 1, static_cast<size_t>(stream.gcount()), file_.get()) !=
            static_cast<size_t>(stream.gcount()))
          throw ConfigError(path + ": no room to decompress it");
    });
  }

  // Calls `body` for each line with its place and number. The text is valid until the next reading.
  template <class Body>
  void each(Body body) {
    std::rewind(file_.get());
    int64_t place = 0;
    for (int number = 1; read_here(); ++number) {
      const int64_t next = place + static_cast<int64_t>(read_);
      body(line(), place, number);
      place = next;
    }
  }
  std::string_view at(int64_t place) {
    if (::fseeko(file_.get(), place, SEEK_SET) != 0 || !read_here())
      throw ConfigError(path_ + ": has changed since it was opened");
    return line();
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
    void operator()(char* text) const { std::free(text); }
  };
  bool read_here() {
    char* text = text_.release();
    const ssize_t read = ::getline(&text, &capacity_, file_.get());
    text_.reset(text);
    read_ = read > 0 ? static_cast<size_t>(read) : 0;
    return read > 0;
  }
  std::string_view line() const {
    std::string_view all(text_.get(), read_);
    while (!all.empty() && (all.back() == '\n' || all.back() == '\r')) all.remove_suffix(1);
    return all;
  }

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::unique_ptr<char, Close> text_;
  size_t capacity_ = 0;
  size_t read_ = 0;
};

// Sessions from a file of plans, read when they are asked for: only their places and arrivals are kept.
class PlanFile : public SessionSource {
 public:
  explicit PlanFile(const std::string& path) : path_(path), lines_(path) {
    LineMistakes mistakes(path);
    bool have_arrivals = true;
    lines_.each([&](std::string_view line, int64_t place, int number) {
      if (line.empty()) return;
      mistakes.set_line(number);
      const std::optional<nlohmann::json> json = parse_json_line(line, mistakes);
      const std::optional<SessionPlan> plan =
          json ? read_plan(JsonObject(*json, mistakes), numbers_) : std::nullopt;
      if (!plan) return;
      have_arrivals = have_arrivals && plan->recorded_arrival_s;
      index_.push_back({place, number, plan->recorded_arrival_s.value_or(0.0)});
    });
    mistakes.throw_if_any();
    if (index_.empty()) throw ConfigError({Diagnostic{Place{path, 0, 0, 1, ""}, "is empty", "", {}, ""}});
    have_arrivals_ = have_arrivals;
    names_ = numbers_.names();
    const auto earlier = [](const Entry& a, const Entry& b) { return a.arrival_s < b.arrival_s; };
    if (!have_arrivals || std::is_sorted(index_.begin(), index_.end(), earlier)) return;
    std::stable_sort(index_.begin(), index_.end(), earlier);
    notes_.push_back("the plans of the file are taken in the order of their arrival");
  }

  std::optional<size_t> sessions() const override { return index_.size(); }

  SessionPlan plan(size_t index) const override {
    const Entry& entry = index_[index % index_.size()];
    const size_t pass = index / index_.size();
    SessionPlan plan = read(entry);
    if (pass == 0) return plan;
    plan.name = fmt::format("{}+{}", plan.name, pass);
    const std::vector<uint64_t>& shared = shared_streams();
    const auto renew = [&](uint64_t& stream) {
      if (!std::binary_search(shared.begin(), shared.end(), stream))
        stream = stream_id("again", stream, pass);
    };
    for (Slice& slice : plan.slices) renew(slice.stream);
    for (Call& call : plan.calls) renew(call.output_stream);
    return plan;
  }

  // Behind its end the file begins anew, one mean gap later.
  std::optional<double> recorded_arrival_s(size_t index) const override {
    if (!have_arrivals_) return {};
    const double span_s = index_.back().arrival_s - index_.front().arrival_s;
    const double gap_s = index_.size() > 1 ? span_s / static_cast<double>(index_.size() - 1) : 0.0;
    return index_[index % index_.size()].arrival_s +
           static_cast<double>(index / index_.size()) * (span_s + gap_s);
  }

 private:
  struct Entry {
    int64_t place = 0;
    int line = 0;
    double arrival_s = 0.0;
  };

  SessionPlan read(const Entry& entry) const {
    LineMistakes mistakes(path_);
    mistakes.set_line(entry.line);
    const std::optional<nlohmann::json> json = parse_json_line(lines_.at(entry.place), mistakes);
    std::optional<SessionPlan> plan;
    if (json) plan = read_plan(JsonObject(*json, mistakes), numbers_);
    if (!plan) mistakes.fail("has changed since the file was opened");
    return std::move(*plan);
  }

  // Streams of more than one session: what users share. Looked for when the file is first replayed anew, as
  // other users; that keeps 8 bytes a stream of each session for a while.
  const std::vector<uint64_t>& shared_streams() const {
    if (knows_shared_) return shared_;
    std::vector<uint64_t> all, own;
    for (const Entry& entry : index_) {
      const SessionPlan plan = read(entry);
      own.clear();
      for (const Slice& slice : plan.slices) own.push_back(slice.stream);
      std::sort(own.begin(), own.end());
      all.insert(all.end(), own.begin(), std::unique(own.begin(), own.end()));
    }
    std::sort(all.begin(), all.end());
    for (size_t i = 1; i < all.size(); ++i)
      if (all[i] == all[i - 1] && (shared_.empty() || shared_.back() != all[i])) shared_.push_back(all[i]);
    knows_shared_ = true;
    return shared_;
  }

  std::string path_;
  mutable LineStore lines_;
  mutable NameNumbers numbers_;
  std::vector<Entry> index_;
  bool have_arrivals_ = false;
  mutable bool knows_shared_ = false;
  mutable std::vector<uint64_t> shared_;
};

class PlanFileOptions : public Described<PlanFileOptions, SourceOptions> {
 public:
  template <class V>
  void parameters(V& v) {
    v.value("file", file_, "plans, one a line, as 'agentsim import' and 'plan export' write them; .gz too",
            config::Need::required);
  }
  std::unique_ptr<SessionSource> open(uint64_t) const override {
    return std::make_unique<PlanFile>(file_.path);
  }

 private:
  InputFile file_;
};

const Sources::Entry entry("plan_jsonl", "plans from a file, imported or exported",
                           [] { return std::make_unique<PlanFileOptions>(); });

}  // namespace
}  // namespace agentsim::workload
