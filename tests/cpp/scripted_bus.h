// A bus that expects exact bytes in exact order, and a clock that moves only by hand.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "check.h"
#include "firmware/chips/clock.h"
#include "firmware/chips/i2c_bus.h"

namespace lodestone_test {

inline std::vector<uint8_t> Bytes(const std::string& hex) {
  std::vector<uint8_t> bytes;
  for (size_t at = 0; at + 1 < hex.size(); at += hex[at] == ' ' ? 1 : 2) {
    if (hex[at] != ' ')
      bytes.push_back(static_cast<uint8_t>(std::stoi(hex.substr(at, 2), nullptr, 16)));
  }
  return bytes;
}

class ManualClock : public lodestone::Clock {
 public:
  uint64_t NowUs() override { return now_us; }
  void SleepUntilUs(uint64_t time_us) override { now_us = time_us > now_us ? time_us : now_us; }
  uint64_t now_us = 0;
};

class ScriptedBus : public lodestone::I2cBus {
 public:
  // One transfer to come: what must be written, what is answered.
  void Expect(uint8_t address, const std::string& write, const std::string& answer,
              lodestone::I2cResult result = lodestone::I2cResult::kOk) {
    steps_.push_back({address, Bytes(write), Bytes(answer), result});
  }

  lodestone::I2cResult Transfer(uint8_t address, const uint8_t* write, size_t write_bytes,
                                uint8_t* read, size_t read_bytes) override {
    CHECK(next_ < steps_.size());
    if (next_ >= steps_.size()) return lodestone::I2cResult::kNak;
    const Step& step = steps_[next_++];
    CHECK(address == step.address);
    CHECK(std::vector<uint8_t>(write, write + write_bytes) == step.write);
    if (step.result != lodestone::I2cResult::kOk) return step.result;
    CHECK(read_bytes == step.answer.size());
    if (read_bytes == step.answer.size() && read_bytes > 0)
      std::memcpy(read, step.answer.data(), read_bytes);
    return step.result;
  }

  bool Recover() override {
    ++recoveries;
    return true;
  }

  bool Done() const { return next_ == steps_.size(); }

  int recoveries = 0;

 private:
  struct Step {
    uint8_t address;
    std::vector<uint8_t> write;
    std::vector<uint8_t> answer;
    lodestone::I2cResult result;
  };
  std::vector<Step> steps_;
  size_t next_ = 0;
};

}  // namespace lodestone_test
