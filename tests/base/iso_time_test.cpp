#include "sim/base/iso_time.hpp"

#include <doctest/doctest.h>

namespace agentsim {
namespace {

TEST_CASE("times of ISO 8601 are nanoseconds since 1970") {
  CHECK(parse_iso_time("1970-01-01T00:00:00Z") == 0);
  CHECK(parse_iso_time("1970-01-02 00:00:01.5") == 86'401'500'000'000);
  // date -u -d 2026-06-01T05:40:20Z +%s says 1780292420; 2024 is a leap year, 1709164800 is its 29 February.
  CHECK(parse_iso_time("2026-06-01T05:40:20.151Z") == 1'780'292'420'151'000'000);
  CHECK(parse_iso_time("2024-02-29T00:00:00Z") == 1'709'164'800'000'000'000);
  CHECK(parse_iso_time("2023-11-16 18:17:03.9799600") == 1'700'158'623'979'960'000);
}

TEST_CASE("a time's zone is taken off") {
  const auto utc = parse_iso_time("2026-06-01T05:40:20Z");
  CHECK(parse_iso_time("2026-06-01T07:40:20+02:00") == utc);
  CHECK(parse_iso_time("2026-06-01T00:10:20-0530") == utc);
  CHECK(parse_iso_time("2026-06-01T07:40:20+02") == utc);
}

TEST_CASE("what is no time is told apart") {
  for (const char* text : {"", "2026", "2026-06-01", "2026-13-01T00:00:00Z", "2026-06-01T25:00:00Z",
                           "2026-06-01T05:40:20.Z", "2026-06-01T05:40:20Zx", "20260601T054020Z", "yesterday"})
    CHECK_MESSAGE(!parse_iso_time(text), text);
}

}  // namespace
}  // namespace agentsim
