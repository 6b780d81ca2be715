// Stereo samples from the voice thread to the audio thread: one writer, one reader, nobody waits.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lodestone {

constexpr uint32_t kRingChannels = 2;

class SampleRing {
 public:
  SampleRing() : mask_(0), written_(0), read_(0) {}

  // Takes the memory: room for at least `frames`. Not for real time.
  void Allocate(uint32_t frames) {
    uint32_t size = 1;
    while (size < frames) size *= 2;
    storage_.assign(static_cast<size_t>(size) * kRingChannels, 0.0f);
    mask_ = size - 1;
    written_ = 0;
    read_ = 0;
  }

  uint32_t capacity() const { return mask_ + 1; }
  uint32_t fill() const {
    return written_.load(std::memory_order_acquire) - read_.load(std::memory_order_acquire);
  }

  // Frames ever written; wraps after 27 hours at 44.1 kHz. Threads: writer.
  uint32_t written() const { return written_.load(std::memory_order_relaxed); }

  // Interleaved frames; returns how many found room. Threads: writer.
  uint32_t Write(const float* samples, uint32_t frames) {
    const uint32_t at = written_.load(std::memory_order_relaxed);
    const uint32_t room = capacity() - (at - read_.load(std::memory_order_acquire));
    if (frames > room) frames = room;
    for (uint32_t i = 0; i < frames; ++i) {
      float* slot = Slot(at + i);
      slot[0] = samples[i * kRingChannels];
      slot[1] = samples[i * kRingChannels + 1];
    }
    written_.store(at + frames, std::memory_order_release);
    return frames;
  }

  // Threads: reader. Returns how many frames there were.
  uint32_t Read(float* samples, uint32_t frames) {
    const uint32_t at = read_.load(std::memory_order_relaxed);
    const uint32_t there = written_.load(std::memory_order_acquire) - at;
    if (frames > there) frames = there;
    for (uint32_t i = 0; i < frames; ++i) {
      const float* slot = Slot(at + i);
      samples[i * kRingChannels] = slot[0];
      samples[i * kRingChannels + 1] = slot[1];
    }
    read_.store(at + frames, std::memory_order_release);
    return frames;
  }

 private:
  float* Slot(uint32_t index) {
    return &storage_[static_cast<size_t>(index & mask_) * kRingChannels];
  }

  std::vector<float> storage_;
  uint32_t mask_;
  std::atomic<uint32_t> written_, read_;
};

}  // namespace lodestone
