//! `keyfob prove`.

use std::path::PathBuf;

use clap::Args;
use keyfob::Challenge;
use keyfob_licence::Proof;
use keyfob_terminal::{Exit, Failure, Global, Privacy, write_new};

use super::receipt::Nonce;
use crate::app::App;
use crate::command::inspect::signed_tree;
use crate::{proof, value};

#[derive(Args)]
pub(super) struct Prove {
    #[command(flatten)]
    app: App,
    /// For whom the proof is, 1 to 64 bytes, such as a server's address
    #[arg(long)]
    audience: String,
    /// The audience's nonce, 32 to 128 hexadecimal digits
    #[arg(long, value_name = "HEX", value_parser = |text: &str| value::nonce(text).map(Nonce))]
    nonce: Nonce,
    /// What app and audience have agreed upon, at most 64 bytes
    #[arg(long, default_value = "")]
    context: String,
    /// Where to write the proof file; nothing is overwritten
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Prove {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        if !(16..=64).contains(&self.nonce.0.len()) {
            return Err(Failure::usage("the nonce of a proof is 32 to 128 hexadecimal digits"));
        }
        if !(1..=64).contains(&self.audience.len()) || self.context.len() > 64 {
            return Err(Failure::usage("an audience has 1 to 64 bytes, a context at most 64"));
        }
        let opened = self.app.open(global)?;
        let challenge = Challenge { audience: &self.audience, nonce: &self.nonce.0, context: self.context.as_bytes() };
        let given = opened.session.prove(&challenge).map_err(|error| self.app.failed(error))?;
        let verified = proof::by_token::<Proof<'_>>(&given.proof, &given.endorsement, opened.vendor, given.serial);
        let (endorsement, decision) = verified.map_err(|_| keyfob::Error::NotGenuine)?;
        let bytes = given.to_file()?;
        if let Some(out) = &self.out {
            write_new(out, &bytes, Privacy::Public)?;
        }
        let tree = || signed_tree(given.serial, &endorsement, "proof", &*decision);
        global.print("keyfob.prove.v1", &tree().with("file", value::to_hex(&bytes)), tree)?;
        if let Some(out) = self.out {
            global.note(format_args!("proof written to {}", out.display()));
        }
        Ok(Exit::Done)
    }
}
