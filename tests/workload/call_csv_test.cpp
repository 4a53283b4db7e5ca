#include <doctest/doctest.h>

#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

std::string table(const std::string& file, const std::string& more = "") {
  return "source: call_csv\ncall_csv: {file: " + file + more + "}\narrival: {kind: trace, time_scale: 0.5}\n";
}

TEST_CASE("a table of requests becomes sessions of one call with the recorded arrivals") {
  const Workload workload = make_workload(table("tests/workload/data/poisson1_conv_200.csv"));
  CHECK(workload.sessions() == 200);
  const SessionPlan plan = workload.plan(1);
  CHECK(plan.calls.at(0).prompt_tokens == 1147);
  CHECK(plan.calls.at(0).output_tokens == 525);
  CHECK(*plan.recorded_arrival_s == 0.490655);
  CHECK(workload.arrival_s(1) == doctest::Approx(0.2453275));
}

TEST_CASE("a table in the style of the Azure traces is read without naming its columns") {
  const Workload workload = make_workload(table("tests/workload/data/azure2023_code_50.csv"));
  CHECK(workload.sessions() == 50);
  CHECK(workload.plan(0).calls.at(0).prompt_tokens == 4808);
  CHECK(workload.plan(1).calls.at(0).output_tokens == 8);
}

TEST_CASE("a compressed table with other columns is read by their names") {
  const TestFolder folder;
  const std::string file = folder.write("t.csv.gz", gzipped("when,in,out\n1,10,0\n3,20,5\n"));
  const Workload workload = make_workload(table(file, ", arrival: when, prompt: in, output: out"));
  CHECK(workload.plan(1).calls.at(0).prompt_tokens == 20);
  CHECK(workload.notes() == std::vector<std::string>{"1 calls with 0 output tokens are simulated with 1"});
}

TEST_CASE("answers of a table are made longer or shorter by a factor, of one token at least") {
  const TestFolder folder;
  const std::string file = folder.write("t.csv", "t_s,in_tok,out_tok\n1,10,1\n3,20,10\n");
  const Workload workload = make_workload(table(file, ", output_scale: 0.25"));
  CHECK(workload.plan(0).calls.at(0).output_tokens == 1);  // 0.25 rounds to none
  CHECK(workload.plan(1).calls.at(0).output_tokens == 3);  // 2.5, away from zero
}

TEST_CASE("a table that is played again goes on one mean gap behind its end, with other prompts") {
  const TestFolder folder;
  const std::string file = folder.write("t.csv", "t_s,in_tok,out_tok\n1,10,1\n3,20,5\n");
  const Workload workload = make_workload("sessions: 4\n" + table(file));
  CHECK(*workload.plan(2).recorded_arrival_s == 5.0);
  CHECK(workload.plan(2).slices.at(0).stream != workload.plan(0).slices.at(0).stream);
}

TEST_CASE("wrong rows of a table are told all at once") {
  const TestFolder folder;
  const std::string file = folder.write("t.csv", "t_s,in_tok,out_tok\n1,10,1\n0.5,0,x\n2,3\n2,5,-1\n");
  CHECK(errors_of(table(file)) ==
        "t.csv:3:1: t_s is earlier than the row before\n    3 | 0.5,0,x\n      | ^~~\n"
        "t.csv:3:5: in_tok must be between 1 and 1073741824, not 0\n    3 | 0.5,0,x\n      |     ^\n"
        "t.csv:3:7: out_tok is not a whole number: 'x'\n    3 | 0.5,0,x\n      |       ^\n"
        "t.csv:4:1: 2 fields where the header names 3\n    4 | 2,3\n      | ^\n"
        "t.csv:5:5: out_tok is negative\n    5 | 2,5,-1\n      |     ^~");
}

TEST_CASE("a table whose columns are not known asks for them") {
  const TestFolder folder;
  CHECK(errors_of(table(folder.write("t.csv", "a,b\n1,2\n"))) ==
        "t.csv: say which column is the 'prompt'\n  valid: a, b");
  CHECK(errors_of(table(folder.write("t.csv", ""))) == "t.csv: is empty");
  CHECK(errors_of(table(folder.write("t.csv", "t_s,in_tok,out_tok\n"))) == "t.csv: has a header but no rows");
}

}  // namespace
}  // namespace agentsim::workload
