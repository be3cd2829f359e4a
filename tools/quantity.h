/* Numbers for people, each with its unit. A NaN is "-", which is what was not measured. */
#ifndef UNSEEN_TOOLS_QUANTITY_H
#define UNSEEN_TOOLS_QUANTITY_H

enum { QUANTITY_BYTES = 32 };

/** Writes a number and its unit into text. Returns text. */
typedef const char *quantity(char text[QUANTITY_BYTES], double value);

/** Of milliseconds: "85 ns", "3.1 us", "12 ms", "4.5 s". */
quantity quantity_time;
/** Of bytes: "154 KiB". */
quantity quantity_bytes;
/** A whole number: "12". */
quantity quantity_count;
/** An error or another number of any size: "0.00012". */
quantity quantity_real;
/** Bits of precision: "13.4"; "exact" for infinitely many, "none" for minus infinity. */
quantity quantity_bits;
/** A share of 1: "99.36 %". */
quantity quantity_share;

#endif
