// The engine from Python: a dictionary of arrays in, a dictionary of arrays out.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <time.h>

#include <cstring>
#include <string>
#include <vector>

#include "firmware/engine/engine.h"
#include "firmware/engine/histories.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace lodestone {
namespace {

using Array = nb::ndarray<nb::numpy, float, nb::c_contig>;

[[noreturn]] void Raise(const std::string& wanted, const std::string& got,
                        const std::string& remedy) {
  nb::object type = nb::module_::import_("firmware.errors").attr("EngineError");
  nb::object error = type(wanted, got, remedy);
  PyErr_SetObject(type.ptr(), error.ptr());
  throw nb::python_error();
}

// The engine's own line ("wanted …, got …: …") as the exception of three parts.
[[noreturn]] void RaiseLine(const std::string& line) {
  const size_t got = line.find(", got "), remedy = line.rfind(": ");
  if (line.compare(0, 7, "wanted ") != 0 || got == std::string::npos ||
      remedy == std::string::npos || remedy < got)
    Raise("a plan that loads", line, "compile the model again");
  Raise(line.substr(7, got - 7), line.substr(got + 6, remedy - got - 6), line.substr(remedy + 2));
}

KernelSet KernelSetOf(const std::string& name) {
  const struct {
    const char* name;
    KernelSet set;
  } sets[] = {{"best", KernelSet::kBest},
              {"portable", KernelSet::kPortable},
              {"avx2", KernelSet::kAvx2},
              {"avx512", KernelSet::kAvx512},
              {"neon", KernelSet::kNeon}};
  for (const auto& known : sets)
    if (name == known.name) return known.set;
  Raise("kernels best, portable, avx2, avx512 or neon", "\"" + name + "\"", "choose one of these");
}

// Operations by their place in the plan: recall, convolution, advance; rows kept and new.
std::vector<std::vector<uint32_t>> KeptHistories(nb::bytes plan) {
  PlanParts parts;
  char error[256] = "";
  if (!CheckPlan(plan.c_str(), plan.size(), &parts, error, sizeof error)) RaiseLine(error);
  std::vector<std::vector<uint32_t>> found;
  for (const History& one : FindHistories(parts))
    found.push_back({one.recall, one.convolution, one.advance, one.rows, one.fresh});
  return found;
}

std::string ShapeText(const uint32_t* dims, size_t rank) {
  std::string text = "[";
  for (size_t i = 0; i < rank; ++i) text += (i ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

class PyEngine {
 public:
  PyEngine(nb::bytes plan, const std::string& kernels) : plan_(plan) { Load(kernels); }

  void Load(const std::string& kernels) {
    char error[256] = "";
    if (!engine_.Load(plan_.c_str(), plan_.size(), error, sizeof error, KernelSetOf(kernels)))
      RaiseLine(error);
  }

  nb::dict Run(nb::dict values) {
    std::vector<bool> given(engine_.input_count(), false);
    for (auto [key, value] : values) {
      const std::string name = nb::cast<std::string>(key);
      const int index = engine_.FindInput(name.c_str());
      if (index < 0) Raise("one of the inputs " + Names(), "\"" + name + "\"", "correct the name");
      Write(static_cast<size_t>(index), nb::borrow(value));
      given[static_cast<size_t>(index)] = true;
    }
    for (size_t i = 0; i < given.size(); ++i) {
      const TensorInfo& info = engine_.input(i);
      engine_.SupplyNoise(i, given[i]);
      if (given[i] || info.role != TensorRole::kValue) continue;
      if (!info.has_default)
        Raise(std::string("a value for the input \"") + info.name + "\"", "none", "give one");
      for (uint32_t e = 0; e < info.elements; ++e) engine_.input_data(i)[e] = info.default_value;
    }
    {
      nb::gil_scoped_release release;
      engine_.Run();
    }
    return Outputs();
  }

  // Seconds of this thread's processor time for each of `count` calls on the inputs as they stand.
  std::vector<double> TimeRuns(size_t count) {
    std::vector<double> seconds(count);
    nb::gil_scoped_release release;
    for (double& one : seconds) {
      const double before = ThreadSeconds();
      engine_.Run();
      one = ThreadSeconds() - before;
    }
    return seconds;
  }

  // One call in slices of `work_items`; says how many slices it took.
  size_t RunSliced(uint32_t work_items) {
    if (work_items == 0) Raise("slices of at least one work item", "0", "ask for more");
    size_t slices = 1;
    while (!engine_.Step(work_items)) ++slices;
    return slices;
  }

  nb::dict Outputs() const {
    nb::dict result;
    for (size_t i = 0; i < engine_.output_count(); ++i) {
      const TensorInfo& info = engine_.output(i);
      float* copy = new float[info.elements + 1];
      std::memcpy(copy, engine_.output_data(i), sizeof(float) * info.elements);
      nb::capsule owner(copy, [](void* p) noexcept { delete[] static_cast<float*>(p); });
      size_t shape[4];
      for (uint32_t d = 0; d < info.rank; ++d) shape[d] = info.dims[d];
      result[info.name] = nb::ndarray<nb::numpy, float>(copy, info.rank, shape, owner);
    }
    return result;
  }

  nb::dict Shapes(bool inputs) const {
    nb::dict result;
    for (size_t i = 0; i < (inputs ? engine_.input_count() : engine_.output_count()); ++i) {
      const TensorInfo& info = inputs ? engine_.input(i) : engine_.output(i);
      nb::list shape;
      for (uint32_t d = 0; d < info.rank; ++d) shape.append(info.dims[d]);
      result[info.name] = nb::tuple(shape);
    }
    return result;
  }

  nb::bytes SaveState() const {
    std::string bytes(engine_.state_bytes(), '\0');
    engine_.SaveState(&bytes[0]);
    return nb::bytes(bytes.data(), bytes.size());
  }
  void LoadState(nb::bytes state) {
    if (state.size() != engine_.state_bytes())
      Raise("a state of " + std::to_string(engine_.state_bytes()) + " bytes",
            std::to_string(state.size()), "use a state saved from the same plan");
    engine_.LoadState(state.c_str());
  }

  Engine& engine() { return engine_; }
  const Engine& engine() const { return engine_; }

 private:
  static double ThreadSeconds() {
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  }

  std::string Names() const {
    std::string names;
    for (size_t i = 0; i < engine_.input_count(); ++i)
      names += (i ? ", " : "") + std::string(engine_.input(i).name);
    return names;
  }

  void Write(size_t index, nb::object value) {
    const TensorInfo& info = engine_.input(index);
    nb::module_ numpy = nb::module_::import_("numpy");
    nb::object array =
        numpy.attr("asarray")(value, "dtype"_a = numpy.attr("float32"), "order"_a = "C");
    Array data = nb::cast<Array>(array);
    bool same = data.ndim() == info.rank;
    uint32_t got[8] = {};
    for (size_t d = 0; d < data.ndim() && d < 8; ++d) {
      got[d] = static_cast<uint32_t>(data.shape(d));
      same = same && got[d] == info.dims[d];
    }
    if (!same)
      Raise("\"" + std::string(info.name) + "\" of shape " + ShapeText(info.dims, info.rank),
            ShapeText(got, data.ndim() < 8 ? data.ndim() : 8), "reshape it");
    std::memcpy(engine_.input_data(index), data.data(), sizeof(float) * info.elements);
  }

  nb::bytes plan_;
  Engine engine_;
};

}  // namespace

void BindEngine(nb::module_& m) {
  m.def("kept_histories", KeptHistories, "plan"_a,
        "The histories that an engine keeps quantised from call to call: for each the places of "
        "the operations "
        "that recall it, hear it and advance it, and its rows, kept and new. Raises EngineError.");
  nb::class_<PyEngine>(m, "Engine",
                       "A loaded plan: runs one call of its graph, states kept inside.")
      .def(nb::init<nb::bytes, const std::string&>(), "plan"_a, "kernels"_a = "best",
           "Takes the bytes of a plan. kernels: best, portable, avx2, avx512 or neon. Raises "
           "EngineError.")
      .def_static(
          "load",
          [](nb::object path, const std::string& kernels) {
            nb::object file = nb::module_::import_("pathlib").attr("Path")(path);
            return new PyEngine(
                nb::cast<nb::bytes>(
                    nb::module_::import_("firmware.errors").attr("read_plan")(file)),
                kernels);
          },
          "path"_a, "kernels"_a = "best", nb::rv_policy::take_ownership,
          nb::sig("def load(path: str | os.PathLike[str], kernels: str = 'best') -> Engine"),
          "Loads a .plan file. Raises EngineError when it is not a plan.")
      .def("run", &PyEngine::Run, "inputs"_a,
           nb::sig("def run(self, inputs: collections.abc.Mapping[str, numpy.typing.ArrayLike]) -> "
                   "dict[str, "
                   "numpy.typing.NDArray[numpy.float32]]"),
           "One call of the graph: input name to array, output name to float32 array. Noise inputs "
           "left out are drawn by "
           "the engine, knobs left out take their default. Raises EngineError on a wrong name or "
           "shape.")
      .def(
          "reset", [](PyEngine& e) { e.engine().Reset(); },
          "States to their initial values, noise to its seed.")
      .def(
          "seed", [](PyEngine& e, uint64_t seed) { e.engine().Seed(seed); }, "seed"_a)
      .def("set_kernels", &PyEngine::Load, "kernels"_a,
           "Loads the plan again for other kernels; states start anew.")
      .def("save_state", &PyEngine::SaveState)
      .def("load_state", &PyEngine::LoadState, "state"_a)
      .def("run_sliced", &PyEngine::RunSliced, "work_items"_a,
           "One call on the inputs as they stand, in slices; returns the number of slices.")
      .def("outputs_now", &PyEngine::Outputs,
           nb::sig("def outputs_now(self) -> dict[str, numpy.typing.NDArray[numpy.float32]]"),
           "The outputs of the latest call.")
      .def("time_runs", &PyEngine::TimeRuns, "count"_a,
           "Seconds of processor time for each of `count` calls on the inputs as they stand.")
      .def_prop_ro(
          "inputs", [](const PyEngine& e) { return e.Shapes(true); },
          nb::sig("def inputs(self) -> dict[str, tuple[int, ...]]"), "Name to shape.")
      .def_prop_ro(
          "outputs", [](const PyEngine& e) { return e.Shapes(false); },
          nb::sig("def outputs(self) -> dict[str, tuple[int, ...]]"), "Name to shape.")
      .def_prop_ro("card", [](const PyEngine& e) { return std::string(e.engine().card_json()); })
      .def_prop_ro("kernels", [](const PyEngine& e) { return std::string(e.engine().kernels()); })
      .def_prop_ro("name", [](const PyEngine& e) { return std::string(e.engine().info().name); });
}

}  // namespace lodestone
