ARCH_FLAGS ?= -march=armv7-a -mtune=cortex-a8 -mfpu=neon -mfloat-abi=hard
BOARD_DEFINES := -DBELA_USE_RTDM -DENABLE_PRU_UIO=1
BOARD_STANDARD := -std=c++11
BOARD_LDFLAGS :=
