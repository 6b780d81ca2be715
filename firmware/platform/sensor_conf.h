// The `sensor =` lines of board.conf as the sensor array takes them.
#pragma once

#include <string>

#include "firmware/chips/sensor_array.h"
#include "firmware/instrument/parts.h"
#include "firmware/platform/board_conf.h"

namespace lodestone {

// False and one line in `error` where a line is not understood or a driver refuses it; `settings`
// then holds the defaults at their factory addresses.
bool SensorArrayOf(const BoardConf& conf, SensorArraySettings* settings, std::string* error);

// Chip, address and settings in the words of the calibration file; the full scale is the driver's
// to tell.
SensorFacts FactsOf(const SensorSettings& sensor);

}  // namespace lodestone
