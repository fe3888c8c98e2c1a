//! The durable spend: the token's flash is a file, and the answer leaves once the system has it on its disk.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use keyfob::{OperationId, Status, Units};
use keyfob_crypto::Entropy;
use keyfob_emulator::FlashImage;
use keyfob_issuing::OsEntropy;
use keyfob_store::Statistics;
use keyfob_wire::body::{Request, SpendRequest};

use crate::stand::{FEATURE, Pair, Stand, TODAY};
use crate::workload::{Failure, Work};

/// A spend, both sides, on a flash in a file.
pub(crate) fn ours(folder: &Path) -> Result<Work, Failure> {
    let stand = Stand::new(1, 4)?;
    let path = folder.join("spend.image");
    drop(FlashImage::create(&path)?);
    std::fs::write(&path, stand.flash.content())?;
    let mut pair = stand.pair_on(FlashImage::open(&path)?)?;
    let mut seen = 0;
    Ok(Box::new(move || once(&mut pair, &mut seen)))
}

/// The least that it could cost: 64 bytes overwritten in a file of the same size, and on the disk.
pub(crate) fn floor(folder: &Path) -> Result<Work, Failure> {
    let path = folder.join("floor.image");
    std::fs::write(&path, vec![0; FlashImage::CAPACITY])?;
    let file = OpenOptions::new().write(true).open(&path)?;
    File::sync_all(&file)?;
    let mut place = 0;
    Ok(Box::new(move || {
        place = (place + 320) % (FlashImage::CAPACITY as u64 - 320);
        file.write_all_at(&[7; 64], place)?;
        Ok(file.sync_data()?)
    }))
}

/// What a spend that meets no compaction does to the flash.
pub(crate) fn on_flash() -> Result<Statistics, Failure> {
    let mut pair = Stand::new(1, 4)?.pair()?;
    let mut seen = 0;
    // A power-up's first claim of the time is noted, which takes a barrier of its own.
    once(&mut pair, &mut seen)?;
    loop {
        let before = pair.wire.token.engine().store().statistics();
        once(&mut pair, &mut seen)?;
        let after = pair.wire.token.engine().store().statistics();
        if after.compactions == before.compactions {
            return Ok(Statistics {
                programmed: after.programmed - before.programmed,
                erases: after.erases - before.erases,
                barriers: after.barriers - before.barriers,
                compactions: 0,
            });
        }
    }
}

fn once(pair: &mut Pair, seen: &mut u32) -> Result<(), Failure> {
    let mut operation = OperationId::default();
    OsEntropy.fill(&mut operation.0);
    let spend = SpendRequest { feature: FEATURE, units: Units(1), operation, serial_seen: *seen, time: TODAY };
    let answer = pair.ask(&Request::Spend(spend), |answer| answer.first_chunk().copied())?;
    *seen += 1;
    match answer.map(u16::from_be_bytes).and_then(Status::from_number) {
        Some(Status::Ok) => Ok(()),
        other => Err(format!("the spend is refused: {other:?}").into()),
    }
}
