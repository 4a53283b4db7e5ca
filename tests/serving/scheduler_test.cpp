#include "sim/serving/scheduler.hpp"

#include <doctest/doctest.h>

#include "tests/property/holds.hpp"

namespace agentsim::serving {
namespace {

Request any_request(uint64_t order) {
  Request request;
  request.order = order;
  request.record.session = *rc::gen::inRange<uint64_t>(0, 3);
  request.record.agent = *rc::gen::inRange<uint32_t>(0, 3);
  request.record.call = *rc::gen::inRange<uint32_t>(0, 3);
  request.record.prompt_tokens = *rc::gen::inRange<uint32_t>(1, 5);
  request.record.output_tokens = *rc::gen::inRange<uint32_t>(1, 5);
  request.record.queued_s = *rc::gen::inRange(0, 3);
  request.generated = *rc::gen::inRange<uint32_t>(0, 3);
  request.computed = *rc::gen::inRange<uint32_t>(0, 3);
  return request;
}

TEST_CASE("every scheduler orders calls strictly and does not look at their output lengths") {
  // Given any registered scheduler and any three calls, then its order is irreflexive, asymmetric and
  // transitive, also in who is equal to whom, and another output length changes nothing.
  for (const std::string& name : Schedulers::names()) {
    CAPTURE(name);
    const std::unique_ptr<Scheduler> scheduler = Schedulers::make(name);
    const bool good = holds("scheduler " + name, 500, 20000, [&] {
      const Request a = any_request(*rc::gen::inRange<uint64_t>(0, 3));
      const Request b = any_request(*rc::gen::inRange<uint64_t>(0, 3));
      const Request c = any_request(*rc::gen::inRange<uint64_t>(0, 3));
      const auto before = [&](const Request& x, const Request& y) { return scheduler->before(x, y); };
      const auto equal = [&](const Request& x, const Request& y) { return !before(x, y) && !before(y, x); };
      RC_ASSERT(!before(a, a));
      RC_ASSERT(!(before(a, b) && before(b, a)));
      RC_ASSERT(!(before(a, b) && before(b, c)) || before(a, c));
      RC_ASSERT(!(equal(a, b) && equal(b, c)) || equal(a, c));
      Request longer = a;
      longer.record.output_tokens += 1000;
      RC_ASSERT(before(longer, b) == before(a, b));
      RC_ASSERT(before(b, longer) == before(b, a));
    });
    CHECK(good);
  }
}

TEST_CASE("fcfs is the order of arrival") {
  // Given two calls, then the one that came first is before the other whatever its size.
  const std::unique_ptr<Scheduler> scheduler = Schedulers::make("fcfs");
  Request first, second;
  first.order = 4;
  first.record.prompt_tokens = 100000;
  second.order = 5;
  CHECK(scheduler->before(first, second));
  CHECK_FALSE(scheduler->before(second, first));
}

}  // namespace
}  // namespace agentsim::serving
