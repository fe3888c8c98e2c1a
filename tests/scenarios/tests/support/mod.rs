//! A fob on a flash whose power can be cut, on a plain board or on one with a chip secret and an anchor.
#![allow(dead_code)] // Each test uses its part.

pub(crate) mod cast;
pub(crate) mod silicon;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use keyfob_conformance::message_reports;
use keyfob_crypto::RustCrypto;
use keyfob_emulator::EmulatedEntropy;
use keyfob_signed::{Board, Levels, Rights};
use keyfob_store::sim::{Deaf, MemoryFlash, Order, SimError, Tear};
use keyfob_store::{Flash, Key, Store};
use keyfob_token::{Caller, Platform, STORE_KEYS, StartError, Surroundings, Token};
use keyfob_wire::body::{InfoAnswer, Request};
use keyfob_wire::framing::{Assembler, Assembly};
use keyfob_wire::init::{InitAnswer, TokenState};
use keyfob_wire::{
    BootId, ChannelId, Command, Firmware, Frame, Instant, MAX_MESSAGE, PartitionId, ProductId, Report, Serial, Status,
    Subject,
};

use silicon::{AnchoredPlatform, Silicon};

type RawStore = Store<Sim, STORE_KEYS>;

/// Whether blank flashes are of the board with a chip secret and an anchor: what the test's file is about.
const IS_ANCHORED: bool =
    matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"power_cuts_anchored" | b"at_rest" | b"rolled_back");

pub(crate) const NONCE: [u8; 16] = [6; 16];
pub(crate) const GUEST: Asker = Asker::Guest;
pub(crate) const APP: Asker = Asker::App;

/// Who asks.
#[derive(Clone, Copy)]
pub(crate) enum Asker {
    Guest,
    /// An app with all rights, of the vendor that is at the first place when it asks first.
    App,
}

type Memory = MemoryFlash<{ 64 * 1024 }, 4096, 4>;

/// The flash, which stays when the fob goes. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Sim(Arc<Mutex<Chip>>);

struct Chip {
    memory: Box<Memory>,
    /// What a board with a chip secret has besides.
    silicon: Option<Silicon>,
    /// Each operation's first step and how many it took, while that is recorded.
    recorded: Option<Vec<(u64, u64)>>,
    erases: u64,
}

impl Sim {
    /// Blank, of the board that the test is about.
    pub(crate) fn new() -> Self {
        Self::of(Box::new(Memory::new()), IS_ANCHORED.then(|| Silicon::new([7; 32])))
    }

    fn of(memory: Box<Memory>, silicon: Option<Silicon>) -> Self {
        Self(Arc::new(Mutex::new(Chip { memory, silicon, recorded: None, erases: 0 })))
    }

    /// The same content on another chip.
    pub(crate) fn on(&self, silicon: Option<Silicon>) -> Self {
        Self::of(self.chip().memory.clone(), silicon)
    }

    /// The values as they are stored, read without any secret.
    pub(crate) fn raw(&self) -> BTreeMap<Key, Vec<u8>> {
        let mut store = RawStore::mount(self.clone()).unwrap();
        let keys: Vec<_> = store.keys().collect();
        let mut buffer = vec![0; keyfob_store::MAX_VALUE];
        keys.into_iter().map(|key| (key, store.get(key, &mut buffer).unwrap().unwrap().to_vec())).collect()
    }

    /// Writes a value as it is stored, or removes it, as whoever has the flash in hand can.
    pub(crate) fn forge(&self, key: Key, value: Option<&[u8]>) {
        let mut store = RawStore::mount(self.clone()).unwrap();
        let mut transaction = store.begin();
        match value {
            Some(value) => transaction.put(key, value).unwrap(),
            None => transaction.remove(key).unwrap(),
        }
        transaction.commit().unwrap();
    }

    /// Does something with the chip that has a secret.
    pub(crate) fn silicon<R>(&self, operate: impl FnOnce(&mut Silicon) -> R) -> R {
        operate(self.chip().silicon.as_mut().expect("a board with a chip secret"))
    }

    /// Puts back the content of another flash; the chip stays as it is.
    pub(crate) fn put_back(&self, earlier: &Self) {
        let memory = earlier.chip().memory.clone();
        self.chip().memory = memory;
    }

    fn chip(&self) -> MutexGuard<'_, Chip> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another one that holds the same.
    pub(crate) fn copy(&self) -> Self {
        let chip = self.chip();
        Self::of(chip.memory.clone(), chip.silicon.clone())
    }

    pub(crate) fn cut_after(&self, steps: u64, order: Order, tear: Tear) {
        let mut chip = self.chip();
        chip.memory.set_damage(order, tear);
        chip.memory.cut_after(steps);
    }

    pub(crate) fn restart(&self) {
        let mut chip = self.chip();
        chip.memory.restart();
        if let Some(silicon) = &mut chip.silicon {
            silicon.otp.restart();
        }
    }

    pub(crate) fn powered(&self) -> bool {
        let chip = self.chip();
        chip.memory.powered() && chip.has_power()
    }

    pub(crate) fn steps(&self) -> u64 {
        self.chip().memory.steps()
    }

    pub(crate) fn erases(&self) -> u64 {
        self.chip().erases
    }

    /// Whether these bytes lie anywhere in it.
    pub(crate) fn holds(&self, bytes: &[u8]) -> bool {
        let mut chip = self.chip();
        let mut content = vec![0; chip.memory.capacity()];
        chip.memory.read(0, &mut content).unwrap();
        content.windows(bytes.len()).any(|window| window == bytes)
    }

    pub(crate) fn make_deaf(&self) {
        self.chip().memory.set_deaf(Deaf::Always);
    }

    /// Records operations from now on.
    pub(crate) fn begin_recording(&self) {
        self.chip().recorded = Some(Vec::new());
    }

    pub(crate) fn recorded(&self) -> Vec<(u64, u64)> {
        self.chip().recorded.take().unwrap_or_default()
    }

    fn operate<T>(&self, operate: impl FnOnce(&mut Memory) -> Result<T, SimError>) -> Result<T, SimError> {
        let mut chip = self.chip();
        if !chip.has_power() {
            return Err(SimError::PowerLost);
        }
        let start = chip.memory.steps();
        let result = operate(&mut chip.memory);
        let steps = chip.memory.steps() - start;
        if steps > 0
            && let Some(recorded) = &mut chip.recorded
        {
            recorded.push((start, steps));
        }
        result
    }
}

impl Chip {
    /// Whether the power wasn't cut in the one-time-programmable memory.
    fn has_power(&self) -> bool {
        self.silicon.as_ref().is_none_or(|silicon| silicon.otp.powered())
    }
}

impl ErrorType for Sim {
    type Error = SimError;
}

impl ReadNorFlash for Sim {
    const READ_SIZE: usize = Memory::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
        let mut chip = self.chip();
        if chip.has_power() { chip.memory.read(offset, bytes) } else { Err(SimError::PowerLost) }
    }

    fn capacity(&self) -> usize {
        self.chip().memory.capacity()
    }
}

impl NorFlash for Sim {
    const WRITE_SIZE: usize = Memory::WRITE_SIZE;
    const ERASE_SIZE: usize = Memory::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), SimError> {
        self.chip().erases += 1;
        self.operate(|memory| memory.erase(from, to))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
        self.operate(|memory| memory.write(offset, bytes))
    }
}

impl Flash for Sim {
    fn barrier(&mut self) -> Result<(), SimError> {
        self.operate(Flash::barrier)
    }
}

/// A board on such a flash.
struct SimPlatform(EmulatedEntropy);

impl Platform for SimPlatform {
    type Crypto = RustCrypto;
    type Flash = Sim;
    type Entropy = EmulatedEntropy;

    const BOARD: Board = Board::EMULATOR;
    const LEVELS: Levels = Levels::EMULATED;
    const FIRMWARE: Firmware = Firmware([0, 1, 0]);

    fn entropy(&mut self) -> &mut EmulatedEntropy {
        &mut self.0
    }

    fn identify(&mut self, _: bool) {}
}

/// A token of any board.
trait Powered {
    fn life(&mut self) -> TokenState;
    fn serial(&mut self) -> Serial;
    fn execute(&mut self, caller: &Caller, request: &[u8], around: &Surroundings, out: &mut [u8]) -> usize;
    fn take(&mut self, report: &Report);
    fn give(&mut self) -> Option<Report>;
}

impl<P: Platform> Powered for Token<P> {
    fn life(&mut self) -> TokenState {
        self.engine().life()
    }

    fn serial(&mut self) -> Serial {
        self.engine().serial()
    }

    fn execute(&mut self, caller: &Caller, request: &[u8], around: &Surroundings, out: &mut [u8]) -> usize {
        self.engine().execute(caller, request, Instant(0), around, out)
    }

    fn take(&mut self, report: &Report) {
        self.on_report(Instant(0), report);
    }

    fn give(&mut self) -> Option<Report> {
        self.poll(Instant(0))
    }
}

/// A fob with power.
pub(crate) struct Fob(Box<dyn Powered>, Option<PartitionId>, Sim);

impl Fob {
    pub(crate) fn start(flash: &Sim) -> Result<Self, StartError> {
        let has_secret = flash.chip().silicon.is_some();
        let token: Box<dyn Powered> = if has_secret {
            Box::new(Token::start(AnchoredPlatform::new(flash), flash.clone())?)
        } else {
            Box::new(Token::start(SimPlatform(EmulatedEntropy::system()), flash.clone())?)
        };
        Ok(Self(token, None, flash.clone()))
    }

    /// What it keeps its state on.
    pub(crate) fn flash(&self) -> &Sim {
        &self.2
    }

    pub(crate) fn life(&mut self) -> TokenState {
        self.0.life()
    }

    pub(crate) fn serial(&mut self) -> Serial {
        self.0.serial()
    }

    /// Asks the engine, as a session would.
    pub(crate) fn ask(&mut self, asker: Asker, request: &Request<'_>) -> Result<Vec<u8>, Status> {
        let caller = match asker {
            Asker::Guest => Caller::Guest,
            Asker::App => self.app(),
        };
        self.execute(&caller, request)
    }

    fn app(&mut self) -> Caller {
        if self.1.is_none() {
            let info = self.execute(&Caller::Guest, &Request::Info).unwrap();
            self.1 = InfoAnswer::parse(&info).unwrap().partitions.next().map(|partition| partition.partition);
        }
        Caller::App {
            partition: 0,
            id: self.1.unwrap_or_default(),
            root_changes: 0,
            product: ProductId(0),
            rights: Rights::ALL,
            epoch: 1,
            subject: Subject(*b"the app "),
        }
    }

    fn execute(&mut self, caller: &Caller, request: &Request<'_>) -> Result<Vec<u8>, Status> {
        let (mut bytes, mut out) = (vec![0; MAX_MESSAGE], vec![0; MAX_MESSAGE]);
        let length = request.write(&mut bytes).unwrap();
        let around = Surroundings { boot: BootId([1; 8]), sessions: 1, ..Surroundings::default() };
        let length = self.0.execute(caller, &bytes[..length], &around, &mut out);
        let (status, body) = out[..length].split_first_chunk().unwrap();
        match Status::from_number(u16::from_be_bytes(*status)).unwrap() {
            Status::Ok => Ok(body.to_vec()),
            refused => Err(refused),
        }
    }

    pub(crate) fn birth(&mut self) -> Result<Vec<u8>, Status> {
        self.call(Command::Birth, &NONCE)
    }

    pub(crate) fn install(&mut self, certificates: &[u8]) -> Result<(), Status> {
        self.call(Command::Install, certificates).map(|_| ())
    }

    /// Sends a message outside sessions.
    fn call(&mut self, command: Command, message: &[u8]) -> Result<Vec<u8>, Status> {
        let (_, init) = self.exchange(ChannelId::BROADCAST, Command::Init, &[2; 8]);
        let channel = InitAnswer::parse(&init).unwrap().channel;
        match self.exchange(channel, command, message) {
            (found, answer) if found == command.byte() => Ok(answer),
            (_, status) => Err(Status::from_number(u16::from_be_bytes(status.try_into().unwrap())).unwrap()),
        }
    }

    fn exchange(&mut self, channel: ChannelId, command: Command, message: &[u8]) -> (u8, Vec<u8>) {
        for report in message_reports(channel, command, message) {
            self.0.take(&report);
        }
        let mut assembler = Assembler::<MAX_MESSAGE>::new();
        while let Some(report) = self.0.give() {
            if let Assembly::Complete { command, .. } = assembler.on_frame(Instant(0), &Frame::parse(&report)) {
                return (command, assembler.message().to_vec());
            }
        }
        panic!("no answer")
    }
}
