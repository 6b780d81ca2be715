// What a page calls in the WebAssembly module. Pointers are offsets in its memory; a call may grow
// the memory, so the page asks for a view after each call, never before. Threads: the one that owns
// the module.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "firmware/browser/page_board.h"
#include "firmware/engine/engine.h"

using lodestone::PageBoard;

namespace {

std::unique_ptr<PageBoard> board;
char trouble[192];
std::string card;

}  // namespace

#define LODESTONE_EXPORT(name) extern "C" __attribute__((export_name(#name), visibility("default")))

// Room for what the page hands over, and its return.
LODESTONE_EXPORT(take) void* take(uint32_t bytes) { return std::malloc(bytes); }
LODESTONE_EXPORT(give) void give(void* room) { std::free(room); }

LODESTONE_EXPORT(make)
void make(uint32_t sample_rate_hz, uint32_t block_frames, uint32_t prefill_frames) {
  board.reset(new PageBoard(sample_rate_hz, block_frames, prefill_frames));
}
LODESTONE_EXPORT(set_chip) void set_chip(float noise_mt, float x_mt, float y_mt, float z_mt) {
  const float count_mt[lodestone::kAxes] = {x_mt, y_mt, z_mt};
  board->field().SetChip(noise_mt, count_mt);
}
// 1 when the scene is there; else trouble_text() tells why not. `spread` as Spread has it, of
// `spread_values` numbers.
LODESTONE_EXPORT(add_scene)
int32_t add_scene(const char* name, const void* touch, uint32_t touch_bytes, const void* voice,
                  uint32_t voice_bytes, const float* spread, uint32_t spread_values) {
  trouble[0] = '\0';
  const lodestone::Spread how = {spread, spread_values};
  return board->AddScene(name, {touch, touch_bytes}, {voice, voice_bytes}, how, trouble,
                         sizeof trouble)
             ? 1
             : 0;
}
// The card of a plan as JSON, its bytes in card_bytes(); null where it is no plan, and
// trouble_text() tells why. Needs no make().
LODESTONE_EXPORT(card_of) const char* card_of(const void* plan, uint32_t bytes) {
  trouble[0] = '\0';
  lodestone::Engine engine;
  if (!engine.Load(plan, bytes, trouble, sizeof trouble)) return nullptr;
  card = engine.card_json();
  return card.c_str();
}
LODESTONE_EXPORT(card_bytes) uint32_t card_bytes() { return static_cast<uint32_t>(card.size()); }
LODESTONE_EXPORT(trouble_text) const char* trouble_text() { return trouble; }
LODESTONE_EXPORT(trouble_bytes) uint32_t trouble_bytes() {
  return static_cast<uint32_t>(std::strlen(trouble));
}
LODESTONE_EXPORT(begin) void begin(int32_t first_scene) { board->Begin(first_scene); }

LODESTONE_EXPORT(field) float* field() { return board->field().field(); }
LODESTONE_EXPORT(temperature) float* temperature() { return board->field().temperature(); }
LODESTONE_EXPORT(weight) float* weight() { return board->field().weight(); }
LODESTONE_EXPORT(render) const float* render(uint32_t frames) { return board->Render(frames); }
LODESTONE_EXPORT(touch_at) void touch_at(double now_us) {
  board->TouchAt(static_cast<uint64_t>(now_us));
}

// A block of OSC packets as page_wire.h has it, to the instrument and from it.
LODESTONE_EXPORT(hear) int32_t hear(const uint8_t* block, uint32_t bytes) {
  return board->wire().Hear(block, bytes) ? 1 : 0;
}
LODESTONE_EXPORT(said) const uint8_t* said() { return board->wire().said().data(); }
LODESTONE_EXPORT(said_bytes) uint32_t said_bytes() {
  return static_cast<uint32_t>(board->wire().said().size());
}
LODESTONE_EXPORT(forget_said) void forget_said() { board->wire().ForgetSaid(); }

// For comparing sounds: see ConsumedLog, and the frame of the output at which the ring began to
// sound.
LODESTONE_EXPORT(keep_consumed) void keep_consumed(uint32_t numbers) {
  board->KeepConsumed(numbers);
}
LODESTONE_EXPORT(consumed) const double* consumed() { return board->consumed().data(); }
LODESTONE_EXPORT(consumed_numbers) uint32_t consumed_numbers() {
  return static_cast<uint32_t>(board->consumed().size());
}
LODESTONE_EXPORT(started_at) uint32_t started_at() {
  return board->instrument().mixer().started_at();
}

LODESTONE_EXPORT(underruns) uint32_t underruns() { return board->underruns(); }
LODESTONE_EXPORT(lost_packets) uint32_t lost_packets() { return board->wire().lost(); }
