#include "analysis/calibration/curves.hpp"

#include <cmath>
#include <limits>
#include <map>

#include "analysis/calibration/minimise.hpp"
#include "sim/base/contract.hpp"

namespace agentsim::calibration {
namespace {

using platform::Accelerator;
using Rows = std::vector<const Observation*>;

// A form with its discrete choices made: sets them and tells the constants that are left.
using Form = std::function<std::vector<Knob>(Accelerator&)>;

constexpr int kScreened = 250;  // evaluations of a form on a third of the rows, to choose one
constexpr int kFitted = 1500;   // evaluations of that form on all of them

std::vector<std::vector<platform::Tile>> tile_sets() {
  return {{{128, 128}},
          {{64, 128}, {128, 64}, {128, 128}},
          {{64, 64}, {64, 128}, {128, 64}, {128, 128}},
          {{64, 64}, {64, 128}, {128, 64}, {128, 128}, {128, 256}, {256, 128}}};
}

// `rules`: of a library that does not choose by time; they are no matter of a fit.
std::vector<Form> gemm_forms(const std::string& dtype, const std::vector<platform::TileRule>& rules) {
  std::vector<Form> forms;
  const bool is_ruled = !rules.empty();
  for (const auto& tiles : is_ruled ? std::vector<std::vector<platform::Tile>>{{{128, 128}}} : tile_sets())
    for (const int64_t split : is_ruled ? std::vector<int64_t>{1} : std::vector<int64_t>{1, 8, 16})
      forms.push_back([=](Accelerator& gpu) {
        platform::GemmEfficiency& e = gpu.efficiency.gemm[dtype];
        const auto bf16 = gpu.efficiency.gemm.find("bf16");
        const bool quantised = dtype != "bf16";
        const double launch_s = quantised && bf16 != gpu.efficiency.gemm.end() ? bf16->second.launch_s : 0.0;
        e = {};
        e.tiles = tiles;
        e.rules = rules;
        e.split_k = split;
        std::vector<Knob> knobs{{&e.compute, 0.8, 0.2, 1.0},     {&e.memory, 0.85, 0.4, 1.0},
                                {&e.ramp_s, 1e-6, 1e-8, 6e-6},   {&e.tile_half, 10.0, 0.01, 300.0},
                                {&e.wave_s, 5e-7, 1e-8, 3e-5},   {&e.quantisation, 0.8, 0.01, 1.0},
                                {&e.warm.memory, 1.5, 1.0, 8.0}, {&e.warm.l2, 0.16, 0.02, 0.5}};
        if (launch_s > 0.0)
          e.launch_s = launch_s;
        else
          knobs.push_back({&e.launch_s, 2.5e-6, 5e-7, 1e-5});
        if (split > 1) knobs.push_back({&e.reduce, 0.5, 0.05, 8.0});
        if (!quantised) return knobs;
        knobs.push_back({&e.quantise.launch_s, 3e-6, 1e-7, 2e-5});
        knobs.push_back({&e.quantise.memory, 0.3, 0.01, 1.0});
        knobs.push_back({&e.quantise.cached, 0.5, 0.01, 8.0});
        knobs.push_back({&e.quantise.l2, 0.5, 0.02, 4.0});
        return knobs;
      });
  return forms;
}

// `given`: which shapes have tuned tiles is no matter of a fit.
std::vector<Form> moe_forms(const std::string& dtype, const platform::MoEEfficiency& given) {
  std::vector<Form> forms;
  for (const double columns : {64.0, 128.0})
    forms.push_back([=](Accelerator& gpu) {
      platform::MoEEfficiency& e = gpu.efficiency.moe[dtype];
      e = {};
      e.columns = columns;
      e.tuned = given.tuned;
      e.all_tuned = given.all_tuned;
      std::vector<Knob> knobs{
          {&e.launch_s, 1e-5, 1e-6, 5e-5},    {&e.compute, 0.2, 0.02, 1.0},    {&e.memory, 0.75, 0.2, 1.0},
          {&e.compute_many, 0.3, 0.05, 1.0},  {&e.memory_many, 0.6, 0.1, 1.0}, {&e.around, 0.8, 0.05, 2.0},
          {&e.around_cached, 1.0, 0.05, 8.0}, {&e.warm.memory, 1.8, 1.0, 8.0}, {&e.warm.l2, 0.7, 0.02, 1.2}};
      if (given.tuned.empty() && !given.all_tuned) return knobs;
      knobs.push_back({&e.tuned_compute, 0.6, 0.05, 1.0});
      knobs.push_back({&e.tuned_memory, 0.8, 0.1, 1.0});
      return knobs;
    });
  return forms;
}

// `kept`: the curve of bf16, if there is one.
std::vector<Form> prefill_forms(const std::string& kv_dtype,
                                const platform::PrefillAttentionEfficiency* kept) {
  std::vector<Form> forms;
  const bool is_first = kv_dtype == "bf16" || kept == nullptr;
  for (const double tile : is_first ? std::vector<double>{64.0, 128.0} : std::vector<double>{kept->tile})
    for (const bool pack : is_first ? std::vector<bool>{false, true} : std::vector<bool>{kept->pack_heads})
      for (const bool copies : {false, true})
        forms.push_back([=](Accelerator& gpu) {
          platform::PrefillAttentionEfficiency& e = gpu.efficiency.prefill_attention[kv_dtype];
          e = {};
          e.tile = tile;
          e.pack_heads = pack;
          e.joins_decode = true;
          std::vector<Knob> knobs{{&e.launch_s, 6e-6, 1e-6, 2e-5},   {&e.compute, 0.6, 0.1, 1.0},
                                  {&e.memory, 0.8, 0.4, 1.0},        {&e.ramp_s, 1e-6, 1e-8, 1e-5},
                                  {&e.quantisation, 0.5, 0.02, 1.0}, {&e.tile_overhead, 150.0, 1.0, 2000.0}};
          if (!copies) return knobs;
          knobs.push_back({&e.cache_memory, 0.7, 0.05, 1.0});
          knobs.push_back({&e.cache_l2, 0.3, 0.02, 4.0});
          knobs.push_back({&e.cache_token_s, 3e-9, 1e-12, 5e-8});
          return knobs;
        });
  return forms;
}

std::vector<Form> decode_forms(const std::string& kv_dtype) {
  std::vector<Form> forms;
  for (const bool narrow : {false, true})
    forms.push_back([=](Accelerator& gpu) {
      platform::DecodeAttentionEfficiency& e = gpu.efficiency.decode_attention[kv_dtype];
      const double served = e.served_head_stream_bytes_per_s;  // of engines, so no kernel's table says it
      e = {};
      e.served_head_stream_bytes_per_s = served;
      std::vector<Knob> knobs{{&e.launch_s, 1e-5, 1e-6, 3e-5},
                              {&e.memory, 0.85, 0.3, 1.0},
                              {&e.per_sequence_s, 1e-8, 1e-11, 1e-6}};
      if (!narrow) return knobs;
      knobs.push_back({&e.head_stream_bytes_per_s, 5e11, 1e10, 4e12});
      knobs.push_back({&e.head_stream_batch, 16.0, 1.0, 512.0});
      return knobs;
    });
  return forms;
}

std::vector<Form> elementwise_forms() {
  return {[](Accelerator& gpu) {
    platform::ElementwiseEfficiency& e = gpu.efficiency.elementwise;
    e = {};
    return std::vector<Knob>{
        {&e.launch_s, 2e-6, 5e-7, 1e-5}, {&e.memory, 0.7, 0.3, 1.0}, {&e.cached, 1.0, 0.1, 8.0}};
  }};
}

template <class Curve>
Curve given(const std::map<std::string, Curve>& curves, const std::string& dtype) {
  const auto found = curves.find(dtype);
  return found == curves.end() ? Curve{} : found->second;
}

std::vector<Form> forms_of(const Accelerator& gpu, Op op, const std::string& dtype) {
  const auto& prefill = gpu.efficiency.prefill_attention;
  const auto bf16 = prefill.find("bf16");
  switch (op) {
    case Op::gemm:
      return gemm_forms(dtype, given(gpu.efficiency.gemm, dtype).rules);
    case Op::moe:
      return moe_forms(dtype, given(gpu.efficiency.moe, dtype));
    case Op::prefill_attention:
      return prefill_forms(dtype, bf16 == prefill.end() ? nullptr : &bf16->second);
    case Op::decode_attention:
      return decode_forms(dtype);
    case Op::elementwise:
      return elementwise_forms();
  }
  return {};
}

}  // namespace

double loss_of(const Accelerator& gpu, const Rows& rows) {
  std::map<size_t, std::pair<double, double>> files;  // sum and rows of each
  for (const Observation* row : rows) {
    const double e = std::log(row->predict(gpu) / row->measured_s) / 0.1;
    auto& [sum, count] = files[row->file];
    sum += 2.0 * (std::sqrt(1.0 + e * e) - 1.0);
    count += 1.0;
  }
  double loss = 0.0;
  for (const auto& [file, of_file] : files) loss += of_file.first / of_file.second;
  return loss / static_cast<double>(files.size());
}

void fit_curve(Accelerator& gpu, Op op, const std::string& dtype, const std::vector<Observation>& rows) {
  Rows all, some;
  for (const Observation& row : rows)
    if (row.op == op && row.dtype == dtype && row.is_fitted) all.push_back(&row);
  AGENTSIM_CONTRACT(!all.empty(), "there is a row to fit");
  for (size_t i = 0; i < all.size(); i += 3) some.push_back(all[i]);
  const std::vector<Form> forms = forms_of(gpu, op, dtype);
  size_t chosen = 0;
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < forms.size() && forms.size() > 1; ++i) {
    const std::vector<Knob> knobs = forms[i](gpu);
    const double loss = minimise(
        knobs, [&] { return loss_of(gpu, some); }, 2, kScreened);
    // A form with more constants has to earn them.
    if (loss > least * 0.98) continue;
    least = loss;
    chosen = i;
  }
  minimise(
      forms[chosen](gpu), [&] { return loss_of(gpu, all); }, 3, kFitted);
}

}  // namespace agentsim::calibration
