#include "analysis/cost/hourly_cost.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/cost/helpers.hpp"

namespace agentsim::cost {
namespace {

using doctest::Approx;

constexpr const char* kOwned =
    "{name: mine, basis: owned,"
    " node_capex: {hgx_h100: {gpu: {price: 200000 USD, source: s, verified: estimated},"
    "   host: {price: 80000 USD, source: s, verified: estimated},"
    "   network: {price: 20000 USD, source: s, verified: estimated}}},"
    " installation_share: {value: 0.1, source: s, verified: estimated},"
    " depreciation: {value: 30000 h, source: s, verified: estimated},"
    " residual_fraction: {value: 0.25, source: s, verified: estimated},"
    " cost_of_capital: {value: 0.0876, per: year, source: s, verified: estimated},"
    " power: {price: {value: 0.1 USD/kWh, source: s, verified: estimated},"
    "   pue: {value: 1.5, source: s, verified: estimated},"
    "   node_overhead: {hgx_h100: {value: 4.4 kW, source: s, verified: estimated}}},"
    " colocation: {value: 146 USD/kW-month, source: s, verified: estimated},"
    " opex_share: {value: 0.0876, per: year, source: s, verified: estimated}}";

TEST_CASE("a rented cluster costs its GPUs by the hour, busy or not") {
  // 8 x 2.95 and 16 x 1.69
  CHECK(usd_per_h(prices("rental_2026"), cluster("hgx_h100_x1"), 0.0) == Approx(23.6));
  CHECK(usd_per_h(prices("rental_2026"), cluster("rtx_pro_6000_pcie_x2"), 9e9) == Approx(27.04));
}

TEST_CASE("an owned cluster costs the sum of its parts") {
  // One node of 300000 USD, 30000 USD to install, a TDP of 8 x 700 W and 4.4 kW beside: 10 kW; it draws 6 kW.
  const HourlyCost cost = hourly_cost(prices(kOwned), cluster("hgx_h100_x1"), 6000.0);
  CHECK(cost.rent == 0.0);
  CHECK(cost.gpu == Approx(5.0));           // 200000 x 0.75 / 30000
  CHECK(cost.host == Approx(2.0));          // 80000 x 0.75 / 30000
  CHECK(cost.network == Approx(0.5));       // 20000 x 0.75 / 30000
  CHECK(cost.installation == Approx(1.0));  // 30000 / 30000
  CHECK(cost.capital == Approx(2.025));     // (330000 + 75000) / 2 x 0.0876 / 8760
  CHECK(cost.energy == Approx(0.9));        // 6 kW x 1.5 x 0.1
  CHECK(cost.colocation == Approx(2.0));    // 10 kW x 146 / 730
  CHECK(cost.operations == Approx(3.0));    // 300000 x 0.0876 / 8760
  CHECK(cost.total() == Approx(16.425));
}

TEST_CASE("two owned nodes cost twice as much as one that draws half the power") {
  const PriceList list = prices("owned_2026");
  CHECK(usd_per_h(list, cluster("hgx_h100_x2"), 16000.0) ==
        Approx(2.0 * usd_per_h(list, cluster("hgx_h100_x1"), 8000.0)));
}

TEST_CASE("the owner's list of 2026 gives an H100 node about two dollars a GPU-hour") {
  // 4.8516 + 2.6684 + 0.6186 + 0.4787 + 2.2979 + 0.8 + 2.7945 + 1.5320
  CHECK(usd_per_h(prices("owned_2026"), cluster("hgx_h100_x1"), 8000.0) == Approx(16.0417237));
}

TEST_CASE("the parts of a cost are written with their units, those that are nothing left out") {
  CHECK(to_json(hourly_cost(prices("rental_2026"), cluster("rtx_pro_6000_pcie_x1"), 0.0)).dump() ==
        R"({"total_usd_per_h":13.52,"rent_usd_per_h":13.52})");
}

TEST_CASE("a cluster without a price is refused with the prices there are") {
  CHECK(errors_of([] {
          hourly_cost(prices("{name: mine, basis: rental, gpu_hour:"
                             " {h100_smx: {price: 3 USD/h, source: s, verified: estimated}}}"),
                      cluster("hgx_h100_x1"), 0.0);
        }) ==
        "s.yaml:1:9: the price list 'mine' has no rent of the gpu 'h100_sxm', which the platform "
        "'hgx_h100_x1' needs\n"
        "    1 | prices: {name: mine, basis: rental, gpu_hour: {h100_smx: {price: 3 USD/h, source: s, "
        "verified: "
        "estimated}}}\n"
        "      |         ^ did you mean 'h100_smx'?\n"
        "  valid: h100_smx\n"
        "  note: add 'h100_sxm' to 'gpu_hour' of the price list");
}

}  // namespace
}  // namespace agentsim::cost
