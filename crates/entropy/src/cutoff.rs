//! From how many equal samples on a source is taken for broken. SP 800-90B, §4.4.
//!
//! The numbers with a point are worked out by the compiler; none of them comes into an image.

/// The cut-off of the repetition count test: so many equal samples in a row fail (SP 800-90B §4.4.1).
///
/// The min-entropy is in 1/256 bit; a false alarm has a probability of 2^-`false_alarm` per sample.
#[must_use]
pub const fn repetition_cutoff(min_entropy: u32, false_alarm: u32) -> u32 {
    1 + (false_alarm * 256).div_ceil(min_entropy)
}

/// The samples of a window of the adaptive proportion test (SP 800-90B §4.4.2).
#[must_use]
pub const fn window(bits: u32) -> u32 {
    if bits == 1 { 1_024 } else { 512 }
}

/// The cut-off of the adaptive proportion test: a window's first sample so many times in it fails (SP 800-90B §4.4.2).
///
/// It is 1 + CRITBINOM(window, 2^-H, 1 - 2^-`false_alarm`); the min-entropy H is in 1/256 bit.
#[must_use]
pub const fn proportion_cutoff(min_entropy: u32, window: u32, false_alarm: u32) -> u32 {
    let p = probability(min_entropy);
    // Probabilities as multiples of the likeliest one's, so that none is too small for a number.
    let likeliest = (window as f64 * p) as u32;
    let mut sum = 0.0;
    let mut weight = 1.0;
    let mut count = likeliest;
    while count < window {
        weight *= next(window, count, p);
        sum += weight;
        count += 1;
    }
    weight = 1.0;
    count = likeliest;
    sum += weight;
    while count > 0 {
        count -= 1;
        weight /= next(window, count, p);
        sum += weight;
    }
    let mut allowed = sum;
    let mut halvings = 0;
    while halvings < false_alarm {
        allowed /= 2.0;
        halvings += 1;
    }
    // The least count that is reached too rarely, between one that isn't and one that can't be.
    let mut low = likeliest;
    let mut high = window + 1;
    while high - low > 1 {
        let middle = low.midpoint(high);
        if tail(window, p, likeliest, middle) <= allowed {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// The weights of `from`, which is above the likeliest, and all counts above it.
const fn tail(window: u32, p: f64, likeliest: u32, from: u32) -> f64 {
    let mut weight = 1.0;
    let mut count = likeliest;
    let mut sum = 0.0;
    while count < window {
        weight *= next(window, count, p);
        count += 1;
        if count >= from {
            sum += weight;
        }
        // What follows is too little to count.
        if count > from && weight < sum * 1e-18 {
            break;
        }
    }
    sum
}

/// How much likelier one more than `count` is.
const fn next(window: u32, count: u32, p: f64) -> f64 {
    (window - count) as f64 / (count + 1) as f64 * (p / (1.0 - p))
}

/// 2^-H.
const fn probability(min_entropy: u32) -> f64 {
    let mut p = 1.0;
    let mut n = 0;
    while n < min_entropy {
        p *= ROOT;
        n += 1;
    }
    p
}

/// 2^(-1/256).
const ROOT: f64 = 0.997_296_056_085_470_1;
