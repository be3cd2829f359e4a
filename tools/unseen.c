/* The program unseen: finds the subcommand. */
#include <stdio.h>
#include <string.h>

#include "ckks/ckks.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/first.h"

typedef struct subcommand {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *summary;
} subcommand;

static const subcommand subcommands[] = {
#ifndef UNSEEN_CLIENT_ONLY
    {"demo", cmd_demo, "classify ten encrypted digits, start to end"},
    {"plan", cmd_plan, "show what encrypted inference of a network will need"},
#endif
    {"keygen", cmd_keygen, "make a secret key and its evaluation keys    (client)"},
    {"encrypt", cmd_encrypt, "encrypt a picture                            (client)"},
#ifndef UNSEEN_CLIENT_ONLY
    {"infer", cmd_infer, "run a network on an encrypted picture        (server)"},
#endif
    {"decrypt", cmd_decrypt, "decrypt a response and show its label        (client)"},
    {"ask", cmd_ask, "ask a server for the labels of pictures that it does not see"},
    {"stat", cmd_stat, "show what a server counts"},
#ifndef UNSEEN_CLIENT_ONLY
    {"serve", cmd_serve, "offer networks to clients over the network        (server)"},
    {"fit", cmd_fit, "fit polynomials to the activations of a network"},
    {"check", cmd_check, "compare float, fitted and encrypted network layer by layer"},
    {"eval", cmd_eval, "run many images encrypted and compare with the plain network"},
    {"collect", cmd_collect, "verify that every request of a manifest has its response"},
    {"inspect", cmd_inspect, "say what files are, and whether they are whole"},
    {"report", cmd_report, "make a page with charts of the results of eval, check and plan"},
    {"calibrate", cmd_calibrate, "measure this machine, for plans that suit it"},
    {"train", cmd_train, "train a network and write it as ONNX"},
#endif
};

enum { COUNT = sizeof subcommands / sizeof subcommands[0] };

static void print_help(void)
{
    printf("Usage: unseen SUBCOMMAND [ARGUMENT]...\n"
           "Neural network inference on encrypted images.\n\n");
    for (size_t i = 0; i < COUNT; i++)
        printf("  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
    printf("\n"
           "      --help     print this help; 'unseen help SUBCOMMAND' says more\n"
           "      --version  print the version\n"
           "\n"
           "Exit status:\n"
           "   0  done\n"
           "   1  done, and the answer is no (a wrong label, accuracy below the demand)\n"
           "   2  the command line is wrong\n"
           "   3  a file is damaged, altered, cut short, or of another kind\n"
           "   4  key, plan, model and message do not belong together\n"
           "   5  the network uses what this program cannot take\n"
           "   6  no secure parameters carry the network\n"
           "   7  refused for safety\n"
           "   8  a file is missing, or may not be read or made\n"
           "   9  a fault of this program or machine\n"
           "  10  the other side speaks another protocol, or broke it\n"
           "  69  the other side cannot be reached, hung up or was too slow\n"
           "  70  out of memory\n"
           "  71  the system gave no randomness\n"
           "  74  reading or writing failed (disk full)\n"
           "  75  the server is busy or about to end\n"
           "From 64 on, the same command may succeed later.\n"
           "\n"
           "Manual: unseen(1)\n");
}

static const char *name_at(const void *names, size_t k)
{
    (void)names;
    return k < COUNT ? subcommands[k].name : NULL;
}

/* argv[0] names the subcommand. */
static int run_subcommand(int argc, char **argv)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(argv[0], subcommands[i].name) == 0)
            return subcommands[i].main(argc, argv);
    }
    const char *near = first_nearest(argv[0], name_at, NULL);
    if (near != NULL)
        return cli_usage("there is no subcommand '%s'; did you mean '%s'?", argv[0], near);
#ifdef UNSEEN_CLIENT_ONLY
    return cli_usage("there is no subcommand '%s' in this build, which is for clients only",
                     argv[0]);
#else
    return cli_usage("there is no subcommand '%s'", argv[0]);
#endif
}

static int run(int argc, char **argv)
{
    if (argc > 0)
        first_called(argv[0]);
    if (argc < 2) {
        fprintf(stderr, "unseen %s: a subcommand is needed.\n", ckks_version());
        first_words(stderr);
        return CLI_USAGE;
    }
    if (argc == 3 && strcmp(argv[1], "help") == 0) {
        char option[] = "--help";
        char *words[] = {argv[2], option, NULL};
        return run_subcommand(2, words);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help();
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("unseen %s\n", ckks_version());
        return CLI_OK;
    }
    return run_subcommand(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    int code = run(argc, argv);
    return cli_finish(code == CLI_DONE ? CLI_OK : code);
}
