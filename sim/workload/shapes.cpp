#include <boost/random/exponential_distribution.hpp>
#include <boost/random/gamma_distribution.hpp>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/poisson_distribution.hpp>
#include <boost/random/weibull_distribution.hpp>
#include <cmath>

#include "sim/workload/shape.hpp"

namespace agentsim::workload {
namespace {

using config::Bounds;
using config::kNotNegative;
using config::kPositive;
using config::Need;

class Uniform : public Described<Uniform, Shape> {
 public:
  explicit Uniform(Dimension dimension) : dimension_(dimension) {}
  template <class V>
  void parameters(V& v) {
    v.field("low", low_, dimension_, kNotNegative, "smallest value", Need::required);
    v.field("high", high_, dimension_, kNotNegative, "largest value", Need::required);
  }
  void settle(config::Reader& reader) override {
    if (low_ > high_) reader.mistake("low", "'low' is greater than 'high'");
  }
  double draw(RandomStream& random) const override { return low_ + (high_ - low_) * random.uniform(); }
  std::optional<double> mean() const override { return (low_ + high_) / 2.0; }

 private:
  Dimension dimension_;
  double low_ = 0.0;
  double high_ = 0.0;
};

class Exponential : public Described<Exponential, Shape> {
 public:
  explicit Exponential(Dimension dimension) : dimension_(dimension) {}
  template <class V>
  void parameters(V& v) {
    v.field("mean", mean_, dimension_, kPositive, "mean", Need::required);
  }
  double draw(RandomStream& random) const override {
    return boost::random::exponential_distribution<double>(1.0)(random.engine()) * mean_;
  }
  std::optional<double> mean() const override { return mean_; }

 private:
  Dimension dimension_;
  double mean_ = 1.0;
};

// exp(mu + sigma Z). A median and a 90th percentile say the same: mu = ln median, sigma =
// ln(p90/median)/1.2816.
class Lognormal : public Described<Lognormal, Shape> {
 public:
  explicit Lognormal(Dimension dimension) : dimension_(dimension) {}
  template <class V>
  void parameters(V& v) {
    v.field("median", median_, dimension_, kPositive, "half of the draws are below");
    v.field("p90", p90_, dimension_, kPositive, "nine tenths of the draws are below");
    v.field("mu", mu_, Dimension::number, Bounds{-50.0, 50.0},
            "mean of the logarithm (of seconds for a time)");
    v.field("sigma", sigma_, Dimension::number, Bounds{0.0, 20.0}, "standard deviation of the logarithm");
  }
  void settle(config::Reader& reader) override {
    const bool by_quantiles = reader.has("median") && reader.has("p90");
    const bool by_logarithm = reader.has("mu") && reader.has("sigma");
    const int keys = reader.has("median") + reader.has("p90") + reader.has("mu") + reader.has("sigma");
    if (keys != 2 || by_quantiles == by_logarithm) {
      reader.mistake("", "a lognormal wants either 'median' and 'p90' or 'mu' and 'sigma'");
    } else if (by_logarithm) {
      median_ = std::exp(mu_);
      p90_ = median_ * std::exp(kP90 * sigma_);
    } else if (p90_ < median_) {
      reader.mistake("p90", "'p90' is less than 'median'");
    } else {
      mu_ = std::log(median_);
      sigma_ = std::log(p90_ / median_) / kP90;
    }
  }
  double draw(RandomStream& random) const override {
    return std::exp(boost::random::normal_distribution<double>(mu_, sigma_)(random.engine()));
  }
  std::optional<double> mean() const override { return std::exp(mu_ + sigma_ * sigma_ / 2.0); }

 private:
  static constexpr double kP90 = 1.2815515655446004;  // of the standard normal
  Dimension dimension_;
  double median_ = 1.0;
  double p90_ = 1.0;
  double mu_ = 0.0;
  double sigma_ = 0.0;
};

class Gamma : public Described<Gamma, Shape> {
 public:
  explicit Gamma(Dimension dimension) : dimension_(dimension) {}
  template <class V>
  void parameters(V& v) {
    v.field("mean", mean_, dimension_, kPositive, "mean", Need::required);
    v.field("shape", shape_, Dimension::number, kPositive, "1 is exponential, less is burstier",
            Need::required);
  }
  double draw(RandomStream& random) const override {
    return boost::random::gamma_distribution<double>(shape_, mean_ / shape_)(random.engine());
  }
  std::optional<double> mean() const override { return mean_; }

 private:
  Dimension dimension_;
  double mean_ = 1.0;
  double shape_ = 1.0;
};

class Weibull : public Described<Weibull, Shape> {
 public:
  explicit Weibull(Dimension dimension) : dimension_(dimension) {}
  template <class V>
  void parameters(V& v) {
    v.field("scale", scale_, dimension_, kPositive, "63.2 % of the draws are below", Need::required);
    v.field("shape", shape_, Dimension::number, kPositive, "1 is exponential, less has a longer tail",
            Need::required);
  }
  double draw(RandomStream& random) const override {
    return boost::random::weibull_distribution<double>(shape_, scale_)(random.engine());
  }
  std::optional<double> mean() const override { return scale_ * std::tgamma(1.0 + 1.0 / shape_); }

 private:
  Dimension dimension_;
  double scale_ = 1.0;
  double shape_ = 1.0;
};

class Pareto : public Described<Pareto, Shape> {
 public:
  explicit Pareto(Dimension dimension) : dimension_(dimension) {}
  template <class V>
  void parameters(V& v) {
    v.field("low", low_, dimension_, kPositive, "smallest value", Need::required);
    v.field("shape", shape_, Dimension::number, kPositive, "tail exponent; the mean is infinite up to 1",
            Need::required);
  }
  double draw(RandomStream& random) const override {
    return low_ * std::pow(1.0 - random.uniform(), -1.0 / shape_);
  }
  std::optional<double> mean() const override {
    if (shape_ <= 1.0) return {};
    return low_ * shape_ / (shape_ - 1.0);
  }

 private:
  Dimension dimension_;
  double low_ = 1.0;
  double shape_ = 1.0;
};

// The number of trials up to the first success: 1, 2, 3, ...
class Geometric : public Described<Geometric, Shape> {
 public:
  explicit Geometric(Dimension dimension) : dimension_(dimension) {}
  template <class V>
  void parameters(V& v) {
    v.field("mean", mean_, dimension_, Bounds{1.0, 1e12}, "mean of 1, 2, 3, ...", Need::required);
  }
  double draw(RandomStream& random) const override {
    if (mean_ <= 1.0) return 1.0;
    return 1.0 + std::floor(std::log1p(-random.uniform()) / std::log1p(-1.0 / mean_));
  }
  std::optional<double> mean() const override { return mean_; }

 private:
  Dimension dimension_;
  double mean_ = 1.0;
};

class Poisson : public Described<Poisson, Shape> {
 public:
  explicit Poisson(Dimension dimension) : dimension_(dimension) {}
  template <class V>
  void parameters(V& v) {
    v.field("mean", mean_, dimension_, Bounds{1e-9, 1e9}, "mean of 0, 1, 2, ...", Need::required);
  }
  double draw(RandomStream& random) const override {
    return static_cast<double>(boost::random::poisson_distribution<int64_t, double>(mean_)(random.engine()));
  }
  std::optional<double> mean() const override { return mean_; }

 private:
  Dimension dimension_;
  double mean_ = 1.0;
};

const Shapes::Entry uniform_entry = shape_entry<Uniform>("uniform", "evenly between low and high");
const Shapes::Entry exponential_entry = shape_entry<Exponential>("exponential", "memoryless");
const Shapes::Entry lognormal_entry =
    shape_entry<Lognormal>("lognormal", "by median and p90, or mu and sigma");
const Shapes::Entry gamma_entry = shape_entry<Gamma>("gamma", "by mean and shape");
const Shapes::Entry weibull_entry = shape_entry<Weibull>("weibull", "by scale and shape");
const Shapes::Entry pareto_entry = shape_entry<Pareto>("pareto", "power-law tail above low");
const Shapes::Entry geometric_entry = shape_entry<Geometric>("geometric", "whole numbers from 1");
const Shapes::Entry poisson_entry = shape_entry<Poisson>("poisson", "whole numbers from 0");

}  // namespace
}  // namespace agentsim::workload
