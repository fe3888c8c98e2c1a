//! Birth and installation. `docs/spec.md`, §4.

use keyfob_crypto::RustCrypto;
use keyfob_issuing::OsEntropy;
use keyfob_signed::{BirthRequest, read_unverified, verify};
use keyfob_wire::init::TokenState;
use keyfob_wire::{Command, Serial, Status};

use crate::bench::certify;
use crate::case::{ensure, same};
use crate::raw::error;
use crate::{Bench, Failure, Raw};

super::cases! {
    a_blank_token_says_so_and_opens_nothing
    a_birth_request_is_genuine
    a_second_birth_finds_the_same_keys
    a_birth_needs_a_nonce_of_its_length
    nothing_is_installed_before_birth
    what_is_no_chain_is_a_bad_request
    altered_certificates_are_refused
    another_tokens_certificates_are_refused
    certificates_are_installed_once
    birth_and_installation_outlive_the_power
    a_ready_token_is_not_born_again
}

const NONCE: [u8; 16] = [3; 16];

fn birth(raw: &mut Raw) -> Result<Vec<u8>, Failure> {
    let id = raw.init()?.id;
    let (command, message) = raw.call(id, Command::Birth, &NONCE)?;
    ensure!(command == Command::Birth.byte(), "BIRTH is answered {command:#x} {message:?}");
    Ok(message)
}

fn install(raw: &mut Raw, chain: &[u8]) -> Result<(u8, Vec<u8>), Failure> {
    let id = raw.init()?.id;
    raw.call(id, Command::Install, chain)
}

const INSTALLED: (u8, Vec<u8>) = (0x91, Vec::new());

fn a_blank_token_says_so_and_opens_nothing(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.blank()?;
    let mut raw = bench.raw_to(&*fob)?;
    let channel = raw.init()?;
    same("serial and state", &(channel.answer.serial, channel.answer.state), &(Serial::default(), TokenState::Blank))?;
    for hint in [[0; 8], bench.vendor.root().0.hint()] {
        let message = [&bench.vendor.root().0.0[..], &hint].concat();
        same("the answer to OPEN", &raw.call(channel.id, Command::Open, &message)?, &error(Status::NotReady))?;
    }
    Ok(())
}

fn a_birth_request_is_genuine(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.blank()?;
    let mut raw = bench.raw_to(&*fob)?;
    let request = birth(&mut raw)?;
    let BirthRequest { signing, .. } = read_unverified(&request)?;
    let request = verify::<RustCrypto, BirthRequest>(&request, &signing, &())?;
    let answer = raw.init()?.answer;
    same("the nonce", &request.nonce, &NONCE)?;
    same("serial and state", &(answer.serial, answer.state), &(request.serial, TokenState::Born))?;
    same("the firmware", &request.firmware, &answer.firmware)?;
    ensure!(request.handshake != request.signing, "both keys are one");
    ensure!(request.serial != Serial::default(), "the serial is zero");
    Ok(())
}

fn a_second_birth_finds_the_same_keys(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.blank()?;
    let mut raw = bench.raw_to(&*fob)?;
    let (first, second) = (birth(&mut raw)?, birth(&mut raw)?);
    let (first, second): (BirthRequest, BirthRequest) = (read_unverified(&first)?, read_unverified(&second)?);
    same("the second request", &second, &first)
}

fn a_birth_needs_a_nonce_of_its_length(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.blank()?;
    let mut raw = bench.raw_to(&*fob)?;
    let id = raw.init()?.id;
    for length in [0, 15, 17, 100] {
        let answer = raw.call(id, Command::Birth, &vec![0; length])?;
        same(&format!("the answer to {length} bytes"), &answer, &error(Status::BadRequest))?;
    }
    same("the state", &raw.init()?.answer.state, &TokenState::Blank)
}

fn nothing_is_installed_before_birth(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.blank()?;
    let mut raw = bench.raw_to(&*fob)?;
    same("the answer", &install(&mut raw, &[0x80; 200])?, &error(Status::NotReady))
}

fn what_is_no_chain_is_a_bad_request(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.blank()?;
    let mut raw = bench.raw_to(&*fob)?;
    birth(&mut raw)?;
    for chain in [&[][..], &[0x84], &[0x83, 0x40, 0x40, 0x40], &[0xff; 300]] {
        same("the answer", &install(&mut raw, chain)?, &error(Status::BadRequest))?;
    }
    same("the state", &raw.init()?.answer.state, &TokenState::Born)
}

fn altered_certificates_are_refused(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.blank()?;
    let mut raw = bench.raw_to(&*fob)?;
    let chain = bench.maker.certify(&birth(&mut raw)?, &NONCE, &mut OsEntropy)?.install;
    for place in (0..chain.len()).step_by(23) {
        let mut altered = chain.clone();
        altered[place] ^= 1;
        let (command, answer) = install(&mut raw, &altered)?;
        let refused = [error(Status::BadRequest).1, error(Status::CertificateRefused).1].contains(&answer);
        ensure!(command == Command::Error.byte() && refused, "byte {place} altered: {command:#x} {answer:?}");
    }
    same("the state", &raw.init()?.answer.state, &TokenState::Born)?;
    same("the answer to the genuine ones", &install(&mut raw, &chain)?, &INSTALLED)
}

fn another_tokens_certificates_are_refused(bench: &mut Bench) -> Result<(), Failure> {
    let (fob, other) = (bench.blank()?, bench.blank()?);
    let mut raw = bench.raw_to(&*fob)?;
    birth(&mut raw)?;
    let request = birth(&mut bench.raw_to(&*other)?)?;
    let chain = bench.maker.certify(&request, &NONCE, &mut OsEntropy)?.install;
    same("the answer", &install(&mut raw, &chain)?, &error(Status::CertificateRefused))?;
    same("the state", &raw.init()?.answer.state, &TokenState::Born)
}

fn certificates_are_installed_once(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.blank()?;
    let mut raw = bench.raw_to(&*fob)?;
    let chain = bench.maker.certify(&birth(&mut raw)?, &NONCE, &mut OsEntropy)?.install;
    same("the answer", &install(&mut raw, &chain)?, &INSTALLED)?;
    same("the state", &raw.init()?.answer.state, &TokenState::Ready)?;
    same("the answer to the same again", &install(&mut raw, &chain)?, &error(Status::AlreadyInstalled))
}

fn birth_and_installation_outlive_the_power(bench: &mut Bench) -> Result<(), Failure> {
    let mut fob = bench.blank()?;
    let needs = || Failure::Needs(crate::Capability::Restart);
    let request = birth(&mut bench.raw_to(&*fob)?)?;
    fob.restart().ok_or_else(needs)??;
    let again = birth(&mut bench.raw_to(&*fob)?)?;
    let (first, second): (BirthRequest, BirthRequest) = (read_unverified(&request)?, read_unverified(&again)?);
    same("the request after a restart", &second, &first)?;
    let serial = certify(&bench.maker, &*fob, bench.patience)?;
    fob.restart().ok_or_else(needs)??;
    let answer = bench.raw_to(&*fob)?.init()?.answer;
    same("serial and state", &(answer.serial, answer.state), &(serial, TokenState::Ready))
}

fn a_ready_token_is_not_born_again(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    same("the answer", &raw.call(id, Command::Birth, &NONCE)?, &error(Status::AlreadyInstalled))
}
