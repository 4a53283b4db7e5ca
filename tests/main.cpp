// doctest adds 1 to the size of what Approx compares, which makes its epsilon absolute for small values: microseconds would
// equal milliseconds. Here it is relative; 1e-30 lets zero equal zero.
#define m_scale(one) m_scale(1e-30)
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
