#include "cli/cmd.h"
#include "cli/commands.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
    int code = cli_main(argc, argv, &cmd_podman);

    cmd_engine_close();
    return code;
}
