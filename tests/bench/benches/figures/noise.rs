//! `snow`, another implementation of Noise, doing what our records do.

use keyfob_wire::body::{CheckAnswer, CheckRequest};

use crate::workload::{Failure, Work};

const PATTERN: &str = "Noise_XX_P256_AESGCM_SHA256";
/// A check's plaintexts.
const REQUEST: [u8; 1 + CheckRequest::SIZE] = [1; 1 + CheckRequest::SIZE];
const ANSWER: [u8; CheckAnswer::SIZE] = [2; CheckAnswer::SIZE];

/// One request and its answer in an open session, of a check's sizes.
pub(crate) fn records() -> Result<Work, Failure> {
    let (app, token) = handshake()?;
    let (mut app, mut token) = (app.into_transport_mode()?, token.into_transport_mode()?);
    let (mut message, mut text) = ([0; 128], [0; 128]);
    Ok(Box::new(move || {
        let length = app.write_message(&REQUEST, &mut message)?;
        token.read_message(&message[..length], &mut text)?;
        let length = token.write_message(&ANSWER, &mut message)?;
        app.read_message(&message[..length], &mut text)?;
        Ok(())
    }))
}

/// A handshake of the same pattern, both sides, without certificates.
pub(crate) fn handshakes() -> Result<Work, Failure> {
    Ok(Box::new(|| handshake().map(drop)))
}

fn handshake() -> Result<(snow::HandshakeState, snow::HandshakeState), Failure> {
    let side = || snow::Builder::new(PATTERN.parse()?).local_private_key(&[0x42; 32]);
    let (mut app, mut token) = (side()?.build_initiator()?, side()?.build_responder()?);
    let (mut message, mut text) = ([0; 256], [0; 256]);
    let length = app.write_message(&[], &mut message)?;
    token.read_message(&message[..length], &mut text)?;
    let length = token.write_message(&[], &mut message)?;
    app.read_message(&message[..length], &mut text)?;
    let length = app.write_message(&[], &mut message)?;
    token.read_message(&message[..length], &mut text)?;
    Ok((app, token))
}
