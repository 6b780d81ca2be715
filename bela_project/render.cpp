// Lodestone on a Bela: hands Bela's buffers and threads to the instrument. The only file that knows
// Bela.h.
#define BELA_DONT_INCLUDE_UTILITIES
#include <Bela.h>

#include <algorithm>

#include "firmware/engine/flush_denormals.h"
#include "firmware/platform/board_program.h"

namespace {

// Below audio (95), so that sound never waits; above Linux, so that a frame and a block come in
// time. Control and files are ordinary threads: the one reads packets and must not wait, the other
// reads and writes files and may.
constexpr int kTouchPriority = 85;
constexpr int kVoicePriority = 80;
constexpr int kControlPriority = 0;
constexpr int kFilesPriority = 0;

lodestone::BoardProgram* program = nullptr;
int32_t button_pin = -1, led_pin = -1;  // -1: none, or none on this board
AuxiliaryTask touch_task, control_task, files_task, voice_task;
// Of a voice of several stages, on a board with as many cores.
AuxiliaryTask helper_tasks[lodestone::kMostHelpers];
uint32_t helper_numbers[lodestone::kMostHelpers];
const char* const kHelperNames[] = {"lodestone-stage1", "lodestone-stage2"};
static_assert(sizeof kHelperNames / sizeof kHelperNames[0] == lodestone::kMostHelpers,
              "a name for each");

bool Stopped() { return Bela_stopRequested() != 0; }

void WakeVoice() {
  if (voice_task != nullptr && program->instrument().VoiceDue())
    Bela_scheduleAuxiliaryTask(voice_task);
}
void WakeHelpers() {
  for (uint32_t h = 0; h < program->helpers(); ++h) {
    if (helper_tasks[h] != nullptr && program->instrument().HelperDue(h))
      Bela_scheduleAuxiliaryTask(helper_tasks[h]);
  }
}

// A wake-up that comes before a task waits for it is lost, and a loop may end: each is asked for
// until it says that it runs.
void WakeLoops() {
  if (files_task != nullptr && program->Missing(lodestone::Loop::kFiles))
    Bela_scheduleAuxiliaryTask(files_task);
  if (!program->begun()) return;
  if (touch_task != nullptr && program->Missing(lodestone::Loop::kTouch))
    Bela_scheduleAuxiliaryTask(touch_task);
  if (control_task != nullptr && program->Missing(lodestone::Loop::kControl))
    Bela_scheduleAuxiliaryTask(control_task);
}

void TouchTask(void*) { program->TouchLoop(Stopped); }
void VoiceTask(void*) { program->VoiceWork(Stopped, WakeHelpers); }
void HelperTask(void* number) {
  program->HelperWork(*static_cast<const uint32_t*>(number), Stopped);
  WakeVoice();  // it may be waiting for this
}
void ControlTask(void*) { program->ControlLoop(Stopped); }
void FilesTask(void*) { program->FilesLoop(Stopped); }

// A pin of the settings that this board has.
bool Has(const BelaContext* context, int32_t pin) {
  return pin >= 0 && pin < static_cast<int32_t>(context->digitalChannels) &&
         context->digitalFrames > 0;
}

// Bela's own pinMode() and digitalWrite() lie in one header or another from image to image; the
// words that they write have not changed: directions in the low half (1: input), levels in the high
// half, a word a frame.
void SetBit(BelaContext* context, int32_t bit, bool value) {
  const uint32_t mask = 1u << bit;
  for (uint32_t f = 0; f < context->digitalFrames; ++f) {
    context->digital[f] = value ? context->digital[f] | mask : context->digital[f] & ~mask;
  }
}
constexpr int32_t kLevels = 16;  // where the high half begins

template <typename Sample>
lodestone::AudioView<Sample> ViewOf(const BelaContext* context, Sample* data, uint32_t channels) {
  const bool interleaved = (context->flags & BELA_FLAG_INTERLEAVED) != 0;
  return {data, channels, interleaved ? channels : 1u, interleaved ? 1u : context->audioFrames};
}

}  // namespace

bool setup(BelaContext* context, void* user_data) {
  // Bela's main hands in nothing, a simulator the world around the program.
  if (user_data == nullptr) user_data = new lodestone::World(lodestone::BoardWorld(false));
  program = new lodestone::BoardProgram("", static_cast<uint32_t>(context->audioSampleRate + 0.5f),
                                        context->audioFrames,
                                        *static_cast<const lodestone::World*>(user_data));
  const lodestone::BoardConf& conf = program->conf();
  if (Has(context, conf.button_pin)) button_pin = conf.button_pin;
  if (Has(context, conf.led_pin)) led_pin = conf.led_pin;
  if (button_pin >= 0) SetBit(context, button_pin, true);
  if (led_pin >= 0) SetBit(context, led_pin, false);
  // Levels are first seen in render(): with a button, what begins is decided there.
  if (button_pin < 0) program->Begin(false);
  touch_task = Bela_createAuxiliaryTask(TouchTask, kTouchPriority, "lodestone-touch", nullptr);
  control_task =
      Bela_createAuxiliaryTask(ControlTask, kControlPriority, "lodestone-control", nullptr);
  files_task = Bela_createAuxiliaryTask(FilesTask, kFilesPriority, "lodestone-files", nullptr);
  voice_task = Bela_createAuxiliaryTask(VoiceTask, kVoicePriority, "lodestone-voice", nullptr);
  for (uint32_t h = 0; h < program->helpers(); ++h) {
    helper_numbers[h] = h;
    helper_tasks[h] =
        Bela_createAuxiliaryTask(HelperTask, kVoicePriority, kHelperNames[h], &helper_numbers[h]);
  }
  WakeLoops();
  // Never refuse to play: under the boot service a refusal would be asked again for ever.
  return true;
}

namespace {

bool Pressed(const BelaContext* context) {
  return button_pin >= 0 && (context->digital[0] >> (button_pin + kLevels) & 1u) != 0;
}

// The first moments of a board with a button: silence, and the LED says that the button is seen.
void AwaitStart(BelaContext* context) {
  const bool pressed = Pressed(context);
  std::fill(context->audioOut, context->audioOut + context->audioFrames * context->audioOutChannels,
            0.0f);
  program->LookAtStart(pressed, context->audioFramesElapsed);
  if (led_pin >= 0) SetBit(context, led_pin + kLevels, pressed);
  WakeLoops();
}

}  // namespace

void render(BelaContext* context, void*) {
  const lodestone::FlushDenormals flush;
  if (!program->begun()) return AwaitStart(context);
  program->instrument().Render(ViewOf(context, context->audioIn, context->audioInChannels),
                               ViewOf(context, context->audioOut, context->audioOutChannels),
                               context->audioFrames);
  program->instrument().SetButton(Pressed(context));
  if (led_pin >= 0) SetBit(context, led_pin + kLevels, program->Led(context->audioFramesElapsed));
  program->OnBlock(context->audioFramesElapsed, program->instrument().VoiceDue());
  WakeLoops();
  WakeVoice();
  WakeHelpers();  // a task that is just about to end misses a call
}

void cleanup(BelaContext*, void*) {}
