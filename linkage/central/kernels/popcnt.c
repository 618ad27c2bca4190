/* The plain kernel compiled for processors with POPCNT. */
#include "kernel.h"

#define KERNEL kernel_popcnt
#define KERNEL_NAME "popcnt"
#include "generic.c"
