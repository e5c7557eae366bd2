//! How busy each hour of a day is.

/// How many of a day's events fall into each hour from midnight UTC, as weights.
pub(super) const DAY_CURVE: [u32; 24] =
    [3, 2, 1, 1, 1, 2, 4, 7, 11, 14, 15, 15, 13, 14, 15, 14, 13, 12, 11, 11, 10, 8, 6, 4];
