// Stand-in for the part of Bela's API that render.cpp uses: same names, same meaning, simulated time.
#pragma once

#include <stdint.h>

#define BELA_FLAG_INTERLEAVED (1 << 0)

typedef struct _BelaContext {
  const float* audioIn;
  float* audioOut;
  uint32_t audioFrames;
  uint32_t audioInChannels;
  uint32_t audioOutChannels;
  float audioSampleRate;
  uint32_t digitalFrames;
  uint32_t digitalChannels;
  uint32_t* digital;
  uint64_t audioFramesElapsed;
  uint32_t flags;
} BelaContext;

typedef void* AuxiliaryTask;

enum { INPUT = 0, OUTPUT = 1 };

// As on the board a frame's word holds directions in its low half (1: input) and levels in its high half.
static inline void pinMode(BelaContext* context, int frame, int channel, int mode) {
  const uint32_t bit = 1u << channel;
  uint32_t* word = context->digital + frame;
  *word = mode == INPUT ? *word | bit : *word & ~bit;
}
static inline int digitalRead(BelaContext* context, int frame, int channel) {
  return static_cast<int>(context->digital[frame] >> (channel + 16) & 1u);
}
static inline void digitalWrite(BelaContext* context, int frame, int channel, int value) {
  const uint32_t bit = 1u << (channel + 16);
  for (uint32_t f = static_cast<uint32_t>(frame); f < context->digitalFrames; ++f) {
    context->digital[f] = value ? context->digital[f] | bit : context->digital[f] & ~bit;
  }
}

extern "C" {

bool setup(BelaContext* context, void* user_data);
void render(BelaContext* context, void* user_data);
void cleanup(BelaContext* context, void* user_data);

// Only inside setup().
AuxiliaryTask Bela_createAuxiliaryTask(void (*function)(void*), int priority, const char* name, void* argument);

// 0, or EBUSY when the task is still at work: such a wake-up is lost, as on the board.
int Bela_scheduleAuxiliaryTask(AuxiliaryTask task);

int Bela_stopRequested();

}  // extern "C"
