/* The plain kernel compiled for processors with POPCNT. */
#include "kernel.h"

#define HAS_POPCNT
#define KERNEL kernel_popcnt
#define KERNEL_NAME "popcnt"
#include "generic.c"
