#include "firmware/instrument/command_reader.h"

#include <cstring>

namespace lodestone {
namespace {

constexpr uint32_t kMostFields = 16;

const CommandRow* RowOf(const char* address) {
  for (const CommandRow& row : kCommandRows) {
    const size_t length = std::strlen(row.address);
    const bool found =
        row.named ? std::strncmp(address, row.address, length) == 0 && address[length] != '\0'
                  : std::strcmp(address, row.address) == 0;
    if (found) return &row;
  }
  return nullptr;
}

// Whether `text` is one of "a|b|c".
bool Among(const char* text, const char* choices) {
  const size_t length = std::strlen(text);
  for (const char* at = choices; at != nullptr; at = std::strchr(at, '|')) {
    if (*at == '|') ++at;
    if (length > 0 && std::strncmp(at, text, length) == 0 &&
        (at[length] == '|' || at[length] == '\0'))
      return true;
  }
  return false;
}

bool TakeText(const OscMessage& message, uint32_t index, const FieldRow& field, Argument* to,
              Refusal* refusal) {
  if (!message.AsText(index, &to->text))
    return refusal->Say("wanted %s as a text, got a number or nothing", field.name);
  to->tag = 's';
  if (field.choices[0] == '\0' || Among(to->text, field.choices)) return true;
  return refusal->Say("wanted %s %.60s, got %.60s", field.name, field.choices, to->text);
}

bool TakeNumber(const OscMessage& message, uint32_t index, const FieldRow& field, Argument* to,
                Refusal* refusal) {
  const bool whole = field.kinds[0] == 'i';
  if (whole ? !message.AsInt(index, &to->whole) : !message.AsFloat(index, &to->number)) {
    return refusal->Say("wanted %s as a number, got %s", field.name,
                        index < message.count ? "none that is finite" : "nothing");
  }
  to->tag = field.kinds[0];
  const double value = whole ? static_cast<double>(to->whole) : static_cast<double>(to->number);
  if (value >= field.least && value <= field.most) return true;
  return refusal->Say("wanted %s %g to %g, got %g", field.name, field.least, field.most, value);
}

// A message may have more arguments than its row: senders may be newer than this.
bool Take(const OscMessage& message, uint32_t index, const FieldRow& field, Argument* to,
          Refusal* refusal) {
  *to = Argument();
  if (field.optional && index >= message.count) return true;
  const bool text = index < message.count &&
                    (message.values[index].tag == 's' || message.values[index].tag == 'S');
  if (field.kinds[0] == 's' || (field.kinds[1] == 's' && text))
    return TakeText(message, index, field, to, refusal);
  return TakeNumber(message, index, field, to, refusal);
}

}  // namespace

void CommandReader::Read(const uint8_t* packet, size_t bytes) {
  if (!ReadOscPacket(packet, bytes, this)) Refuse("(packet)", "wanted OSC 1.0, got something else");
}

void CommandReader::OnMessage(const OscMessage& message) {
  Refusal refusal;
  if (Dispatch(message, &refusal)) {
    ++obeyed_;
  } else {
    Refuse(message.address, refusal.text());
  }
}

void CommandReader::Refuse(const char* address, const char* reason) {
  ++refused_;
  if (refusals_ != nullptr) refusals_->OnRefused(address, reason);
}

bool CommandReader::Dispatch(const OscMessage& message, Refusal* refusal) {
  const CommandRow* row = RowOf(message.address);
  if (row == nullptr) return refusal->Say("no such command: see docs/osc.md or lodestone osc");
  Argument arguments[kMostFields];
  for (uint32_t i = 0; i < row->count && i < kMostFields; ++i) {
    if (!Take(message, i, row->fields[i], &arguments[i], refusal)) return false;
  }
  return row->obey(commands_, message.address + std::strlen(row->address), arguments, refusal);
}

}  // namespace lodestone
