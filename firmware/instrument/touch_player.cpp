#include "firmware/instrument/touch_player.h"

#include <algorithm>

namespace lodestone {
namespace {

// A gap in the frames is not a jump in time for filters: no step is longer than this.
constexpr float kFirstStepS = 0.005f;

}  // namespace

TouchPlayer::TouchPlayer(FieldSource* source, OscOut* out)
    : source_(source),
      out_(out),
      leaving_(nullptr),
      playing_(nullptr),
      coming_(nullptr),
      turns_(0),
      turns_wanted_(0),
      frame_(),
      last_us_(0),
      rest_asked_(false),
      resting_(false),
      rest_left_(false),
      rest_refused_mt_(0.0f),
      measured_frames_(0),
      rested_(nullptr),
      rest_asked_us_(0),
      rest_at_us_(0),
      rest_frames_(0),
      seen_() {}

void TouchPlayer::Tick() {
  source_->Read(&frame_);
  const float dt_s =
      last_us_ == 0 ? kFirstStepS : static_cast<float>(frame_.time_us - last_us_) * 1e-6f;
  last_us_ = frame_.time_us;

  Scene* coming = coming_.load(std::memory_order_acquire);
  Scene* playing = playing_.load(std::memory_order_acquire);
  Scene* leaving = leaving_.load(std::memory_order_acquire);
  if (leaving == playing) leaving = nullptr;

  const bool measured = measured_frames_.load(std::memory_order_relaxed) > 0;
  if (measured) measured_frames_.fetch_sub(1, std::memory_order_relaxed);
  out_->SendFrame(frame_, measured);
  if (rest_asked_.exchange(false, std::memory_order_acq_rel)) {
    rest_asked_us_ = frame_.time_us;
    PressRest(playing);
  }
  FollowScene(playing);
  if (leaving != nullptr) Play(leaving, nullptr, dt_s);
  if (playing != nullptr) {
    Play(playing, leaving, dt_s);
    out_->SendTouch(playing->touch->touch(), playing->touch->latent(), playing->touch->latents());
  }
  out_->EndFrame();
  if (coming != nullptr && coming != playing) Play(coming, playing, dt_s);
  if (rest_frames_ > 0) --rest_frames_;
  KeepRest(playing);
  Watch(playing);
  turns_.fetch_add(1, std::memory_order_release);
}

void TouchPlayer::PressRest(const Scene* playing) {
  rested_ = playing;
  rest_frames_ = kRestFrames;
  rest_at_us_ = frame_.time_us;
}

// A rest is the board's, not a scene's. Once the time is over in which the board must stand empty,
// marbles may lie on it again, and a scene that comes then would take them for nothing.
void TouchPlayer::FollowScene(const Scene* playing) {
  if (rest_at_us_ == 0 || playing == nullptr || playing == rested_) return;
  if (playing->rest_knob >= 0 && frame_.time_us - rest_asked_us_ < kRestTakesUs) {
    PressRest(playing);
  } else {
    EndRest(0.0f, true);
  }
}

// Once a captured rest has settled, the touch's state is laid out for the control thread to keep;
// where it was refused there is nothing new to keep.
void TouchPlayer::KeepRest(Scene* playing) {
  if (playing == nullptr || rest_at_us_ == 0 || frame_.time_us - rest_at_us_ < kRestSettlesUs)
    return;
  const float refused_mt = playing->touch->rest_refused_mt();
  if (!(refused_mt > 0.0f)) {
    playing->touch->SaveState(playing->after_rest.data());
    playing->after_rest_ready.store(true, std::memory_order_release);
  }
  EndRest(refused_mt, false);
}

void TouchPlayer::EndRest(float refused_mt, bool left) {
  rest_at_us_ = 0;
  rest_frames_ = 0;
  rest_refused_mt_.store(refused_mt, std::memory_order_relaxed);
  rest_left_.store(left, std::memory_order_relaxed);
  if (!rest_asked_.load(std::memory_order_relaxed))
    resting_.store(false, std::memory_order_release);
}

void TouchPlayer::Watch(const Scene* playing) {
  ++seen_.frames;
  if (seen_.first_us == 0) seen_.first_us = frame_.time_us;
  seen_.last_us = frame_.time_us;
  std::copy(frame_.flags, frame_.flags + kSensors, seen_.flags);
  std::copy(frame_.temperature_c, frame_.temperature_c + kSensors, seen_.temperature_c);
  std::copy(frame_.valid, frame_.valid + kSensors, seen_.valid);
  for (int s = 0; s < kSensors; ++s) seen_.identity[s] = source_->Identity(s);
  seen_.strange = playing != nullptr ? playing->touch->strange() : 0;
  const float* room = playing != nullptr ? playing->touch->room() : nullptr;
  for (uint32_t r = 0; r < kRoomValues; ++r) seen_.room[r] = room != nullptr ? room[r] : 0.0f;
  health_.Write(seen_);
}

// Knobs stand where they are asked for: how they glide there is the graph's affair. The rest knob
// is a button. `leads` is the scene that a morph comes from, where it still plays.
void TouchPlayer::Play(Scene* scene, const Scene* leads, float dt_s) {
  Morph& morph = scene->morph;
  morph.Advance(dt_s);
  if (morph.is_set()) {
    scene->touch->Lead(leads != nullptr ? leads->touch->place() : nullptr, morph.share());
  }
  const uint32_t count = std::min(scene->touch->knobs(), kMaxKnobs);
  for (uint32_t k = 0; k < count; ++k) {
    const bool rest = static_cast<int32_t>(k) == scene->rest_knob;
    const float pressed = rest_frames_ > 0 ? 1.0f : 0.0f;
    const float target = scene->knob_targets[k].load(std::memory_order_relaxed);
    scene->touch->SetKnob(k, rest ? pressed : morph.Knob(k, target));
  }
  scene->touch->Run(frame_, dt_s);
  LatentFrame latents;
  latents.time_us = frame_.time_us;
  latents.count = std::min(scene->touch->latents(), kMaxLatents);
  std::copy(scene->touch->latent(), scene->touch->latent() + latents.count, latents.values);
  scene->latents.Write(latents);
}

}  // namespace lodestone
