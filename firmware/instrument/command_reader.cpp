#include "firmware/instrument/command_reader.h"

#include <cstring>

namespace lodestone {

void CommandReader::Read(const uint8_t* packet, size_t bytes) {
  if (!ReadOscPacket(packet, bytes, this)) ++dropped_;
}

void CommandReader::OnMessage(const OscMessage& message) {
  if (Obey(message)) {
    ++obeyed_;
  } else {
    ++dropped_;
  }
}

bool CommandReader::Obey(const OscMessage& message) {
  const char* const address = message.address;
  const char* text = nullptr;
  int32_t number = 0;
  float value = 0.0f;
  Mode mode = Mode::kOnboard;
  if (std::strcmp(address, "/heartbeat") == 0) {
    commands_->OnHeartbeat();
    return true;
  }
  if (std::strcmp(address, "/rest") == 0) {
    commands_->OnRest();
    return true;
  }
  if (std::strcmp(address, "/mode") == 0) {
    if (!message.AsText(0, &text) || !ModeOf(text, &mode)) return false;
    commands_->OnMode(mode);
    return true;
  }
  if (std::strcmp(address, "/scene") == 0) {
    if (!message.AsInt(0, &number)) return false;
    commands_->OnScene(number);
    return true;
  }
  if (std::strcmp(address, "/mute") == 0) {
    if (!message.AsInt(0, &number)) return false;
    commands_->OnMute(number != 0);
    return true;
  }
  const bool hello = std::strcmp(address, "/hello") == 0;
  if (hello || std::strcmp(address, "/measure") == 0) {
    if (!message.AsInt(0, &number) || number < 1 || number > 65535) return false;
    const uint16_t port = static_cast<uint16_t>(number);
    hello ? commands_->OnHello(port) : commands_->OnMeasure(port);
    return true;
  }
  if (std::strncmp(address, "/knob/", 6) == 0) {
    return message.AsFloat(0, &value) && commands_->OnKnob(address + 6, value);
  }
  return false;
}

}  // namespace lodestone
