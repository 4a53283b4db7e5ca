#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/base/csv.hpp"
#include "sim/workload/distribution.hpp"
#include "sim/workload/input_file.hpp"
#include "sim/workload/shape.hpp"

namespace agentsim::workload {
namespace {

using config::Need;

// One of the values of a column of a CSV file, each equally likely. Times stand in seconds.
class Empirical : public Described<Empirical, Shape> {
 public:
  explicit Empirical(Dimension) {}
  template <class V>
  void parameters(V& v) {
    v.value("file", file_, "CSV file, .gz too", Need::required);
    v.field("column", column_, "name of the column", Need::required);
  }
  void settle(config::Reader& reader) override {
    try {
      CsvFile csv(file_.path);
      const size_t column = csv.column(column_);
      csv.each_row([&](CsvRow& row) { values_.push_back(row.number(column)); });
      double sum = 0.0;
      for (const double value : values_) sum += value;
      mean_ = sum / static_cast<double>(values_.size());
    } catch (const ConfigError& error) {
      for (const Diagnostic& d : error.diagnostics()) reader.diagnostics().add(d);
    }
  }
  double draw(RandomStream& random) const override {
    const auto index = static_cast<size_t>(random.uniform() * static_cast<double>(values_.size()));
    return values_[std::min(index, values_.size() - 1)];
  }
  std::optional<double> mean() const override { return mean_; }

 private:
  InputFile file_;
  std::string column_;
  std::vector<double> values_;
  double mean_ = 0.0;
};

struct Part {
  double weight = 1.0;
  Distribution of;
};

template <class V>
void describe(V& v, Part& part) {
  v.field("weight", part.weight, Dimension::number, config::kPositive, "relative to the other parts",
          Need::required);
  v.value("of", part.of, "a distribution", Need::required);
}

// A list of {weight, of}: one part is chosen by its weight, then drawn from.
class Mixture : public Described<Mixture, Shape> {
 public:
  explicit Mixture(Dimension dimension) : dimension_(dimension) {}
  template <class V>
  void parameters(V& v) {
    v.sections("parts", parts_, "weighted distributions", Need::required);
  }
  bool read(const config::Value& value, const std::string& kind, Diagnostics& diagnostics) override {
    const size_t before = diagnostics.size();
    if (!value.is_list() || value.items().empty())
      diagnostics.add(value.mistake("'" + kind + "' wants a list of {weight, of}, not " +
                                    (value.is_list() ? "an empty list" : value.kind_name())));
    for (const config::Value& item : value.items()) {
      parts_.push_back(Part{1.0, Distribution(0.0, dimension_)});
      config::read_map(item, "a part of the mixture", parts_.back(), diagnostics);
      total_ += parts_.back().weight;
    }
    return diagnostics.size() == before;
  }
  config::Dumper::Json dump() override {
    config::Dumper dumper;
    visit(dumper);
    return dumper.json().at("parts");
  }
  double draw(RandomStream& random) const override {
    double left = random.uniform() * total_;
    for (const Part& part : parts_) {
      if (left < part.weight) return part.of.draw(random);
      left -= part.weight;
    }
    return parts_.back().of.draw(random);
  }
  std::optional<double> mean() const override {
    double sum = 0.0;
    for (const Part& part : parts_) {
      const std::optional<double> mean = part.of.mean();
      if (!mean) return {};
      sum += part.weight * *mean;
    }
    return sum / total_;
  }

 private:
  Dimension dimension_;
  std::vector<Part> parts_;
  double total_ = 0.0;
};

const Shapes::Entry empirical_entry =
    shape_entry<Empirical>("empirical", "the values of a column of a CSV file");
const Shapes::Entry mixture_entry = shape_entry<Mixture>("mixture", "a weighted choice of distributions");

}  // namespace
}  // namespace agentsim::workload
