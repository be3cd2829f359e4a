#!/bin/sh
# What the libraries take from outside: memory, mem* and str* functions, mathematics, formatting into a
# buffer, entropy from the system, and what compilers and OpenMP add. No files, no printing, no exit.
. "${top_srcdir:-.}/tools/lint/lint.sh"

allowed='malloc calloc realloc free aligned_alloc posix_memalign
memcpy memmove memset memcmp bcmp memchr strlen strcmp strncmp strchr strstr strnlen explicit_bzero
madvise
snprintf vsnprintf __isoc99_sscanf qsort bsearch
getrandom getentropy __errno_location
__cpu_model __stack_chk_fail __memcpy_chk __memmove_chk __memset_chk __snprintf_chk __vsnprintf_chk
__udivti3 __umodti3 __divti3 __modti3 __multi3 __udivmodti4 __divmodti4 _GLOBAL_OFFSET_TABLE_ __tls_get_addr'
mathematics='acos sqrt cbrt pow exp exp2 expm1 log log2 log1p log10 sin cos sincos tan tanh cosh sinh acosh asinh atanh atan atan2 hypot
fabs floor ceil round rint trunc fmod frexp ldexp scalbn lround llround llrint lrint nearbyint
fma fmin fmax copysign modf erf erfc remainder ilogb logb nextafter'

allowed=$(echo "$allowed $mathematics" | tr '\n' ' ')

for folder in ckks channel service nn train; do
    archive=$top_builddir/.libs/lib$folder.a
    [ -f "$archive" ] || { fault "$archive is missing"; continue; }
    defined=$(${NM:-nm} -g "$archive" | awk 'NF == 3 { print $3 }' | sort -u)
    for name in $(${NM:-nm} -u "$archive" | awk '$1 == "U" { print $2 }' | sort -u); do
        look
        echo "$defined" | grep -qx "$name" && continue
        case " $allowed " in
            *" $name "* | *" ${name%[fl]} "*) continue ;;
        esac
        case $folder:$name in
            channel:ckks_* | service:channel_* | nn:ckks_* | train:nn_*) ;;
            *:GOMP_* | *:omp_* | *:__kmpc_* | *:__asan_* | *:__ubsan_* | *:__msan_* | *:__odr_asan*) ;;
            *) fault "$archive: takes $name from outside, which is not on the list" ;;
        esac
    done
done
verdict
