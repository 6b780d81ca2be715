// Stand-in for the part of Bela's API that render.cpp uses: same names, same meaning, simulated
// time.
#pragma once

#include <stdint.h>

#define BELA_FLAG_INTERLEAVED (1 << 0)
#define BELA_FLAG_OFFLINE (1 << 3)  // no audio hardware, as with --board Batch

typedef struct _BelaContext {
  const float* audioIn;
  float* audioOut;
  uint32_t audioFrames;
  uint32_t audioInChannels;
  uint32_t audioOutChannels;
  float audioSampleRate;
  uint32_t digitalFrames;
  uint32_t digitalChannels;
  uint32_t*
      digital;  // a frame's word: directions in the low half (1: input), levels in the high half
  uint64_t audioFramesElapsed;
  uint32_t flags;
} BelaContext;

typedef void* AuxiliaryTask;

extern "C" {

bool setup(BelaContext* context, void* user_data);
void render(BelaContext* context, void* user_data);
void cleanup(BelaContext* context, void* user_data);

// Only inside setup().
AuxiliaryTask Bela_createAuxiliaryTask(void (*function)(void*), int priority, const char* name,
                                       void* argument);

// 0, or EBUSY when the task is still at work: such a wake-up is lost, as on the board.
int Bela_scheduleAuxiliaryTask(AuxiliaryTask task);

int Bela_stopRequested();

}  // extern "C"
