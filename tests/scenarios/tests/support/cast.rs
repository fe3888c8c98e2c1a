//! The cast of the sweeps: a fob, a vendor, a licence, and what is done to them.

use keyfob_issuing::{Issued, Maker, OsEntropy, TokenRecord, Vendor, VendorKind};
use keyfob_scenarios::{COUNTED, SLOT, TIMED, TODAY, licence};
use keyfob_signed::TEST_MAKER_ROOT;
use keyfob_store::sim::{Order, Tear};
use keyfob_wire::body::{
    CounterRequest, EndorseRequest, EnrolAnswer, EnrolRequest, ListRequest, Request, SpendAnswer, SpendRequest,
    UnlockRequest,
};
use keyfob_wire::{OperationId, ProductId, Status, Units, UpdateFile, VendorHint};

use super::{APP, Fob, GUEST, NONCE, Sim};

/// What a cut may leave behind: everything that was begun, or only what was before the last barrier; torn cleanly or
/// not.
pub(crate) const DAMAGES: [(Order, Tear); 3] =
    [(Order::Kept, Tear::Clean), (Order::Subset(0), Tear::Bits(7)), (Order::Subset(0b0101), Tear::Garbled(8))];

/// Where the power goes: at the beginning of each operation, in its middle, and in its last step.
pub(crate) fn cut_points(flash: &Sim, operate: impl FnOnce(&mut Fob)) -> Vec<u64> {
    let trial = flash.copy();
    let before = trial.steps();
    let mut fob = Fob::start(&trial).unwrap();
    trial.begin_recording();
    operate(&mut fob);
    let mut points: Vec<u64> = trial
        .recorded()
        .into_iter()
        .flat_map(|(start, steps)| [start, start + steps / 2, start + steps - 1])
        .map(|step| step - before)
        .collect();
    points.sort_unstable();
    points.dedup();
    assert!(!points.is_empty(), "nothing is written");
    points
}

/// Cuts the power at each point of what `operate` does, which tells how much was answered, and shows what is left.
pub(crate) fn sweep(
    name: &str,
    flash: &Sim,
    mut operate: impl FnMut(&mut Fob) -> u32,
    mut judge: impl FnMut(&mut Fob, u32, &str),
) -> usize {
    let points = cut_points(flash, |fob| {
        operate(fob);
    });
    let mut cuts = 0;
    for (order, tear) in DAMAGES {
        for point in &points {
            let cut = flash.copy();
            cut.cut_after(*point, order, tear);
            let answered = Fob::start(&cut).map_or(0, |mut fob| operate(&mut fob));
            assert!(!cut.powered(), "{name}: nothing was cut at {point}");
            cut.restart();
            let place = format!("{name}, cut after {point} steps, {order:?}, {tear:?}, {answered} answered");
            let mut fob = Fob::start(&cut).unwrap_or_else(|error| panic!("{place}: {error}"));
            judge(&mut fob, answered, &place);
            cuts += 1;
        }
    }
    println!("{name}: {cuts} cuts, {} places", points.len());
    cuts
}

/// A fob that is ready, a vendor on it, and the licence.
pub(crate) struct Cast {
    pub(crate) vendor: Vendor,
    pub(crate) flash: Sim,
    pub(crate) record: TokenRecord,
    pub(crate) key: keyfob_crypto::Secret<32>,
}

pub(crate) const SOLD: u32 = 1_000;

impl Cast {
    pub(crate) fn new() -> Self {
        Self::on(Sim::new())
    }

    /// On a flash that is blank.
    pub(crate) fn on(flash: Sim) -> Self {
        let (maker, vendor) = (Maker::test().unwrap(), Vendor::create(VendorKind::Test, &mut OsEntropy));
        let mut fob = Fob::start(&flash).unwrap();
        let request = fob.birth().unwrap();
        fob.install(&maker.certify(&request, &NONCE, &mut OsEntropy).unwrap().install).unwrap();
        let record = enrol(&mut fob, &vendor).unwrap();
        let key = keyfob_crypto::Secret::random(&mut OsEntropy);
        let Issued { file, record } = vendor.issue(&record, &licence(SOLD, &key), &mut OsEntropy).unwrap();
        apply(&mut fob, &file).unwrap();
        drop(fob);
        flash.restart();
        Self { vendor, flash, record, key }
    }

    pub(crate) fn hint(&self) -> Option<VendorHint> {
        Some(VendorHint(self.vendor.root().0.hint()))
    }
}

pub(crate) fn enrol(fob: &mut Fob, vendor: &Vendor) -> Result<TokenRecord, Status> {
    let vendor_root = vendor.root().0.0;
    let answer = fob.ask(GUEST, &Request::Enrol(EnrolRequest { vendor_root, nonce: NONCE }))?;
    let answer = EnrolAnswer::parse(&answer).unwrap();
    let endorsed = vendor.endorse(fob.serial(), &NONCE, &answer, &[TEST_MAKER_ROOT], &mut OsEntropy).unwrap();
    fob.ask(GUEST, &Request::Endorse(EndorseRequest { endorsement: &endorsed.bytes }))?;
    Ok(TokenRecord::new(&endorsed))
}

pub(crate) fn apply(fob: &mut Fob, file: &[u8]) -> Result<Vec<u8>, Status> {
    fob.ask(GUEST, &Request::Apply(UpdateFile::parse(file).unwrap()))
}

/// All that an app can see, and whether each secret can be unlocked.
pub(crate) fn state(fob: &mut Fob, sealed: &[&[u8]]) -> Vec<Result<Vec<u8>, Status>> {
    let mut seen = vec![
        fob.ask(APP, &Request::List(ListRequest { hint: None, start: ProductId(0) })),
        fob.ask(APP, &Request::Login),
        fob.ask(APP, &Request::Counter(CounterRequest { feature: COUNTED })),
        fob.ask(APP, &Request::Counter(CounterRequest { feature: TIMED })),
    ];
    seen.extend(sealed.iter().map(|sealed| {
        let (feature, slot, time) = (COUNTED, SLOT, TODAY);
        fob.ask(APP, &Request::Unlock(UnlockRequest { feature, slot, time, sealed }))
    }));
    seen
}

/// Spends in order, each with its own operation id; ends with the first that isn't answered.
pub(crate) fn spend(fob: &mut Fob, first: u32, number: u32) -> u32 {
    let spends = (first..first + number).take_while(|serial| spend_one(fob, *serial).is_ok());
    u32::try_from(spends.count()).unwrap()
}

/// The spend that the counter's serial `seen` belongs to, of three units.
pub(crate) fn spend_one(fob: &mut Fob, seen: u32) -> Result<SpendAnswer, Status> {
    let mut operation = OperationId(*b"spend   ");
    operation.0[4..].copy_from_slice(&seen.to_be_bytes());
    let request = SpendRequest { feature: COUNTED, units: Units(3), operation, serial_seen: seen, time: TODAY };
    fob.ask(APP, &Request::Spend(request)).map(|body| SpendAnswer::parse(&body).unwrap())
}

pub(crate) fn left(fob: &mut Fob) -> SpendAnswer {
    SpendAnswer::parse(&fob.ask(APP, &Request::Counter(CounterRequest { feature: COUNTED })).unwrap()).unwrap()
}

/// Cuts `number` spends after `done` others, and shows that each of them happens exactly once in the end.
pub(crate) fn spends(name: &str, flash: &Sim, done: u32, number: u32) -> usize {
    sweep(
        name,
        flash,
        |fob| spend(fob, done, number),
        |fob, answered, place| {
            let found = left(fob);
            let happened = found.spend_serial - done;
            assert!(happened == answered || happened == answered + 1, "{place}: {happened} happened");
            assert_eq!(found.remaining.0, SOLD - 3 * found.spend_serial, "{place}");
            // The app asks for all of them again, as after a crash.
            for seen in done..done + number {
                let outcome = spend_one(fob, seen).unwrap();
                let once = (outcome.remaining.0, outcome.spend_serial);
                assert_eq!(once, (SOLD - 3 * (seen + 1), seen + 1), "{place}: spend {seen} asked again");
            }
            let end = left(fob);
            assert_eq!((end.remaining.0, end.spend_serial), (SOLD - 3 * (done + number), done + number), "{place}");
        },
    )
}
