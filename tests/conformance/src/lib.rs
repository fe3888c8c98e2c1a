//! Named cases over any transport.
