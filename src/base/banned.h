/* base/banned.h, the last include of every .c file: using one of these no longer compiles.
 * Numbers, sizes, durations and times are parsed by base/parse.h alone. */
#pragma once

#undef sprintf /* _FORTIFY_SOURCE makes these macros under clang */
#undef vsprintf
#undef strncpy
#undef strncat
#undef strcpy
#undef strcat
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok
#pragma GCC poison atoi atol atoll strtol strtoul strtoll strtoull gmtime localtime
