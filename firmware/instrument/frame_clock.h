// When the next sensor frame begins. Frames stand on a grid; one that is late begins at once, and
// those behind it come a little closer together until the grid is reached again, never in a bunch.
// A debt of more than a frame is let go: where frames take longer than the grid allows, they follow
// one another without a pause, at the rate that can be had.
#pragma once

#include <algorithm>
#include <cstdint>

namespace lodestone {

class FrameClock {
 public:
  FrameClock(uint32_t every_us, uint64_t first_us) : every_us_(every_us), grid_us_(first_us) {}

  // For the frame that began at `began_us` and is done `now_us`: when the next one begins, now or
  // later. Threads: touch.
  uint64_t Next(uint64_t began_us, uint64_t now_us) {
    grid_us_ += every_us_;
    if (now_us > grid_us_ + every_us_) grid_us_ = now_us - every_us_;
    return std::max(std::max(grid_us_, now_us), began_us + every_us_ - every_us_ / 4);
  }

 private:
  const uint32_t every_us_;
  uint64_t grid_us_;
};

// A second of frames, as the touch thread hands it on.
struct FrameReport {
  float rate_hz = 0.0f;    // reached
  uint32_t jitter_us = 0;  // largest deviation of the time between two frames from what was wanted
  uint32_t skew_us = 0;    // between the first and the last sensor of a frame
  uint32_t software_us = 0;  // of a frame besides its sensors, mean
  bool ahead = false;        // sensors are started ahead of their frame
};

// What a second of frames was like. Threads: one.
class FrameWatch {
 public:
  struct Second {
    float rate_hz;         // reached
    uint32_t jitter_us;    // largest deviation of the time between two frames from what was wanted
    uint32_t software_us;  // of a frame besides its sensors, mean
  };

  explicit FrameWatch(uint32_t every_us)
      : every_us_(every_us),
        since_us_(0),
        last_us_(0),
        frames_(0),
        jitter_us_(0),
        software_us_(0),
        seen_() {}

  // A frame began, and took so long besides its sensors. True when a second is full.
  bool Add(uint64_t began_us, uint32_t software_us) {
    if (last_us_ == 0) {
      since_us_ = last_us_ = began_us;
      return false;
    }
    const uint64_t passed_us = began_us - last_us_;
    const uint64_t off_us = passed_us > every_us_ ? passed_us - every_us_ : every_us_ - passed_us;
    jitter_us_ = std::max(jitter_us_, static_cast<uint32_t>(off_us));
    last_us_ = began_us;
    software_us_ += software_us;
    ++frames_;
    if (began_us - since_us_ < 1000000) return false;
    seen_.rate_hz = static_cast<float>(frames_) * 1e6f / static_cast<float>(began_us - since_us_);
    seen_.jitter_us = jitter_us_;
    seen_.software_us = software_us_ / frames_;
    since_us_ = began_us;
    frames_ = jitter_us_ = software_us_ = 0;
    return true;
  }
  const Second& second() const { return seen_; }

 private:
  const uint32_t every_us_;
  uint64_t since_us_, last_us_;
  uint32_t frames_, jitter_us_, software_us_;
  Second seen_;
};

}  // namespace lodestone
