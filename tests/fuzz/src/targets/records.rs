//! Records: those of the other end, each once, in order, as they were; nothing else.

use arbitrary::{Result, Unstructured};

use super::handshake::session;
use crate::cast::noise;
use crate::edits::edit;

pub(super) fn run(data: &[u8]) {
    let _end = steps(&mut Unstructured::new(data));
}

/// Seals in both directions and delivers in any order, altered or not.
fn steps(input: &mut Unstructured<'_>) -> Result<()> {
    let (mut app, mut token) = session();
    // Records that were sealed, by whom, and how many of each end's the other has accepted.
    let mut sent: [Vec<(Vec<u8>, Vec<u8>)>; 2] = Default::default();
    let mut accepted = [0; 2];
    while !input.is_empty() {
        let from = usize::from(input.arbitrary::<bool>()?);
        let (sender, receiver) = if from == 0 { (&mut app, &mut token) } else { (&mut token, &mut app) };
        if input.ratio(1, 3u8)? {
            let text = noise(sent[from].len() as u64, input.int_in_range(0..=64)?);
            let mut buffer = [vec![0; 2], text.clone(), vec![0; 16]].concat();
            assert_eq!(sender.seal(&mut buffer, text.len()), Ok(text.len() + 18));
            assert!(sent.iter().flatten().all(|(record, _)| *record != buffer), "no record comes twice");
            sent[from].push((buffer, text));
            continue;
        }
        // Mostly the next one; else any of either end's, or nothing that was ever sealed.
        let direction = if input.ratio(7, 8u8)? { from } else { 1 - from };
        let place = if input.ratio(3, 4u8)? { accepted[from] } else { input.int_in_range(0..=8)? };
        let genuine = sent[direction].get(place).cloned().unwrap_or_default();
        let mut record = edit(&genuine.0, input)?;
        let is_next = direction == from && place == accepted[from] && record == genuine.0 && !record.is_empty();
        let before = record.clone();
        match receiver.open(&mut record) {
            Ok(text) => {
                assert!(is_next, "only the next record is accepted");
                assert_eq!(text, genuine.1);
                accepted[from] += 1;
            }
            Err(_) => {
                assert!(!is_next, "the next record is accepted");
                let hidden = genuine.1.len() < 8
                    || before == record
                    || !record.windows(8).any(|part| genuine.1.starts_with(part));
                assert!(hidden, "a refused record leaves nothing of a plaintext");
            }
        }
    }
    Ok(())
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    (0..16).map(|seed| noise(seed, 24 << (seed % 3))).chain([vec![0; 64]]).collect()
}
