// `osc_fuzz PACKETS SEED`: random and mutated packets through the reader and the command reader.
// Built with sanitizers by test_fuzz.py; each packet lies in memory of exactly its size, so that
// every byte read beyond it is seen.
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "firmware/instrument/command_reader.h"
#include "firmware/osc/osc_writer.h"

using namespace lodestone;

namespace {

using Random = std::mt19937;
using Packet = std::vector<uint8_t>;

uint32_t Pick(Random* random, uint32_t below) { return (*random)() % below; }

// Every command is well taken.
class Obedient : public Commands {
 public:
#define LODESTONE_OBEY(Handler, parameters) \
  bool Handler parameters override { return refusal != nullptr; }
  LODESTONE_COMMANDS(LODESTONE_OBEY)
#undef LODESTONE_OBEY
};

// Remembers whatever was read, so that the compiler cannot leave the reading out.
class Sink : public Obedient, public RefusalSink, public OscListener {
 public:
  bool OnKnob(const char* name, float value, Refusal* refusal) override {
    return (name[0] == 'r' && value >= 0.0f) || refusal->Say("no knob %s", name);
  }
  bool OnScene(const Argument& scene, const Argument&, Refusal*) override {
    return Taste(scene.tag == 's' ? scene.text : "");
  }
  bool OnMode(const char* mode, Refusal*) override { return Taste(mode); }
  void OnRefused(const char* address, const char* reason) override {
    Taste(address), Taste(reason);
  }
  bool Taste(const char* text) {
    for (; *text != '\0'; ++text) sum += static_cast<uint8_t>(*text);
    return true;
  }
  void OnMessage(const OscMessage& message) override {
    for (uint32_t i = 0; i < message.count; ++i) {
      const OscValue& value = message.values[i];
      for (uint32_t b = 0; b < value.bytes; ++b) sum += value.bytes_at[b];
      float number;
      int32_t whole;
      const char* text;
      if (message.AsFloat(i, &number) && number > 0.0f) ++sum;
      if (message.AsInt(i, &whole)) sum += static_cast<uint32_t>(whole);
      if (message.AsText(i, &text)) sum += static_cast<uint8_t>(text[0]);
    }
    ++messages;
  }
  uint32_t sum = 0, messages = 0;
};

const char* const kAddresses[] = {"/mode",  "/scene",   "/mute",       "/rest", "/heartbeat",
                                  "/hello", "/measure", "/knob/reach", "/x"};

void WriteMessage(Random* random, OscWriter* writer) {
  std::string tags;
  for (uint32_t n = Pick(random, 6); n > 0; --n) tags += "ifsbhdtTFNI"[Pick(random, 11)];
  writer->BeginMessage(kAddresses[Pick(random, 9)], tags.c_str());
  const uint8_t blob[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (char tag : tags) {
    if (tag == 'i') writer->Int(static_cast<int32_t>((*random)()));
    if (tag == 'f') writer->Float(static_cast<float>((*random)()) * 1e-3f);
    if (tag == 's') writer->String(Pick(random, 2) ? "host" : "onboard");
    if (tag == 'b') writer->Blob(blob, Pick(random, 10));
    if (tag == 'h') writer->Int64(static_cast<int64_t>((*random)()));
    if (tag == 'd') writer->Double(1e300);
    if (tag == 't') writer->TimeTag((*random)());
  }
  writer->EndMessage();
}

void WriteTree(Random* random, int depth, OscWriter* writer) {
  if (depth == 0 || Pick(random, 2)) return WriteMessage(random, writer);
  writer->BeginBundle((*random)());
  for (uint32_t n = Pick(random, 4); n > 0; --n) WriteTree(random, depth - 1, writer);
  writer->EndBundle();
}

Packet WellFormed(Random* random) {
  uint8_t buffer[1472];
  OscWriter writer(buffer, sizeof buffer);
  WriteTree(random, 3, &writer);
  return Packet(buffer, buffer + writer.size());
}

void Mutate(Random* random, Packet* packet) {
  for (uint32_t n = 1 + Pick(random, 4); n > 0 && !packet->empty(); --n) {
    const size_t at = Pick(random, static_cast<uint32_t>(packet->size()));
    switch (Pick(random, 5)) {
      case 0: (*packet)[at] = static_cast<uint8_t>((*random)()); break;
      case 1: (*packet)[at] ^= static_cast<uint8_t>(1u << Pick(random, 8)); break;
      case 2: packet->resize(at); break;
      case 3:
        packet->insert(packet->begin() + static_cast<long>(at), 4,
                       static_cast<uint8_t>((*random)()));
        break;
      default: (*packet)[at] = 0xFF; break;
    }
  }
}

}  // namespace

int main(int, char** argv) {
  Random random(static_cast<uint32_t>(std::atoi(argv[2])));
  Sink sink;
  CommandReader commands(&sink, &sink);
  uint32_t good = 0;
  const uint32_t packets = static_cast<uint32_t>(std::atoi(argv[1]));
  for (uint32_t i = 0; i < packets; ++i) {
    Packet packet;
    if (i % 8 == 0) {
      packet.resize(Pick(&random, 256));
      for (uint8_t& byte : packet) byte = static_cast<uint8_t>(random());
    } else {
      packet = WellFormed(&random);
      if (i % 8 != 1) Mutate(&random, &packet);
    }
    Packet exact(packet.begin(), packet.end());
    exact.shrink_to_fit();
    if (ReadOscPacket(exact.data(), exact.size(), &sink)) ++good;
    commands.Read(exact.data(), exact.size());
  }
  std::printf("%u %u %u %u\n", packets, good, commands.obeyed(), commands.refused());
  return sink.sum == 0 ? 1 : 0;
}
