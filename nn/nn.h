/* Public interface of the network layer: a trained network in, encrypted inference out.
 *
 * An image's way through this header:
 *   server: nn_model_read (ONNX bytes) -> nn_plan_create (parameters, layouts, scales, keys)
 *           -> nn_client_write (the small public plan file, no weights) and nn_program_create
 *   client: nn_client_read -> keys for nn_client_keys -> nn_client_encrypt -> (bytes) ...
 *   server: nn_program_run on the ciphertexts with the client's evaluation keys
 *   client: nn_client_decrypt -> logits -> nn_tail_apply where the network ends in a softmax
 *
 * Laws: statuses are nn_status (0, nn codes -100.., or a ckks code that travelled up); a function
 * that takes (why, why_size) fills why with one sentence on failure (NULL, 0 is allowed). const
 * objects may be shared between threads. Nothing here prints or does I/O. Images and logits are
 * flattened (C,H,W), row-major. The user never sees a scale or a level: the plan decides them.
 */
#ifndef UNSEEN_NN_NN_H
#define UNSEEN_NN_NN_H

#include "ckks/circuits.h"
#include "ckks/ckks.h"
#include "nn/client.h"
#include "nn/graph.h"
#include "nn/onnx_embed.h"
#include "nn/onnx_read.h"
#include "nn/onnx_write.h"
#include "nn/shape.h"
#include "nn/status.h"
#include "nn/tail.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ the network */

typedef struct nn_model nn_model;

/** What the graph passes saved: the network as it stands in the file, and merged. */
typedef struct nn_model_cost {
    size_t levels;          /* multiplicative depth */
    size_t multiplications; /* ciphertext by ciphertext, counted per value */
    size_t constants;       /* nonzero matrix entries */
    size_t rotations;       /* key-switched rotations of the best layouts found */
    size_t linear_stages, activation_stages;
} nn_model_cost;

/** Read an ONNX model and run the graph passes on it.
 *
 *  In:     bytes   size bytes, hostile, not kept; constants in other files: nn_onnx_embed first
 *  Fails:  NN_ERR_FORMAT, NN_ERR_UNSUPPORTED (all problems are listed at once in why),
 * NN_ERR_SHAPE, NN_ERR_RANGE, NN_ERR_MEMORY
 */
NN_API NN_MUST_CHECK nn_status nn_model_read(nn_model **out, const uint8_t *bytes, size_t size,
                                             char *why, size_t why_size);
/** Release a model; NULL is fine. Plans of it must be gone. */
NN_API void nn_model_free(nn_model *m);

/** Shape (C,H,W) of one input image. */
NN_API nn_shape nn_model_input(const nn_model *m);

/** Number of logits. */
NN_API size_t nn_model_outputs(const nn_model *m);

/** Range of the input's numbers, [lo, hi]. */
NN_API void nn_model_input_range(const nn_model *m, double *lo, double *hi);
/** Metadata string of the ONNX file, or NULL. */
NN_API const char *nn_model_meta(const nn_model *m, const char *key);
/** 64-bit digest of the file's bytes; equal models have equal digests. */
NN_API uint64_t nn_model_id(const nn_model *m);
/** The plain network: out gets nn_model_outputs numbers, the float reference of the unmerged graph,
 * with the polynomials in place of activations that the model's metadata hold; nn_tail_apply makes
 * the file's own outputs of them.
 *
 *  Fails:  NN_ERR_MEMORY, NN_ERR_UNSUPPORTED (the output is made of integers and no tail), as
 *          nn_ref_run
 */
NN_API NN_MUST_CHECK nn_status nn_model_run(const nn_model *m, float *out, const float *in,
                                            char *why, size_t why_size);

/** What the model's file ends in after the logits; the encrypted network ends before it, and the
 *  client computes it of what it has decrypted with nn_tail_apply. */
NN_API nn_tail nn_model_tail(const nn_model *m);

/** Passes over a network that save levels and products and keep what it computes. */
enum {
    NN_PASS_NORM = 1,   /* batch normalisations join the stage before them, or behind */
    NN_PASS_POOL = 2,   /* average pools join the stage behind them, or before */
    NN_PASS_LINEAR = 4, /* other adjacent linear stages become one */
    NN_PASS_MONIC = 8,  /* a polynomial's leading coefficient and constant go to its neighbours */
    NN_PASS_ALL = 15
};

/* ------------------------------------------------------------------ the plan */

typedef struct nn_plan nn_plan;

/** Unit times of one machine, on one core, and what a byte of a key is worth. A place is one
 *  residue of one prime; both parts of a ciphertext count as one where noted. */
typedef struct nn_costs {
    char kernel[16];       /* name of the family of kernels that it stands for */
    double forward_ns;     /* a butterfly of the forward transform; N/2 log2 N of them a row */
    double inverse_ns;     /* a butterfly of the inverse transform */
    double key_cached_ns;  /* key product: a digit and place, both parts, the key in the cache */
    double key_memory_ns;  /* the same with the key read from memory */
    double pair_ns;        /* product with a diagonal: a term and place, both parts */
    double scalar_ns;      /* product with a scalar: a term and place, one part */
    double convert_ns;     /* base conversion: a limb converted from, and place */
    double pass_ns;        /* a pass over a row with an elementwise operation: a place */
    double key_ms_per_mib; /* time that the plan spends to save 1 MiB of key file */
} nn_costs;

/** The built-in table of a family of kernels: "avx512ifma", "avx512f", "avx2", "neon", "portable".
 *
 *  In:      kernel   a name as of ckks_context_kernel; NULL: the best family of this machine
 *  Returns  never NULL; for a name that is not known the table of the portable kernels
 */
NN_API const nn_costs *nn_costs_builtin(const char *kernel);

/** The family whose table decides plans when no other is given, on every machine. */
#define NN_COSTS_REFERENCE "avx512ifma"

/** Operations that unit times are measured by. An encoding counts what it takes longer at its limbs
 *  than at one limb: nothing but transforms and passes. */
enum {
    NN_COST_ADD,
    NN_COST_ENCODE,
    NN_COST_RESCALE,
    NN_COST_ROTATE,
    NN_COST_SQUARE,
    NN_COST_SUMS,
    NN_COST_TRANSFORM
};

/** An operation of ckks/ that was timed, on one core. */
typedef struct nn_cost_sample {
    int operation; /* NN_COST_...; a square drops one prime, the others but a rescaling none */
    int log_n, limbs, special, alpha;
    int cached;         /* 1: its keys stayed in the cache from one run to the next */
    int babies, giants; /* transforms: rotations other than 0 */
    int diagonals;      /* transforms: diagonals; sums: entries of the matrix of scalars */
    double ms;
} nn_cost_sample;

/** Unit times that explain samples best, in the least squares of relative errors.
 *
 *  Out:    costs    all but kernel; untouched on failure
 *          misfit   root mean square of the relative errors; may be NULL
 *  In:     sample   count of them, that tell all unit times apart
 *  Fails:  NN_ERR_ARG (they do not, or a time is not above 0)
 */
NN_API NN_MUST_CHECK nn_status nn_costs_fit(nn_costs *costs, double *misfit,
                                            const nn_cost_sample *sample, size_t count);

/** Rings that a plan may use: any, only that with N/2 complex slots, only that with N real ones. */
enum { NN_RING_ANY = 0, NN_RING_COMPLEX = 1, NN_RING_REAL = 2 };

/** Bound on a server's memory where none is given: what leaves the client, the system and further
 * threads a part of 8 GiB. It is the same on all machines, as a plan must be. */
#define NN_MEMORY_DEFAULT ((size_t)7 << 30)

typedef struct nn_plan_options {
    int security_bits;     /* 128 (default when 0), 192, 256 */
    double precision_bits; /* bits kept below 1.0 where an error counts most; 0: 13, or as many up
                              to 20 as labels need */
    int log_n;             /* 0: chosen */
    unsigned passes_off;   /* NN_PASS_... that are left out, for comparison */
    const nn_costs *costs; /* NULL: built in; decides the plan; read by nn_plan_create, not kept */
    size_t memory;         /* bound on the forecast's server_memory; 0: NN_MEMORY_DEFAULT */
    size_t images;         /* images side by side in one ciphertext, a power of two; 0: 1 */
    int ring;              /* NN_RING_...; 0: chosen */
    int alternatives;      /* 1: also try the next larger degree, for nn_plan_tried */
} nn_plan_options;

/** What the plan foretells. */
typedef struct nn_forecast {
    int security_bits, log_n, limbs, special, levels;
    double log2_q, log2_qp;               /* log2_qp: the largest over all keys */
    size_t rotations;                     /* key switches of rotations per inference */
    size_t multiplications;               /* key switches of products per inference */
    size_t plain_products;                /* diagonals multiplied per inference */
    size_t keys;                          /* distinct evaluation keys */
    size_t eval_key_bytes;                /* as a file */
    size_t eval_key_memory;               /* loaded */
    size_t requests, responses;           /* ciphertexts each */
    size_t request_bytes, response_bytes; /* of all of them */
    size_t weight_memory;                 /* encoded diagonals */
    size_t value_memory;                  /* ciphertexts that are alive at a time */
    size_t model_memory;                  /* the network's graph and matrices */
    size_t server_memory; /* the most of: all that encoding weights needs; context, keys, weights,
                             values and scratch of one worker while it infers */
    size_t peak_memory;   /* client and server in one process (unseen eval, one thread) */
    size_t thread_memory; /* what every further thread adds to either */
    size_t lane_memory;   /* what an inference beside another, by a thread of its own, adds */
    double infer_ms;      /* on one core, by the unit times of the options */
    double logit_error;   /* predicted standard deviation of a logit's error */
} nn_forecast;

/** Decide everything: parameters, layouts, levels, scales, keys.
 *
 *  In:     m         must outlive the plan
 *          options   NULL for the defaults
 *  Fails:  NN_ERR_UNSUPPORTED (a matrix of zeros: the output does not depend on the image),
 *          NN_ERR_PLAN (no secure parameter set carries the network: why names the stage, what it
 *          needs, what there is, and a way out), NN_ERR_RANGE (a range is not known, or so large
 *          that logits drown), NN_ERR_MEMORY, NN_ERR_ARG
 *  Cost:   a second or so; deterministic
 */
NN_API NN_MUST_CHECK nn_status nn_plan_create(nn_plan **out, const nn_model *m,
                                              const nn_plan_options *options, char *why,
                                              size_t why_size);
/** Release a plan; NULL is fine. Programs of it must be gone. */
NN_API void nn_plan_free(nn_plan *p);

/** Count what a network needs with some passes left out, without planning.
 *
 *  Out:    cost        rotations stays 0
 *  In:     passes_off  NN_PASS_...
 *  Fails:  as nn_model_read
 */
NN_API NN_MUST_CHECK nn_status nn_model_count(const nn_model *m, unsigned passes_off,
                                              nn_model_cost *cost, char *why, size_t why_size);

/** A ring that was tried for a plan. */
enum { NN_TRIES_MAX = 24, NN_TRY_WHY_SIZE = 420 };
typedef struct nn_plan_try {
    int ring, log_n;           /* CKKS_RING_... */
    int fits, taken;           /* fits 0: why says what is missing */
    int limbs, special;        /* the others are 0 where it does not fit */
    double cost;               /* what plans are chosen by: ms, with the prices of keys and bytes */
    double ms;                 /* of that the time, by the table that decided */
    char why[NN_TRY_WHY_SIZE]; /* "" when it fits */
} nn_plan_try;

/** Rings that were tried, in that order. */
NN_API size_t nn_plan_tries(const nn_plan *p);
/** One of them; NULL beyond the last. */
NN_API const nn_plan_try *nn_plan_tried(const nn_plan *p, size_t k);

/** One step of a plan, for reports. */
enum { NN_METHOD_SIZE = 400 };
typedef struct nn_plan_account {
    const char *name;
    const char *kind;            /* "matrix", "polynomial", "product" */
    char inputs[96];             /* the values it takes: "input", or numbers of steps from 1 */
    char layout[96];             /* where its output lies */
    char method[NN_METHOD_SIZE]; /* how it is computed, input by input */
    int limbs, limbs_out;
    double scale_in, scale_out; /* log2; of the first input */
    int special, alpha;         /* key shape; 0 where there is no key switch */
    size_t rotations, products, diagonals, scalars;
    double range; /* bound of its numbers */
    int measured; /* 1: that is a measurement */
    double error; /* predicted standard deviation of a number's error */
    double ms;
    size_t weight_bytes, value_bytes; /* in memory: encoded weights; the ciphertexts it makes */
} nn_plan_account;

/** Account of step k.  Fails: NN_ERR_ARG (beyond the last) */
NN_API NN_MUST_CHECK nn_status nn_plan_account_of(const nn_plan *p, size_t k, nn_plan_account *out);

/** The plan with its reasons as text; returns the length needed without the final NUL. */
NN_API size_t nn_plan_explain(const nn_plan *p, char *text, size_t size);

/** What a network costs with some passes left out. */
typedef struct nn_ablation {
    unsigned passes_off;
    nn_model_cost cost;        /* with every merge that the passes allow; rotations of the plan */
    int fits;                  /* 0: there is no plan, and why says what is missing */
    nn_forecast forecast;      /* of the cheapest plan, which may leave merges out and have more
                                  levels; all 0 where it does not fit */
    char why[NN_TRY_WHY_SIZE]; /* "" when it fits */
} nn_ablation;

/** Plan a network with some passes left out.
 *
 *  In:     options   as of nn_plan_create, whose passes_off are left out as well
 *  Fails:  as nn_model_read; a plan that cannot be had is no failure
 */
NN_API NN_MUST_CHECK nn_status nn_plan_ablate(const nn_model *m, const nn_plan_options *options,
                                              unsigned passes_off, nn_ablation *out, char *why,
                                              size_t why_size);

/** The parameters, for ckks_context_create; owned by the plan. */
NN_API const ckks_params *nn_plan_params(const nn_plan *p);

/** What the plan foretells; owned by the plan. Bytes and memory hold within 10 %. */
NN_API const nn_forecast *nn_plan_forecast(const nn_plan *p);

/** Costs before and after the passes, for the report. */
NN_API void nn_plan_costs(const nn_plan *p, nn_model_cost *before, nn_model_cost *after);
/** The plan as text, one line a step; returns the length needed without the final NUL, like
 * snprintf. */
NN_API size_t nn_plan_print(const nn_plan *p, char *text, size_t size);
/** Images side by side in one ciphertext. */
NN_API size_t nn_plan_images(const nn_plan *p);

/** Number of steps that nn_program_run walks: one per merged stage. */
NN_API size_t nn_plan_steps(const nn_plan *p);

/** Name of a step, made of the names of its nodes; "" beyond the last. */
NN_API const char *nn_plan_step_name(const nn_plan *p, size_t step);

/** Called after each step with its number, counted from 1; return non-zero to stop the run
 *  (NN_ERR_STOPPED). */
typedef int (*nn_progress)(void *user, size_t step, size_t steps, const char *name);

/** What a probe sees of a step's output. */
typedef struct nn_view_place nn_view_place;
typedef struct nn_view {
    size_t step; /* from 0 */
    const char *name;
    size_t numbers, images;               /* numbers of the value, for each image */
    size_t parts;                         /* ciphertexts, or slot vectors */
    const double *slots;                  /* clear: all slots, part after part; else NULL */
    const ckks_ciphertext *const *cipher; /* encrypted: parts of them; else NULL */
    const nn_view_place *place;           /* for nn_view_numbers */
} nn_view;

/** Called after each step, before its output is used; what it points to lives until it returns.
 *  Return non-zero to stop the run (NN_ERR_STOPPED). */
typedef int (*nn_probe)(void *user, const nn_view *view);

/** Whom a run tells of its steps; either may be NULL. */
typedef struct nn_watch {
    nn_progress progress;
    nn_probe probe;
    void *user;
} nn_watch;

/** Read the numbers off a value: (C,H,W) of every image, one image after the other.
 *
 *  Out:    out     view->images * view->numbers numbers
 *  In:     w, sk   of an encrypted run: the key's owner alone can look (SECURITY.md), with a worker
 *                  of its own; NULL for a clear one
 *  Fails:  NN_ERR_ARG (no key), NN_ERR_MEMORY, ckks codes
 */
NN_API NN_MUST_CHECK nn_status nn_view_numbers(const nn_view *view, double *out, ckks_worker *w,
                                               const ckks_secret_key *sk);

/** Run the plan on clear slots: the same layouts, diagonals and folds in double, no encryption.
 *
 *  Out:    out     nn_model_outputs numbers for each image
 *  In:     in      nn_plan_images images, one after the other
 *          watch   NULL for nobody
 *  Error:  against nn_model_run only the rounding of float
 *  Memory: the values that are alive at a time, in double; one diagonal
 *  Fails:  NN_ERR_MEMORY, NN_ERR_ARG (the plan has released its matrices), NN_ERR_STOPPED
 */
NN_API NN_MUST_CHECK nn_status nn_plan_run_clear(const nn_plan *p, float *out, const float *in,
                                                 const nn_watch *watch, char *why, size_t why_size);

/** The public part of a plan, a copy of its own.  Fails: NN_ERR_MEMORY */
NN_API NN_MUST_CHECK nn_status nn_client_of_plan(nn_client **out, const nn_plan *p);

/* ------------------------------------------------------------------ the server's side */

/* A plan with all its diagonals encoded for one context. Immutable, shareable between threads. */
typedef struct nn_program nn_program;

/** How a program is made; all zero is a choice. */
typedef struct nn_program_options {
    int threads; /* that encode the weights, 1..256; 0: 1 */
    int release; /* 1: the plan gives up every matrix once its diagonals are encoded, which halves
                    what large networks need; it then makes no second program and does not run on
                    clear slots */
    const nn_watch *watch; /* its progress is told of each step that is encoded; NULL: nobody */
} nn_program_options;

/** Encode all weights.
 *
 *  In:     p, ctx    must outlive the program; ctx made of nn_plan_params(p)
 *          options   NULL for all zero; p changes only when release is asked for
 *  Memory: nn_program_bytes
 *  Cost:   one encoding per diagonal; about a second for a network of a few hundred diagonals
 *  Fails:  NN_ERR_MEMORY, NN_ERR_ARG (the plan has released its matrices), CKKS_ERR_RANGE (a weight
 *          too large), NN_ERR_STOPPED, other ckks codes
 */
NN_API NN_MUST_CHECK nn_status nn_program_create(nn_program **out, nn_plan *p,
                                                 const ckks_context *ctx,
                                                 const nn_program_options *options, char *why,
                                                 size_t why_size);
/** Release; NULL is fine. */
NN_API void nn_program_free(nn_program *prog);

/** Heap held by the encoded weights. */
NN_API size_t nn_program_bytes(const nn_program *prog);

/** Circuit scratch that a worker of so many threads needs for this program (argument of
 *  ckks_worker_create_team). */
NN_API size_t nn_program_scratch_bytes(const nn_program *prog, int threads);

/** Infer, blind. Values that are alive at a time have ciphertexts of their own, made and released
 *  while it runs.
 *
 *  Out:    out     the response, nn_client_responses different ciphertexts, none of them an in
 *  In:     w       lent the client's evaluation keys (ckks_worker_use_keys), with the scratch of
 *                  nn_program_scratch_bytes for its threads
 *          in      what nn_client_encrypt made
 *          watch   NULL for nobody
 *  Cost:   the forecast's rotations, multiplications and plain_products
 *  Fails:  CKKS_ERR_NO_KEY, CKKS_ERR_MISMATCH, NN_ERR_MISMATCH (not the ciphertexts of this plan),
 *          NN_ERR_ARG (an out is an in), NN_ERR_MEMORY, NN_ERR_STOPPED
 */
NN_API NN_MUST_CHECK nn_status nn_program_run(const nn_program *prog, ckks_worker *w,
                                              ckks_ciphertext *const *out,
                                              const ckks_ciphertext *const *in,
                                              const nn_watch *watch, char *why, size_t why_size);

#ifdef __cplusplus
}
#endif
#endif
