// The plan file, word for word (docs/plan-format.md): header, descriptors, operations, constants, weights, card.
#pragma once

#include <cstdint>

namespace lodestone {
namespace plan {

constexpr char kMagic[8] = {'L', 'O', 'D', 'E', 'P', 'L', 'A', 'N'};
constexpr uint32_t kVersion = 1;

// Little-endian, 192 bytes. Offsets count bytes from the start of the file; sizes in floats say so.
struct Header {
  char magic[8];
  uint32_t version, header_bytes, file_bytes;
  uint32_t crc32;  // of every byte behind this word
  uint32_t kind, sample_rate_hz, hop, frames, latents, channels, delay_samples;
  uint32_t arena_floats, state_floats, io_floats, constant_floats, weight_bytes;
  uint32_t input_count, output_count, operation_count, card_bytes;
  uint32_t descriptors_at, operations_at, initial_state_at, constants_at, weights_at, card_at;
  char name[64];
  uint8_t reserved[16];
};
static_assert(sizeof(Header) == 192, "the header has no padding");

enum DescriptorFlag : uint32_t { kHasDefault = 1u << 0 };

// One input or output: `elements` floats at `io_offset` in the io space, row-major as the graph has them.
struct Descriptor {
  char name[64];
  uint32_t rank, dims[4], elements, role, io_offset;
  float default_value, minimum, maximum;
  uint32_t flags;
};
static_assert(sizeof(Descriptor) == 112, "a descriptor has no padding");

// Where an operand lives. Constants are read-only; state outlives a call; the arena holds everything else.
enum Space : uint32_t { kNowhere = 0, kArena = 1, kState = 2, kConstant = 3, kIo = 4 };
constexpr uint32_t kSpaces = 5;

// Four loops over floats: element (i, j, k, l) is at offset + i*stride[0] + … + l*stride[3].
struct View {
  uint32_t space, offset;
  int32_t stride[4];
};

enum class Kind : uint32_t {
  kMap = 1,       // out = function(a, b, c), element by element; stride 0 broadcasts
  kReduce = 2,    // out = function over the loops that `out` does not move in (stride 0)
  kContract = 3,  // out[b, m, n] = sum over the last loop of a * b
  kScan = 4,      // running sum or product along the last loop
  kGather = 5,    // out[i, l] = a[index b[i], l], index clamped to 0..limit-1
  kConv = 6
};

// Kinds 1 to 5.
struct Loops {
  uint32_t kind, function;
  uint32_t dims[4];
  View out, a, b, c;
  float parameter[2];
  uint32_t reserved[8];
};

enum class Map : uint32_t {
  kCopy = 0, kNeg, kAbs, kSign, kSqrt, kExp, kLog, kSin, kCos, kTanh, kSigmoid, kAsinh, kErf, kFloor, kCeil, kRound,
  kReciprocal, kNot, kTruncate, kIsNonzero, kLeakyRelu, kTan, kAtan, kSquare,
  kAdd = 64, kSub, kMul, kDiv, kPow, kMin, kMax, kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kEqual, kAnd, kOr, kMod,
  kFmod, kSnake,
  kPowPositive,  // of x >= 0, taken as 1e-38 at least
  kWhere = 128, kClip, kMulAdd,
  kGate,      // tanh(a sigmoid(b)) c: the amplitude modulation of a v2 decoder, with the filter bank's signs
  kNoisyGate  // tanh(a sigmoid(b) + c): the same with noise
};

enum class Reduction : uint32_t { kSum = 0, kMean, kMax, kMin, kProduct };
enum class Activation : uint32_t { kNone = 0, kLeakyRelu, kTanh, kSigmoid, kSnake };
// kInt8 and kInt16: a scale per output channel, arithmetic in floats. kInt8Int16 and kInt8Uint8: 8-bit weights times 16-bit
// or 8-bit activations, summed in 32 bits.
enum class WeightFormat : uint32_t { kFloat32 = 0, kInt8 = 1, kInt8Int16 = 2, kInt16 = 3, kInt8Uint8 = 4 };

struct Rows {
  uint32_t space, offset;
  int32_t row_stride;
};

constexpr uint32_t kNone = 0xffffffffu;
constexpr uint32_t kPanel = 8;  // weights lie as [ceil(out/8)][taps * in][8] per group

// A convolution over time-major rows: channels are adjacent, row t of the input starts at offset + t * row_stride.
//   y[t, o] = bias[o] + sum over k, i of x[t * stride + k * dilation, i] * w[o, k, i]  (+ residual[t, o])
// `raw` gets y, `active` gets activation(y); either may be absent. Groups lie side by side in the channels.
struct Conv {
  uint32_t kind, activation;
  uint32_t rows, taps, dilation, stride, in_channels, out_channels, groups;  // channels per group
  uint32_t weights_at;  // bytes from the start of the weights
  uint32_t bias_at;     // floats from the start of the constants, groups * out_channels of them; kNone for zero
  Rows input, residual, raw, active;
  float slope;           // of LeakyReLU
  uint32_t alpha_at;     // Snake: groups * out_channels alphas, then as many 1 / (alpha + 1e-9), in the constants
  uint32_t format;       // WeightFormat
  uint32_t scale_at;     // integer weights: the value of one step, per output channel, in the constants
  float input_scale;     // kInt8Int16, kInt8Uint8: the value of one step of the input
  int32_t input_limit;   // kInt8Int16: inputs are held within so many steps, so that no sum leaves 32 bits
  uint32_t input_zero;   // kInt8Uint8: the byte that means zero; inputs are held within -zero to 255 - zero steps
  uint32_t reserved[10];
};

constexpr uint32_t kOperationBytes = 160;
static_assert(sizeof(Loops) == kOperationBytes && sizeof(Conv) == kOperationBytes, "operations have one size");

}  // namespace plan
}  // namespace lodestone
