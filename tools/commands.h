/* The subcommands. Each takes argc and argv with argv[0] its own name, and returns an exit code. */
#ifndef UNSEEN_TOOLS_COMMANDS_H
#define UNSEEN_TOOLS_COMMANDS_H

/** unseen demo: ten digits, encrypted, classified, decrypted. */
int cmd_demo(int argc, char **argv);
/** unseen plan: what a model will need, and the public plan file. */
int cmd_plan(int argc, char **argv);
/** unseen keygen: a secret key and the evaluation keys that belong to it. */
int cmd_keygen(int argc, char **argv);
/** unseen encrypt: a picture as a request. */
int cmd_encrypt(int argc, char **argv);
/** unseen infer: a request to a response, without any secret. */
int cmd_infer(int argc, char **argv);
/** unseen decrypt: what a response says. */
int cmd_decrypt(int argc, char **argv);
/** unseen calibrate: the unit times of this machine, by which plans are chosen. */
int cmd_calibrate(int argc, char **argv);
/** unseen eval: many images encrypted and compared with the plain network. */
int cmd_eval(int argc, char **argv);
/** unseen train: a network from a description file, trained and written as ONNX. */
int cmd_train(int argc, char **argv);
/** unseen fit: polynomials in place of a network's activations, fitted on sample images. */
int cmd_fit(int argc, char **argv);
/** unseen check: a network layer by layer, in float, fitted, on clear slots and encrypted. */
int cmd_check(int argc, char **argv);
/** unseen inspect: what a file is, and whether it is whole. */
int cmd_inspect(int argc, char **argv);
/** unseen collect: whether every request of a manifest has its response. */
int cmd_collect(int argc, char **argv);
/** unseen report: results of other subcommands as a page with charts. */
int cmd_report(int argc, char **argv);

/** unseen serve: networks offered to clients over a socket. */
int cmd_serve(int argc, char **argv);
/** unseen ask: pictures to a server, labels back. */
int cmd_ask(int argc, char **argv);
/** unseen stat: what a server counts. */
int cmd_stat(int argc, char **argv);

#endif
