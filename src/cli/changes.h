/* cli/changes.h: how `diff` prints. */
#pragma once

#include "engine/changes.h"

/* "C /etc", or with the format "json" one document; any other format is refused. */
int cli_print_changes(const change_list *list, const char *format, struct err *err) MUST_CHECK;
