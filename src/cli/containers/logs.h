/* cli/containers/logs.h: printing logs, of `logs`, `pod logs` and whoever else has containers to show. */
#pragma once

#include "cli/containers/select.h"

struct logs_args {
    char *since, *until;
    int64_t tail; /* -1: all */
    bool color, details, follow, latest, names, timestamps;
    bool prefix; /* which container a line is of stands before it, also where there is one only */
};

/* Prints the logs of all of them; 0 or negative. */
int logs_print(struct cmd_ctx *x, const struct logs_args *o, const struct target_list *list);
