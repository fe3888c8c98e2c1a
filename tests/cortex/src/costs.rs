//! What each command costs the token: instructions and stack, as the image counts them.

mod figure;
mod pinned;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use keyfob_conformance::{Bench, Direct, Raw};
use keyfob_scenarios::Rows;
use keyfob_wire::VendorHint;

use crate::board::{Board, Seeds};
use crate::calculations::Cost;
use crate::machine::{Image, Pace};
use figure::Figures;
use pinned::Pinned;

/// What commands cost, by their names.
pub(crate) type Costs = Vec<(String, Cost)>;

/// Long enough for what is counted, which is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures, prints, and compares with what is recorded, or records it.
///
/// # Errors
/// If something can't be measured, or costs more than is recorded.
pub(crate) fn run(image: &Image, record: &Path, anew: bool) -> Result<()> {
    let figures = Figures::measure(image)?;
    let costs = commands(image)?;
    print!("{}", pinned::table(&costs, &figures));
    let pinned = Pinned::new(&costs, &figures);
    if anew {
        return pinned.write(record);
    }
    pinned.compare(&Pinned::read(record)?)
}

/// Everything that a token can be asked, each once.
fn commands(image: &Image) -> Result<Costs> {
    let boards = Boards::default();
    let (made, image) = (boards.clone(), image.clone());
    let rig = Direct::new(move || {
        let board = Board::start(&image, Pace::Counted, Seeds::Numbered(0))?;
        made.0.lock().unwrap_or_else(PoisonError::into_inner).push(board.clone());
        Ok(board)
    });
    let mut bench = Bench::new(rig).map_err(|failure| anyhow!("{failure:?}"))?;
    bench.patience = PATIENCE;
    let (read, log) = (boards.clone(), Arc::new(Mutex::new(Vec::new())));
    let (logged, mut numbers) = (Arc::clone(&log), 0);
    // A row's second number is a difference of sums: which reading its cost is.
    let rows = Rows::of(
        &mut bench,
        Box::new(move || {
            let (sent, cost) = read.cost().unwrap_or_default();
            let mut logged = logged.lock().unwrap_or_else(PoisonError::into_inner);
            numbers += logged.len() as u64;
            logged.push(cost);
            (u64::from(sent), numbers)
        }),
    );
    let mut costs = Costs::new();
    let log = log.lock().unwrap_or_else(PoisonError::into_inner);
    for (command, what, (_, reading)) in rows.all() {
        // It is measured below, step by step.
        if *command != OPENING {
            let cost = usize::try_from(*reading).ok().and_then(|reading| log.get(reading)).context("not counted")?;
            let name = if what.is_empty() { (*command).to_owned() } else { format!("{command}, {what}") };
            costs.push((name, cost.clone()));
        }
    }
    opening(&mut bench, &boards, &mut costs)?;
    Ok(costs)
}

/// The row of a session's opening, which has INIT in it.
const OPENING: &str = "OPEN, FINISH";

/// A cold open, and the start of a token that has licences.
fn opening(bench: &mut Bench, boards: &Boards, costs: &mut Costs) -> Result<()> {
    let failed = |failure| anyhow!("{failure:?}");
    boards.cost()?;
    bench.fob.restart().context("no restart")??;
    costs.push(("power-up".to_owned(), boards.cost()?.1));
    let mut raw = Raw::new(bench.fob.way().connect()?, PATIENCE);
    let channel = raw.init().map_err(failed)?;
    costs.push(("cold open: INIT".to_owned(), boards.cost()?.1));
    let credential = keyfob_signed::AppCredential::parse(&bench.app).map_err(|_| anyhow!("the credential"))?;
    let begun = raw.begin(&channel, VendorHint(credential.vendor.0.hint())).map_err(failed)?;
    costs.push(("cold open: OPEN".to_owned(), boards.cost()?.1));
    let key = keyfob_crypto::AgreementKey::from_secret(&credential.secret)?;
    let login = keyfob_wire::body::Request::Login;
    let (message, secured) = begun
        .as_app(&credential.vendor, channel.answer.serial, &key, credential.certificate, &login)
        .map_err(failed)?;
    let answer = raw.finish(channel.id, &message).map_err(failed)?;
    costs.push(("cold open: FINISH".to_owned(), boards.cost()?.1));
    raw.opened(channel.id, secured, answer).map_err(failed)?;
    Ok(())
}

/// All boards that were started.
#[derive(Clone, Default)]
struct Boards(Arc<Mutex<Vec<Board>>>);

impl Boards {
    /// How many reports were sent to any, and what the one that worked has cost since this was asked last.
    fn cost(&self) -> std::io::Result<(u32, Cost)> {
        let (mut all, mut worked) = (0, Cost::default());
        for board in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let (sent, cost) = board.cost()?;
            all += sent;
            if cost.instructions > worked.instructions {
                worked = cost;
            }
        }
        Ok((all, worked))
    }
}
