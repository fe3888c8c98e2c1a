//! The cases, in the order of the specification.

mod administration;
mod birth;
mod enrolment;
mod framing;
mod handshake;
mod init;
mod keys;
mod memory;
mod queries;
mod records;
mod resume;
mod sessions;
mod statements;
mod time;
mod updates;
mod usage;

use crate::Case;

/// Every case.
pub const CASES: &[Case] = &all();

const LISTS: &[&[Case]] = &[
    init::CASES,
    framing::CASES,
    birth::CASES,
    handshake::CASES,
    records::CASES,
    resume::CASES,
    sessions::CASES,
    usage::CASES,
    memory::CASES,
    keys::CASES,
    statements::CASES,
    queries::CASES,
    updates::CASES,
    time::CASES,
    enrolment::CASES,
    administration::CASES,
];

const NUMBER: usize = {
    let (mut list, mut number) = (0, 0);
    while list < LISTS.len() {
        number += LISTS[list].len();
        list += 1;
    }
    number
};

const fn all() -> [Case; NUMBER] {
    let mut all = [LISTS[0][0]; NUMBER];
    let (mut list, mut next) = (0, 0);
    while list < LISTS.len() {
        let mut place = 0;
        while place < LISTS[list].len() {
            all[next] = LISTS[list][place];
            next += 1;
            place += 1;
        }
        list += 1;
    }
    all
}

/// Makes a list of cases of functions, whose names say what.
macro_rules! cases {
    ($($function:ident)*) => {
        pub(super) const CASES: &[$crate::Case] =
            &[$($crate::Case { name: stringify!($function), run: $function },)*];
    };
}
use cases;
