#include "sim/network/kernel.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "sim/base/contract.hpp"
#include "tests/network/script.hpp"

namespace agentsim::network {
namespace {

TEST_CASE("events happen by date and those of one date in the order of posting") {
  Kernel kernel;
  Script script(kernel);
  std::string seen;
  script.at(2, [&] { seen += 'd'; });
  script.at(1, [&] { seen += 'a'; });
  script.at(1, [&] {
    seen += 'b';
    script.at(1, [&] { seen += 'c'; });
  });
  script.at(3, [&] { seen += 'e'; });
  kernel.run();
  CHECK(seen == "abcde");
  CHECK(kernel.now() == 3);
  CHECK(kernel.events() == 5);
}

TEST_CASE("a cancelled event does not happen and its id names nothing any more") {
  Kernel kernel;
  Script script(kernel);
  std::string seen;
  EventId id = script.at(1, [&] { seen += 'a'; });
  EventId stale = id;
  kernel.cancel(id);
  CHECK(id.slot == EventId::kNone);
  script.at(2, [&] { seen += 'b'; });  // takes the slot of the cancelled event
  kernel.cancel(stale);
  kernel.cancel(id);
  kernel.run();
  CHECK(seen == "b");
  CHECK(kernel.now() == 2);
}

TEST_CASE("cancelling an event that has fired leaves others alone") {
  Kernel kernel;
  Script script(kernel);
  int fired = 0;
  EventId first = script.at(1, [&] { ++fired; });
  script.at(2, [&] {
    script.at(3, [&] { ++fired; });
    kernel.cancel(first);
  });
  kernel.run();
  CHECK(fired == 2);
}

TEST_CASE("an event in the past or at no finite date breaks a contract") {
  Kernel kernel;
  Script script(kernel);
  script.at(1, [&] {
    CHECK_THROWS_AS(kernel.at(0.5, script, 0), ContractViolation);
    CHECK_THROWS_AS(kernel.after(-1e-9, script, 0), ContractViolation);
    CHECK_THROWS_AS(kernel.at(std::numeric_limits<double>::infinity(), script, 0), ContractViolation);
    CHECK_THROWS_AS(kernel.at(std::numeric_limits<double>::quiet_NaN(), script, 0), ContractViolation);
  });
  kernel.run();
  CHECK(kernel.now() == 1);
}

TEST_CASE("stop drops the events that are left") {
  Kernel kernel;
  Script script(kernel);
  int fired = 0;
  script.at(1, [&] {
    kernel.stop();
    script.at(1, [&] { ++fired; });
  });
  script.at(1, [&] { ++fired; });
  script.at(2, [&] { ++fired; });
  kernel.run();
  CHECK(fired == 0);
  CHECK(kernel.now() == 1);
  kernel.run();
  CHECK(fired == 0);
}

TEST_CASE("100 000 events of which most are cancelled keep their order") {
  Kernel kernel;
  Script script(kernel);
  double last_s = -1;
  int fired = 0;
  std::vector<EventId> ids;
  for (int i = 0; i < 100000; ++i) {
    const double time_s = (i * 7919) % 100003;
    ids.push_back(script.at(time_s, [&, time_s] {
      CHECK(kernel.now() == time_s);
      CHECK(time_s >= last_s);
      last_s = time_s;
      ++fired;
    }));
  }
  for (int i = 0; i < 100000; ++i) {
    if (i % 10 != 0) kernel.cancel(ids[i]);
  }
  kernel.run();
  CHECK(fired == 10000);
}

}  // namespace
}  // namespace agentsim::network
