"""Engine against ONNX Runtime, tract, TorchScript and the machine: one thread, interleaved, in one run.

Run through `lodestone bench engine`, which keeps the matrix libraries to one thread. Times are processor
time of the measuring thread, which other programs on the machine disturb less than the clock on the wall.
"""

from __future__ import annotations

import io
import json
import lzma
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

from bench.int8_forms import engine_forms, ort_forms
from errors import LodestoneError
from firmware import Engine
from graphs.card import load_onnx
from model_export.compiler import compile_plan
from model_export.compiler.cost import convolutions
from tests.support import tract_peer
from tests.support.synthetic import FORMS, decoder, low_hop, published
from tests.support.synthetic_topologies import LOW_HOP, PUBLISHED

TRACT_BINDING = "what calling tract takes"
BATCH = 8  # calls of one contender before the next has its turn: caches hold what they would hold alone


@dataclass(frozen=True)
class Timing:
    """Milliseconds for one call."""

    minimum: float
    median: float

    def less(self, other: Timing) -> Timing:
        """Without what another contender stands for."""
        return Timing(self.minimum - other.minimum, self.median - other.median)


@dataclass(frozen=True)
class Result:
    """One voice: work, times by contender, and what follows from them."""

    name: str
    macs_per_frame: int
    macs_per_second: int
    times: dict[str, Timing]
    against_ort: float  # fp32 against the best fp32 form
    best_against_int8: float | None  # the engine's fastest precision against ONNX Runtime's fastest int8
    against_torchscript: float | None  # fp32
    against_tract: float | None  # fp32, its best form
    snr_db: dict[str, float]  # of the contenders with 8 bits
    share_of_peak: float  # the graph's multiply-adds
    own_share_of_peak: float  # those that the engine does: its filter bank does an eighth of the graph's
    share_of_real_time: float


class BoundOrt:
    """ONNX Runtime at its fastest: one thread, no spinning, outputs bound as the next states."""

    def __init__(self, model: onnx.ModelProto) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        providers = ["CPUExecutionProvider"]
        self.session = ort.InferenceSession(model.SerializeToString(), options, providers=providers)
        values = [{}, {}]
        rng = np.random.default_rng(0)
        for half in values:
            for tensor in [*self.session.get_inputs(), *self.session.get_outputs()]:
                name = tensor.name.replace("next.", "state.")
                data = np.zeros(tensor.shape, np.float32)
                if tensor.name == "latent" or tensor.name.startswith("noise."):
                    data = rng.normal(size=tensor.shape).astype(np.float32)
                half.setdefault(name, ort.OrtValue.ortvalue_from_numpy(data))
        self.bindings = [self._bind(values[0], values[1]), self._bind(values[1], values[0])]
        self.turn = 0

    def _bind(self, source: dict[str, ort.OrtValue], target: dict[str, ort.OrtValue]) -> ort.IOBinding:
        binding = self.session.io_binding()
        for tensor in self.session.get_inputs():
            binding.bind_ortvalue_input(tensor.name, source[tensor.name])
        for tensor in self.session.get_outputs():
            binding.bind_ortvalue_output(tensor.name, target[tensor.name.replace("next.", "state.")])
        return binding

    def __call__(self) -> None:
        """One call of the graph, its states going round."""
        self.session.run_with_iobinding(self.bindings[self.turn])
        self.turn = 1 - self.turn


def measure(contenders: dict[str, Callable[[], None]], seconds: float) -> dict[str, Timing]:
    """Calls them in turn until the time is over; the first rounds warm up."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for call in contenders.values():
        for _ in range(8):
            call()
    end = time.monotonic() + seconds
    while time.monotonic() < end or min(map(len, times.values())) < 20:
        for name, call in contenders.items():
            for _ in range(BATCH):
                before = time.thread_time_ns()
                call()
                times[name].append((time.thread_time_ns() - before) / 1e6)
    return {name: Timing(min(t), float(np.median(t))) for name, t in times.items()}


def peak_gmacs(seconds: float) -> float:
    """Multiply-adds per second, in thousand millions, of the matrix library on one thread."""
    a = np.random.default_rng(0).normal(size=(512, 512)).astype(np.float32)
    timing = measure({"product": lambda: np.dot(a, a)}, seconds)["product"]  # type: ignore[dict-item]
    return 512**3 / timing.minimum / 1e6


def bandwidth_gbs(seconds: float) -> float:
    """Gigabytes per second that one thread reads from memory: a matrix of 128 MiB times a vector."""
    a, x = np.ones((4096, 8192), np.float32), np.ones(8192, np.float32)
    timing = measure({"product": lambda: np.dot(a, x)}, seconds)["product"]  # type: ignore[dict-item]
    return a.nbytes / timing.minimum / 1e6


def macs_of(model: onnx.ModelProto) -> int:
    """Multiply-adds of one call as the graph has them: convolutions and products with constants."""
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in inferred.graph.value_info}
    shapes |= {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in inferred.graph.output}
    weights = {i.name: list(i.dims) for i in model.graph.initializer}
    total = 0
    for node in model.graph.node:
        if node.op_type == "Conv" and node.input[1] in weights:
            total += int(np.prod(shapes[node.output[0]])) * int(np.prod(weights[node.input[1]][1:]))
    return total


def compare_voice(
    name: str,
    models: dict[str, onnx.ModelProto],
    torch_file: Path | None,
    peak: float,
    seconds: float,
    quantised: bool,
) -> Result:
    """One voice in every form: the first model is what the engine plays."""
    first = next(iter(models.values()))
    engine = Engine(compile_plan(first))
    contenders: dict[str, Callable[[], None]] = {"engine fp32": _engine(first)}
    contenders |= {f"ort {form}": BoundOrt(model) for form, model in models.items()}
    snr_db: dict[str, float] = {}
    if quantised:
        narrow, snr_db = _quantised(first)
        contenders |= narrow
    bindings: dict[str, str] = {}
    if tract_peer.installed():
        for form in models:
            if form != "rows":  # minutes to load, and ten times as slow
                contenders[f"tract {form}"] = tract_peer.BoundTract(models[form])
        bindings = {peer: TRACT_BINDING for peer in contenders if peer.startswith("tract ")}
        contenders[TRACT_BINDING] = tract_peer.BoundTract(tract_peer.handing_on(first))
    if torch_file is not None and (torch_call := _torch(torch_file, engine.inputs["latent"])) is not None:
        contenders["torchscript"] = torch_call
    times = measure(contenders, seconds)
    for peer, binding in bindings.items():
        times[peer] = times[peer].less(times[binding])
    times.pop(TRACT_BINDING, None)
    card = json.loads(engine.card or "{}")
    macs = macs_of(first)
    rate = card.get("sample_rate", 44100) / max(card.get("hop", 2048), 1)
    best = min(times[f"ort {form}"].minimum for form in models)
    mine = times["engine fp32"].minimum
    int8 = min((t.minimum for n, t in times.items() if n.startswith("ort int8")), default=None)
    fastest = min(t.minimum for n, t in times.items() if n.startswith("engine "))
    torch = times.get("torchscript")
    tract = min((t.minimum for n, t in times.items() if n.startswith("tract ")), default=None)
    return Result(
        name,
        macs,
        round(macs * rate),
        times,
        best / mine,
        None if int8 is None else int8 / fastest,
        None if torch is None else torch.minimum / mine,
        None if tract is None else tract / mine,
        snr_db,
        macs / mine / 1e6 / peak,
        sum(c.macs for c in convolutions(compile_plan(first))) / mine / 1e6 / peak,
        mine * rate / 1e3,
    )


def _quantised(model: onnx.ModelProto) -> tuple[dict[str, Callable[[], None]], dict[str, float]]:
    """Contenders with 8 bits, and their signal-to-noise ratios in dB."""
    contenders: dict[str, Callable[[], None]] = {}
    snr_db: dict[str, float] = {}
    for mode, (form, decibels) in engine_forms(model).items():
        contenders[f"engine {mode}"], snr_db[f"engine {mode}"] = _engine(form), decibels
    for name, (form, decibels) in ort_forms(model).items():
        contenders[f"ort {name}"], snr_db[f"ort {name}"] = BoundOrt(form), decibels
    return contenders, snr_db


def _engine(model: onnx.ModelProto) -> Callable[[], None]:
    engine = Engine(compile_plan(model))
    rng = np.random.default_rng(0)
    engine.run({n: rng.normal(size=s).astype(np.float32) for n, s in engine.inputs.items()})
    return lambda: engine.run_sliced(0x7FFFFFFF) and None  # one slice, and no clock of its own


def _torch(path: Path, shape: tuple[int, ...]) -> Callable[[], None] | None:
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    module = torch.jit.load(io.BytesIO(data)).eval()
    latent = torch.randn(*shape)

    def call() -> None:
        with torch.inference_mode():  # as nn~ does
            module.decode(latent)

    return call


def machine() -> dict[str, str]:
    """Processor and commit, for the table's head."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    return {"processor": model, "commit": commit.stdout.strip() or "unknown", "onnxruntime": ort.__version__}


def table(results: list[Result], peak: float, bandwidth: float, about: dict[str, str]) -> str:
    """For reading."""
    lines = [
        f"{about['processor']}, commit {about['commit']}, onnxruntime {about['onnxruntime']}, one thread",
        f"matrix product {2 * peak:.0f} GFLOP/s, memory {bandwidth:.1f} GB/s; ms per frame, minimum (median)",
    ]
    for r in results:
        lines.append(
            f"\n{r.name}: {r.macs_per_second / 1e9:.3f} GMAC/s, "
            f"{r.against_ort:.2f} x the best ONNX Runtime fp32 form, "
            f"{100 * r.share_of_peak:.0f} % of peak ({100 * r.own_share_of_peak:.0f} % without the filter "
            f"bank's savings), {100 * r.share_of_real_time:.2f} % of real time"
        )
        if r.best_against_int8 is not None:
            lines.append(f"  best precision against ONNX Runtime int8: {r.best_against_int8:.2f} x")
        if r.against_torchscript is not None:
            lines.append(f"  fp32 against TorchScript: {r.against_torchscript:.1f} x")
        if r.against_tract is not None:
            lines.append(f"  fp32 against tract: {r.against_tract:.1f} x")
        for name, t in r.times.items():
            near = f"  {r.snr_db[name]:.1f} dB" if name in r.snr_db else ""
            lines.append(f"  {name:18} {t.minimum:8.3f} ({t.median:.3f}){near}")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Capacities (numbers), designs of a low hop with theirs, published configurations or .onnx files;
    --json; --seconds N; --quantised; --torchscript FILE for the last voice.
    """
    if not tract_peer.installed():
        print(tract_peer.MISSING, file=sys.stderr)
    seconds = float(arguments[arguments.index("--seconds") + 1]) if "--seconds" in arguments else 4.0
    torch_file = (
        Path(arguments[arguments.index("--torchscript") + 1]) if "--torchscript" in arguments else None
    )
    values = {arguments[i + 1] for i, a in enumerate(arguments) if a in ("--seconds", "--torchscript")}
    voices = [a for a in arguments if not a.startswith("--") and a not in values]
    peak, bandwidth = peak_gmacs(1.0), bandwidth_gbs(1.0)
    quantised = "--quantised" in arguments
    results = []
    for voice in voices:
        forms = ("subpixel", *FORMS)  # the first is what the engine plays
        if voice.isdigit():
            models = {form: decoder(int(voice), form) for form in forms}
            results.append(compare_voice(f"v2 capacity {voice}", models, None, peak, seconds, quantised))
        elif (design := voice.rpartition("-"))[0] in LOW_HOP and design[2].isdigit():
            models = {form: low_hop(design[0], int(design[2]), form) for form in forms}
            results.append(compare_voice(voice, models, None, peak, seconds, quantised))
        elif voice in PUBLISHED:
            models = {form: published(voice, form) for form in forms}
            results.append(compare_voice(f"{voice}, full size", models, None, peak, seconds, quantised))
        else:
            models = {"as exported": load_onnx(voice)}
            results.append(compare_voice(Path(voice).stem, models, torch_file, peak, seconds, quantised))
    about = machine()
    if "--json" in arguments:
        figures = {"machine": about, "peak_gflops": 2 * peak, "bandwidth_gbs": bandwidth}
        print(json.dumps({**figures, "voices": [asdict(r) for r in results]}))
    else:
        print(table(results, peak, bandwidth, about))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LodestoneError as error:
        sys.exit(f"lodestone: {error}")
