#pragma once

#include "sim/config/dumper.hpp"
#include "sim/config/reader.hpp"

namespace agentsim::workload {

// The parameters of a policy that is chosen by name at run time: each visitor comes in through a virtual
// call.
class Options {
 public:
  virtual ~Options() = default;
  virtual void visit(config::Reader& v) = 0;
  virtual void visit(config::Dumper& v) = 0;
};

// Makes the visits of a policy T from its one declaration `template <class V> void parameters(V& v)`.
template <class T, class Base>
class Described : public Base {
 public:
  void visit(config::Reader& v) override { static_cast<T&>(*this).parameters(v); }
  void visit(config::Dumper& v) override { static_cast<T&>(*this).parameters(v); }
};

template <class V>
void describe(V& v, Options& options) {
  options.visit(v);
}

}  // namespace agentsim::workload
