#include "analysis/cost/price_list.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "sim/config/dumper.hpp"
#include "sim/config/library.hpp"
#include "tests/cost/helpers.hpp"

namespace agentsim::cost {
namespace {

using doctest::Approx;

TEST_CASE("every price list of the project can be read") {
  for (const std::string& name : config::Library::names("platforms/prices")) CHECK(prices(name).name == name);
}

TEST_CASE("a rental list keeps its prices with their sources") {
  const PriceList list = prices("rental_2026");
  CHECK(list.is_rental());
  const Quote<Rent>& h100 = list.gpu_hour.at("h100_sxm");
  CHECK(h100.value == Approx(2.95 / 3600.0));
  CHECK(h100.verified == "datasheet");
  CHECK(h100.source.substr(0, 16) == "SkyPilot catalog");
  CHECK(config::dump(list)["gpu_hour"]["h100_sxm"]["date"] == "2026");
}

TEST_CASE("an owner's list keeps the period of what is a share of a year") {
  const PriceList list = prices("owned_2026");
  CHECK_FALSE(list.is_rental());
  CHECK(list.owned.cost_of_capital.per == "year");
  CHECK(list.owned.depreciation.value == Approx(4.0 * 365.0 * 86400.0));
  CHECK(node_overhead_w(list, cluster("hgx_h100_x1")) == Approx(4600.0));
  CHECK(node_overhead_w(prices("rental_2026"), cluster("hgx_h100_x1")) == 0.0);
}

TEST_CASE("a misspelt price list is answered with the nearest and all of them") {
  CHECK(errors_of([] { prices("rental_2062"); }) ==
        "s.yaml:1:9: unknown price list 'rental_2062'\n"
        "    1 | prices: rental_2062\n"
        "      |         ^~~~~~~~~~~ did you mean 'rental_2026'?\n"
        "  valid: owned_2026, rental_2026");
}

TEST_CASE("a key of the other kind of list is an error") {
  CHECK(errors_of([] { prices("{name: x, basis: rental, gpu_hour: {}, colocation: 5}"); }) ==
        "s.yaml:1:48: the price list has no key 'colocation'\n"
        "    1 | prices: {name: x, basis: rental, gpu_hour: {}, colocation: 5}\n"
        "      |                                                ^~~~~~~~~~\n"
        "  valid: basis, gpu_hour, name, spot_gpu_hour, title");
}

TEST_CASE("a price without a source is an error") {
  CHECK(errors_of([] {
          prices("{name: x, basis: rental, gpu_hour: {h100_sxm: {price: 2 USD/h, verified: estimated}}}");
        }) ==
        "s.yaml:1:55: 'h100_sxm' lacks the key 'source'\n"
        "    1 | prices: {name: x, basis: rental, gpu_hour: {h100_sxm: {price: 2 USD/h, verified: "
        "estimated}}}\n"
        "      |                                                       ^");
}

TEST_CASE("an owner's list without a node is told what it lacks") {
  PriceList list = prices("owned_2026");
  list.owned.node_capex.erase("hgx_h100");
  list.owned.power.node_overhead.erase("hgx_h100");
  Diagnostics diagnostics;
  check_priced(list, cluster("hgx_h100_x1"), "nvlink", diagnostics);
  CHECK(errors_of([&] { diagnostics.throw_if_any(); }) ==
        "s.yaml:1:9: the price list 'owned_2026' has no purchase price of the node 'hgx_h100', which the "
        "platform "
        "'nvlink' needs\n"
        "    1 | prices: owned_2026\n"
        "      |         ^~~~~~~~~~\n"
        "  valid: rtx_pro_6000_pcie_8gpu\n"
        "  note: add 'hgx_h100' to 'node_capex' of the price list\n"
        "s.yaml:1:9: the price list 'owned_2026' has no power of the node 'hgx_h100', which the platform "
        "'nvlink' needs\n"
        "    1 | prices: owned_2026\n"
        "      |         ^~~~~~~~~~\n"
        "  valid: rtx_pro_6000_pcie_8gpu\n"
        "  note: add 'hgx_h100' to 'power.node_overhead' of the price list");
}

}  // namespace
}  // namespace agentsim::cost
