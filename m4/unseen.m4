# UNSEEN_TRY_CFLAG(VARIABLE, FLAG): append FLAG to VARIABLE when the compiler takes it without complaint.
AC_DEFUN([UNSEEN_TRY_CFLAG], [
    AC_MSG_CHECKING([whether $CC accepts $2])
    unseen_saved_cflags=$CFLAGS
    # -Werror makes a compiler that warns about unknown flags refuse them.
    CFLAGS="-Werror $2 $CFLAGS"
    AC_LINK_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
        [$1="$$1 $2"; AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no])])
    CFLAGS=$unseen_saved_cflags
])

# UNSEEN_NEED_SANITIZER(NAME): build and link everything with -fsanitize=NAME, or stop.
AC_DEFUN([UNSEEN_NEED_SANITIZER], [
    AC_MSG_CHECKING([whether $CC links with -fsanitize=$1])
    unseen_saved_cflags=$CFLAGS
    unseen_flags="-fsanitize=$1 -fno-sanitize-recover=all -fno-omit-frame-pointer"
    CFLAGS="$unseen_flags $CFLAGS"
    AC_LINK_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
        [AC_MSG_RESULT([yes])],
        [AC_MSG_RESULT([no]); AC_MSG_ERROR([this compiler has no sanitizer for: $1])])
    CFLAGS=$unseen_saved_cflags
    UNSEEN_CFLAGS="$UNSEEN_CFLAGS $unseen_flags"
    UNSEEN_LDFLAGS="$UNSEEN_LDFLAGS $unseen_flags"
])

# UNSEEN_TRY_KERNEL(NAME, FLAGS, EXPRESSION, VARIABLE, MACRO): when the compiler makes code of the intrinsics
# in EXPRESSION with FLAGS, VARIABLE is these flags and the definition of MACRO; else it is empty.
AC_DEFUN([UNSEEN_TRY_KERNEL], [
    AC_MSG_CHECKING([whether $CC compiles the $1 kernel])
    unseen_saved_cflags=$CFLAGS
    CFLAGS="$CFLAGS $2"
    $4=
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <immintrin.h>]], [[(void)$3;]])],
        [$4="$2 -D$5"; AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no])])
    CFLAGS=$unseen_saved_cflags
])
