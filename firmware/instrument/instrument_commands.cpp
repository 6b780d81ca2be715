// What the instrument does when it is told something: one handler for each row of
// definitions/osc.toml. Threads: control.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "firmware/instrument/instrument.h"

namespace lodestone {
namespace {

// Who calibrates asks once a second; so many frames after the last question the board stops telling
// all.
constexpr int32_t kMeasuredFrames = 600;
// Whoever sends a touch plan and is silent for so long has gone; another one may begin.
constexpr uint64_t kSenderGoneUs = 2000000;
static_assert(kMaxKnobs <= 32, "a bit of tell_knobs_ for each knob");

const char* UnitOf(const char* knob) {
  for (const KnobUnit& known : kKnobUnits) {
    if (std::strcmp(known.name, knob) == 0) return known.unit;
  }
  return "";
}

}  // namespace

void Instrument::OnRefused(const char* address, const char* reason) {
  std::snprintf(refusal_, sizeof refusal_, "%.60s: %s", address, reason);
  ++refused_;
  tell_ = true;
  if (errors_left_ == 0) return;  // a flood of them is no reason for another
  --errors_left_;
  char shown[64];
  std::snprintf(shown, sizeof shown, "%s", address);
  ErrorMessage error;
  error.address = shown;
  error.reason = reason;
  out_.Send(error);
}

bool Instrument::OnMode(const char* name, Refusal*) {
  Mode mode = Mode::kOnboard;
  if (ModeOf(name, &mode)) AskMode(mode);
  return true;
}

void Instrument::AskMode(Mode mode) {
  modes_.Ask(mode);
  tell_ = true;
}

bool Instrument::OnScene(const Argument& scene, const Argument& seconds, Refusal* refusal) {
  const int32_t count = scenes_.count();
  int32_t index = scene.whole;
  if (scene.tag == 's') {
    for (index = 0; index < count && std::strcmp(scenes_.name(index), scene.text) != 0; ++index) {}
    if (index == count)
      return refusal->Say("no scene %.60s: ask /scenes for their names", scene.text);
  }
  if (index < 0 || index >= count) {
    return refusal->Say("no scene %d: there are %d, counted from 0", static_cast<int>(index),
                        static_cast<int>(count));
  }
  scenes_.Ask(index, seconds.tag == 'f' ? seconds.number : -1.0f);
  tell_ = true;
  return true;
}

bool Instrument::OnScenes(Refusal*) {
  tell_scenes_ = true;
  return true;
}

void Instrument::TellScenes() {
  const Scene* playing = scenes_.told();
  ScenesMessage told;
  told.of = scenes_.count();
  for (told.number = 0; told.number < told.of; ++told.number) {
    told.name = scenes_.name(told.number);
    told.plays = playing != nullptr && playing->index == told.number ? 1 : 0;
    out_.Send(told);
  }
  tell_scenes_ = false;
}

bool Instrument::OnKnob(const char* name, float value, Refusal* refusal) {
  Scene* scene = scenes_.newest();
  if (scene == nullptr) return refusal->Say("no scene plays, so there is no knob");
  for (uint32_t k = 0; k < std::min(scene->touch->knobs(), kMaxKnobs); ++k) {
    const KnobInfo knob = scene->touch->knob(k);
    if (static_cast<int32_t>(k) == scene->rest_knob || std::strcmp(knob.name, name) != 0) continue;
    scene->knob_targets[k].store(std::min(std::max(value, knob.minimum), knob.maximum),
                                 std::memory_order_relaxed);
    tell_knobs_ |= 1u << k;
    return true;
  }
  return refusal->Say("no knob %.60s in this scene: ask /knobs for their names", name);
}

bool Instrument::OnKnobs(Refusal* refusal) {
  if (scenes_.newest() == nullptr) return refusal->Say("no scene plays, so there is no knob");
  tell_knobs_ = ~0u;
  return true;
}

// The button that takes a rest is a knob of the graph, but none of the player's.
void Instrument::TellKnobs() {
  const uint32_t wanted = tell_knobs_;
  tell_knobs_ = 0;
  const Scene* scene = scenes_.newest();
  if (scene == nullptr) return;
  const uint32_t count = std::min(scene->touch->knobs(), kMaxKnobs);
  KnobsMessage told;
  told.of = static_cast<int32_t>(count) - (scene->rest_knob >= 0 ? 1 : 0);
  for (uint32_t k = 0; k < count; ++k) {
    if (static_cast<int32_t>(k) == scene->rest_knob) continue;
    const KnobInfo knob = scene->touch->knob(k);
    told.name = knob.name;
    told.value = scene->knob_targets[k].load(std::memory_order_relaxed);
    told.least = knob.minimum;
    told.most = knob.maximum;
    told.initial = knob.default_value;
    told.unit = UnitOf(knob.name);
    if ((wanted >> k & 1u) != 0) out_.Send(told);
    ++told.number;
  }
}

bool Instrument::OnPlanBegin(int32_t scene, int32_t bytes, const char* crc, Refusal* refusal) {
  if (scene < 0 || scene >= scenes_.count())
    return refusal->Say("no scene %d", static_cast<int>(scene));
  const bool here = scene == plan_scene_ && std::strcmp(crc, plan_about_) == 0;
  if (here && (plan_comes_ || scenes_.replace_trouble()[0] == '\0'))
    return true;  // /plan_end tells how it ended
  const bool lives = inbox_.begun() && now_us_ - plan_heard_us_ < kSenderGoneUs;
  if (lives && !inbox_.Has(crc)) return refusal->Say("another plan is on its way: say it again");
  if (!inbox_.Begin(scene, bytes, crc)) {
    return refusal->Say(
        "a plan of %d bytes with the checksum %.16s: wanted 1 to %d bytes and eight digits",
        static_cast<int>(bytes), crc, static_cast<int>(PlanInbox::kMostBytes));
  }
  plan_heard_us_ = now_us_;
  return true;
}

bool Instrument::OnPlanPiece(int32_t offset, const char* hex, const char* crc, Refusal* refusal) {
  if (!inbox_.Has(crc)) {
    if (std::strcmp(crc, plan_about_) == 0) return true;  // a late double of what is here already
    return refusal->Say("a piece of a plan that was not begun: say /plan_begin again");
  }
  if (!inbox_.Put(offset, hex))
    return refusal->Say("no piece at %d of a plan that was begun", static_cast<int>(offset));
  plan_heard_us_ = now_us_;
  return true;
}

bool Instrument::OnPlanEnd(const char* crc, Refusal* refusal) {
  if (!inbox_.Has(crc)) {
    if (std::strcmp(crc, plan_about_) != 0)
      return refusal->Say("no plan with this checksum was begun: begin again");
    if (!plan_comes_) TellPlan(-1, true, scenes_.replace_trouble());  // the first answer was lost
    return true;
  }
  plan_heard_us_ = now_us_;
  if (inbox_.missing() >= 0) {
    TellPlan(inbox_.missing(), false, "");
    return true;
  }
  if (!scenes_.replaced()) return refusal->Say("the plan before is still on its way: say it again");
  const int32_t scene = inbox_.scene();
  std::vector<uint8_t> plan;
  if (!inbox_.Take(&plan)) return refusal->Say("the plan's checksum is another: send it again");
  std::snprintf(plan_about_, sizeof plan_about_, "%s", crc);
  return PlanComes(scene, &plan, 0);
}

bool Instrument::OnPlanTurn(int32_t scene, int32_t way, Refusal* refusal) {
  if (scene < 0 || scene >= scenes_.count())
    return refusal->Say("no scene %d", static_cast<int>(scene));
  if (!scenes_.replaced()) return refusal->Say("a plan is still on its way: say it again");
  std::vector<uint8_t> none;
  plan_about_[0] = '\0';
  return PlanComes(scene, &none, way);
}

bool Instrument::PlanComes(int32_t scene, std::vector<uint8_t>* plan, int32_t way) {
  plan_scene_ = scene;
  plan_comes_ = scenes_.Replace(scene, plan, way);
  return plan_comes_;
}

void Instrument::TellPlan(int32_t missing, bool done, const char* trouble) {
  const TouchInForce& in_force = scenes_.in_force();
  char crc[9];
  std::snprintf(crc, sizeof crc, "%08x", static_cast<unsigned>(done ? in_force.crc : 0));
  char about[9];
  std::snprintf(about, sizeof about, "%08x", static_cast<unsigned>(inbox_.crc()));
  PlanMessage told;
  told.scene = done ? plan_scene_ : inbox_.scene();
  told.crc = crc;
  told.missing = missing;
  told.done = done ? 1 : 0;
  told.trouble = trouble;
  told.about = done ? plan_about_ : about;
  told.before = done ? in_force.before : 0;
  told.after = done ? in_force.after : 0;
  told.calibration = done ? in_force.calibration : "";
  out_.Send(told);
}

bool Instrument::OnMute(int32_t mute, Refusal*) {
  muted_ = mute != 0;
  mixer_.SetMute(muted_);
  tell_ = true;
  return true;
}

bool Instrument::OnRest(Refusal* refusal) {
  const Scene* scene = scenes_.playing();
  if (scene == nullptr || scene->rest_knob < 0) {
    return refusal->Say(
        "no touch plays that can take a rest: choose a scene whose mapping has one");
  }
  touch_.AskRest();
  return true;
}

bool Instrument::OnHeartbeat(Refusal*) {
  modes_.Heartbeat(now_us_);
  hosts_.Heard(network_->Sender(), now_us_);
  return true;
}

bool Instrument::OnHello(int32_t port, Refusal*) {
  AddPeer(static_cast<uint16_t>(port));
  tell_ = tell_model_ = tell_troubles_ = true;
  return true;
}

bool Instrument::OnBye(int32_t port, Refusal*) {
  network_->Forget(static_cast<uint16_t>(port));
  return true;
}

bool Instrument::OnMeasure(int32_t port, Refusal*) {
  AddPeer(static_cast<uint16_t>(port));
  tell_sensors_ = true;
  touch_.Measure(kMeasuredFrames);
  return true;
}

// The guest that leaves is told with all others, for it still is one.
void Instrument::AddPeer(uint16_t port) {
  if (network_->IsFull(port)) {
    OnRefused("/hello",
              "one guest too many: the one whose /hello is oldest is no longer sent to; say /bye "
              "when you leave");
  }
  network_->AnswerTo(port);
}

}  // namespace lodestone
