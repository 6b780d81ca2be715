// A simulated board over a Unix socket: its I2C bus, its network, its audio jacks and its pins, in
// simulated time.
//
// Every request is `u8 type, u64 now_us, u32 bytes, payload`, every answer `u8 status, u32
// duration_us, u32 bytes, payload`, little-endian; docs/simulator-protocol.md lists the types. The
// clock is advanced by the duration of a bus transfer.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "firmware/chips/clock.h"
#include "firmware/chips/i2c_bus.h"
#include "firmware/instrument/parts.h"

namespace lodestone {

class SimLink : public I2cBus, public Network {
 public:
  explicit SimLink(Clock& clock);
  ~SimLink() override;
  SimLink(const SimLink&) = delete;
  SimLink& operator=(const SimLink&) = delete;

  bool Open(const std::string& path, std::string* error);
  // Says bye and closes; afterwards the bus times out and the network is silent.
  void Close();

  I2cResult Transfer(uint8_t address, const uint8_t* write, size_t write_bytes, uint8_t* read,
                     size_t read_bytes) override;
  bool Recover() override;

  void Send(const uint8_t* packet, size_t bytes) override;
  size_t Receive(uint8_t* packet, size_t capacity) override;
  void AnswerTo(uint16_t port) override;

  // `out` begins to sound now; `in` is what comes in meanwhile, for the next block. Interleaved;
  // false when the other side has gone. Threads: the simulator's main loop.
  bool ExchangeAudio(const float* out, size_t out_samples, float* in, size_t in_samples);
  uint8_t DigitalIn();
  void DigitalOut(uint8_t levels);

 private:
  struct Answer {
    uint8_t status;
    uint32_t duration_us;
  };
  // Puts a request into the queue; the other side answers it whenever it is sent.
  void Queue(uint8_t type, const void* head, size_t head_bytes, const void* body,
             size_t body_bytes);
  // Sends what is queued and waits for the answer to the last of it; its payload is then in
  // payload_.
  bool Flush(Answer* answer);
  bool Ask(uint8_t type, const void* head, size_t head_bytes, const void* body, size_t body_bytes,
           Answer* answer) {
    Queue(type, head, head_bytes, body, body_bytes);
    return Flush(answer);
  }
  bool TakeAnswer(Answer* answer);
  bool WriteOut();
  bool ReceiveAll(void* to, size_t bytes);

  Clock& clock_;
  int socket_;
  std::mutex mutex_;  // simulation only: no audio thread of a board comes here
  std::vector<uint8_t> queue_, payload_;
  size_t unanswered_;
};

}  // namespace lodestone
