//! An app's first program: may the feature Export be used?
//!
//! `KEYFOB_TOKEN=unix:… KEYFOB_APP=cad.app cargo run --example first_check`

use keyfob::{Client, Error, FeatureId, Units, Verdict};

const EXPORT: FeatureId = FeatureId(42);

pub(crate) fn export(credential: &[u8], token: &str) -> Result<Units, Error> {
    let client = Client::builder(credential).token(token).accept_emulated().open()?;
    let session = client.login(EXPORT)?;
    match session.check()? {
        Verdict::Full(_) => Ok(session.spend(Units(1))?.remaining),
        Verdict::Denied(refusal) => Err(refusal.into()),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (token, app) = (std::env::var("KEYFOB_TOKEN")?, std::env::var("KEYFOB_APP")?);
    match export(&std::fs::read(app)?, &token) {
        Ok(left) => println!("exported; {left} exports left"),
        Err(error) => println!("error: {error} [{}]\nhint:  {}", error.code(), error.hint()),
    }
    Ok(())
}
