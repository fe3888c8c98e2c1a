//! Changes of genuine bytes, as an input asks for them.

use arbitrary::{Result, Unstructured};

/// Changes bytes in up to four places, or not at all.
pub(crate) fn edit(genuine: &[u8], input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut bytes = genuine.to_vec();
    for _ in 0..input.int_in_range(0..=4)? {
        let place = |input: &mut Unstructured<'_>, length: usize| input.int_in_range(0..=length.saturating_sub(1));
        match input.int_in_range(0..=5u8)? {
            0 if !bytes.is_empty() => {
                let place = place(input, bytes.len())?;
                bytes[place] ^= 1 << input.int_in_range(0..=7u8)?;
            }
            1 if !bytes.is_empty() => {
                let place = place(input, bytes.len())?;
                bytes[place] = input.arbitrary()?;
            }
            2 => bytes.truncate(place(input, bytes.len() + 1)?),
            3 => bytes.extend_from_slice(input.bytes(input.len().min(1))?),
            4 => {
                let place = place(input, bytes.len() + 1)?;
                bytes.insert(place, input.arbitrary()?);
            }
            _ if !bytes.is_empty() => {
                let place = place(input, bytes.len())?;
                bytes.remove(place);
            }
            _ => {}
        }
    }
    Ok(bytes)
}
