//! The conformance suite's way to boards.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyfob::Connect;
use keyfob_conformance::{Failure, Fob, Rig};
use keyfob_issuing::{Maker, OsEntropy};
use keyfob_signed::{Levels, MakerRoot};

use crate::{Board, Image};

/// As many boards as one asks for, blank.
pub struct Boards {
    image: Image,
    seed: u64,
    keep: Keep,
    /// Who makes them: one of real tokens.
    maker: Option<Maker>,
    root: MakerRoot,
}

/// What is done with the first board besides.
pub type Keep = Arc<Mutex<Option<Arc<Board>>>>;

/// A public-key operation takes seconds of a busy machine's time, and a handshake is given a third of this.
const PATIENCE: Duration = Duration::from_secs(120);
/// Cases count seconds between two requests, of which a Cortex-M0+ would need one to compute an answer: here it needs a
/// hundredth.
const HASTE: u32 = 100;
/// How long two changes of a light are apart that shows which fob it is (`docs/firmware.md`).
const IDENTIFY: u64 = 200;

impl Boards {
    /// Boards whose randomness follows from a seed. The first is put where the caller finds it as well.
    ///
    /// # Errors
    /// If there is no maker of tokens like these.
    pub fn new(image: &Image, seed: u64, keep: &Keep) -> Result<Self, Failure> {
        let maker = Maker::create(Levels::OPEN, &mut OsEntropy)?;
        let root = maker.root();
        Ok(Self { image: image.clone(), seed, keep: Arc::clone(keep), maker: Some(maker), root })
    }

    fn plug(&mut self) -> Result<Arc<Board>, Failure> {
        self.seed = self.seed.wrapping_add(1);
        let board = Arc::new(Board::start(&self.image, self.seed)?);
        board.hasten(HASTE)?;
        let mut kept = self.keep.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get_or_insert_with(|| Arc::clone(&board));
        Ok(board)
    }
}

impl Rig for Boards {
    fn fob(&mut self) -> Result<Box<dyn Fob>, Failure> {
        Ok(Box::new(Plugged(self.plug()?, self.root)))
    }

    fn blank(&mut self) -> Option<Result<Box<dyn Fob>, Failure>> {
        Some(self.fob())
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn maker(&mut self) -> Result<Maker, Failure> {
        self.maker.take().ok_or_else(|| Failure::Broken("the maker is somebody else's".to_owned()))
    }
}

struct Plugged(Arc<Board>, MakerRoot);

impl Fob for Plugged {
    fn way(&self) -> Box<dyn Connect> {
        Box::new(self.0.uri())
    }

    fn restart(&mut self) -> Option<io::Result<()>> {
        Some(self.0.power_cycle().map(drop))
    }

    fn advance(&mut self, milliseconds: u64) -> bool {
        self.0.advance(milliseconds).is_ok()
    }

    fn light(&self) -> Option<bool> {
        let light = self.0.light(IDENTIFY + 60).ok()?;
        Some(light.changes > 0 && light.shortest >= IDENTIFY)
    }

    fn maker(&self) -> MakerRoot {
        self.1
    }
}
