"""The header that names the driver of each chip, for the sensor array: made from chips.toml as well."""

from __future__ import annotations

from definitions.chips import chips


def header() -> str:
    """The text of firmware/generated/chip_drivers.h."""
    rows = list(chips().values())
    passed = [f"{row.name}(bus, clock, address, settings.{row.name})" for row in rows]
    checks = [
        f"    case SensorChip::k{row.driver}: return Check{row.driver}(settings.{row.name});" for row in rows
    ]
    choices = [f"      case SensorChip::k{row.driver}: return {row.name};" for row in rows]
    return "\n".join(
        [
            "// The drivers of all chips. Made by `python -m definitions` from definitions/chips.toml.",
            "#pragma once",
            "",
            *(f'#include "firmware/chips/{row.name}.h"' for row in rows),
            '#include "firmware/generated/chips.h"',
            "",
            "namespace lodestone {",
            "",
            "// Null where the settings of `chip` can be used, else why not.",
            "inline const char* CheckChip(SensorChip chip, const ChipSettings& settings) {",
            "  switch (chip) {",
            *checks,
            "  }",
            '  return "wanted a chip that has a driver";',
            "}",
            "",
            "// One driver of each chip at one address; one of them is used: no heap.",
            "struct ChipDrivers {",
            "  ChipDrivers(I2cBus& bus, Clock& clock, uint8_t address, const ChipSettings& settings)",
            f"      : {', '.join(passed)} {{}}",
            "",
            "  FieldSensor& Of(SensorChip chip) {",
            "    switch (chip) {",
            *choices,
            "    }",
            f"    return {rows[0].name};",
            "  }",
            "",
            *(f"  {row.driver} {row.name};" for row in rows),
            "};",
            "",
            "}  // namespace lodestone",
            "",
        ]
    )
