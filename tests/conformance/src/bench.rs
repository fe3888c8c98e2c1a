//! A token that is ready and licensed, everybody who has to do with it, and every way to it.

use std::io;
use std::time::Duration;

use keyfob::{Client, Connect, Guest, Serial, Transport, UnixTime};
use keyfob_crypto::{Entropy, Secret};
use keyfob_issuing::{Issued, Maker, OsEntropy, Step, TokenRecord, UpdatePlan, Vendor, VendorKind};
use keyfob_signed::{MakerRoot, Rights, TEST_MAKER_ROOT};
use keyfob_wire::body::EnrolAnswer;
use keyfob_wire::init::TokenState;
use keyfob_wire::{FeatureId, ProductId, Slot, Subject, Units};

use crate::licence::{COUNTED, SOLD, TODAY, private, public};
use crate::{Capability, Failure, Raw};

/// How tokens are reached: what another transport adds.
pub trait Rig {
    /// Gives the token that most cases share: blank, or of the test maker and with room for a vendor.
    ///
    /// # Errors
    /// If there is none.
    fn fob(&mut self) -> Result<Box<dyn Fob>, Failure>;

    /// Gives another token, which is blank, if the rig has any.
    fn blank(&mut self) -> Option<Result<Box<dyn Fob>, Failure>> {
        None
    }

    /// How long an answer may take: long enough for a loaded machine; nobody waits that long unless something is lost.
    fn patience(&self) -> Duration {
        Duration::from_secs(5)
    }

    /// Gives who makes the rig's tokens: the published test maker, unless they are real.
    ///
    /// # Errors
    /// If there is none.
    fn maker(&mut self) -> Result<Maker, Failure> {
        Ok(Maker::test()?)
    }
}

/// A token and what the rig can do with it.
pub trait Fob {
    /// A way to it.
    fn way(&self) -> Box<dyn Connect>;

    /// Pulls it out and plugs it in again; none if the rig can't.
    fn restart(&mut self) -> Option<io::Result<()>> {
        None
    }

    /// Lets milliseconds pass for it at once; false if the rig can't.
    fn advance(&mut self, milliseconds: u64) -> bool {
        let _ = milliseconds;
        false
    }

    /// Whether it shows itself; none if the rig can't see that.
    fn light(&self) -> Option<bool> {
        None
    }

    /// Whom one trusts to have made it.
    fn maker(&self) -> MakerRoot {
        TEST_MAKER_ROOT
    }
}

/// What the cases run on.
pub struct Bench {
    rig: Box<dyn Rig>,
    /// The token that most cases share.
    pub fob: Box<dyn Fob>,
    /// How long an answer may take.
    pub patience: Duration,
    /// Who made the token.
    pub maker: Maker,
    /// What vendors are: those of real tokens aren't those of emulated ones.
    pub kind: VendorKind,
    /// Who sells licences on it.
    pub vendor: Vendor,
    /// Somebody else who sells licences.
    pub stranger: Vendor,
    /// The credential of an app of the vendor's with all rights.
    pub app: Vec<u8>,
    /// What the vendor remembers of the token.
    pub record: TokenRecord,
    /// The key of the counted feature's slot 0.
    pub feature_key: Secret<32>,
}

impl Bench {
    /// Makes the rig's token ready and licenses it.
    ///
    /// # Errors
    /// If the token doesn't let that be done.
    pub fn new(mut rig: impl Rig + 'static) -> Result<Self, Failure> {
        let (fob, patience) = (rig.fob()?, rig.patience());
        let (maker, entropy) = (rig.maker()?, &mut OsEntropy);
        let kind = if maker.levels().is_emulated() { VendorKind::Test } else { VendorKind::Production };
        let vendor = Vendor::create(kind, entropy);
        if Raw::new(fob.way().connect()?, patience).init()?.answer.state != TokenState::Ready {
            certify(&maker, &*fob, patience)?;
        }
        let record = enrol(&vendor, &*fob, patience)?;
        let mut bench = Self {
            rig: Box::new(rig),
            fob,
            patience,
            app: vendor.app(Subject(*b"all apps"), ProductId(0), Rights::ALL, entropy)?,
            stranger: Vendor::create(kind, entropy),
            feature_key: Secret::random(entropy),
            maker,
            kind,
            vendor,
            record,
        };
        let key = bench.feature_key.clone();
        bench.apply(UpdatePlan {
            issued: TODAY,
            grants: vec![public(), private()],
            steps: vec![
                Step::SetCounter { feature: COUNTED, units: SOLD },
                Step::InstallKey { feature: COUNTED, slot: Slot(0), key },
            ],
        })?;
        Ok(bench)
    }

    /// The serial of the shared token.
    #[must_use]
    pub fn serial(&self) -> Serial {
        self.record.serial
    }

    /// A connection to the shared token that may send anything.
    ///
    /// # Errors
    /// If the token isn't there.
    pub fn raw(&self) -> Result<Raw, Failure> {
        self.raw_to(&*self.fob)
    }

    /// A connection to a token that may send anything.
    ///
    /// # Errors
    /// If the token isn't there.
    pub fn raw_to(&self, fob: &dyn Fob) -> Result<Raw, Failure> {
        Ok(Raw::new(fob.way().connect()?, self.patience).trusting(fob.maker()))
    }

    /// A session without a credential with the shared token.
    ///
    /// # Errors
    /// If the token refuses.
    pub fn guest(&self) -> Result<Guest, Failure> {
        guest(&*self.fob, self.patience)
    }

    /// A session of the vendor's app with the shared token, on whose clock it is 1 December 2026.
    ///
    /// # Errors
    /// If the token refuses.
    pub fn client(&self) -> Result<Client, Failure> {
        Ok(self.open(&self.app, TODAY)?)
    }

    /// A session of an app with the shared token, on whose clock it is `time`.
    ///
    /// # Errors
    /// If the token refuses.
    pub fn open(&self, credential: &[u8], time: UnixTime) -> Result<Client, keyfob::Error> {
        Client::builder(credential)
            .transport("the bench", Way(self.fob.way()))
            .accept_emulated()
            .timeout(self.patience)
            .time(move || time)
            .open()
    }

    /// An app of the vendor's with some rights for one product.
    ///
    /// # Errors
    /// If signing fails.
    pub fn app_with(&self, product: ProductId, rights: Rights) -> Result<Vec<u8>, Failure> {
        Ok(self.vendor.app(Subject(*b"one app "), product, rights, &mut OsEntropy)?)
    }

    /// Signs the next update of the shared token; it isn't remembered as issued.
    ///
    /// # Errors
    /// If the plan makes no sense.
    pub fn issue(&self, plan: &UpdatePlan) -> Result<Issued, Failure> {
        Ok(self.vendor.issue(&self.record, plan, &mut OsEntropy)?)
    }

    /// Signs the next update of the shared token and applies it.
    ///
    /// # Errors
    /// If the token refuses.
    pub fn apply(&mut self, plan: UpdatePlan) -> Result<(), Failure> {
        let issued = self.issue(&plan)?;
        self.guest()?.apply(&issued.file)?;
        self.record = issued.record;
        Ok(())
    }

    /// Sets the counter of the counted feature.
    ///
    /// # Errors
    /// If the token refuses.
    pub fn set_counter(&mut self, units: u32) -> Result<(), Failure> {
        self.apply(steps(vec![Step::SetCounter { feature: COUNTED, units: Units(units) }]))
    }

    /// Another token, blank.
    ///
    /// # Errors
    /// [`Failure::Needs`] if the rig has none.
    pub fn blank(&mut self) -> Result<Box<dyn Fob>, Failure> {
        self.rig.blank().ok_or(Failure::Needs(Capability::FreshToken))?
    }

    /// Another token, with certificates.
    ///
    /// # Errors
    /// [`Failure::Needs`] if the rig has none.
    pub fn fresh(&mut self) -> Result<Box<dyn Fob>, Failure> {
        let fob = self.blank()?;
        certify(&self.maker, &*fob, self.patience)?;
        Ok(fob)
    }

    /// Pulls the shared token out and plugs it in again.
    ///
    /// # Errors
    /// [`Failure::Needs`] if the rig can't.
    pub fn restart(&mut self) -> Result<(), Failure> {
        Ok(self.fob.restart().ok_or(Failure::Needs(Capability::Restart))??)
    }

    /// Lets a time pass for the shared token; up to half a second of it is waited for if it must be.
    ///
    /// # Errors
    /// [`Failure::Needs`] if the rig can't.
    pub fn pass(&mut self, milliseconds: u64) -> Result<(), Failure> {
        if self.fob.advance(milliseconds) {
            return Ok(());
        }
        if milliseconds > 500 {
            return Err(Failure::Needs(Capability::Clock));
        }
        std::thread::sleep(Duration::from_millis(milliseconds));
        Ok(())
    }
}

/// An update that changes a counter, say.
pub(crate) fn steps(steps: Vec<Step>) -> UpdatePlan {
    UpdatePlan { issued: TODAY, grants: Vec::new(), steps }
}

/// A boxed way as a way.
pub(crate) struct Way(pub(crate) Box<dyn Connect>);

impl Connect for Way {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        self.0.connect()
    }
}

pub(crate) fn guest(fob: &dyn Fob, patience: Duration) -> Result<Guest, Failure> {
    Ok(Guest::open(&mut *fob.way(), "the bench", &[fob.maker()], patience)?)
}

/// Makes and certifies a blank token's keys.
///
/// # Errors
/// If the token or the maker refuses.
pub fn certify(maker: &Maker, fob: &dyn Fob, patience: Duration) -> Result<Serial, Failure> {
    let mut nonce = [0; 16];
    OsEntropy.fill(&mut nonce);
    let request = Guest::birth(&mut *fob.way(), "the bench", &nonce, patience)?;
    let certified = maker.certify(&request, &nonce, &mut OsEntropy)?;
    Guest::install(&mut *fob.way(), "the bench", &certified.install, patience)?;
    Ok(certified.serial)
}

/// Lets a vendor enrol a token.
///
/// # Errors
/// If the token or the vendor refuses.
pub fn enrol(vendor: &Vendor, fob: &dyn Fob, patience: Duration) -> Result<TokenRecord, Failure> {
    let mut guest = guest(fob, patience)?;
    let mut nonce = [0; 16];
    OsEntropy.fill(&mut nonce);
    let enrolled = guest.enrol(vendor.root(), nonce)?;
    let answer = EnrolAnswer {
        request: &enrolled.request,
        device_signing: &enrolled.device_signing,
        batch: &enrolled.batch,
        maker_root: enrolled.maker_root.0.0,
    };
    let endorsed = vendor.endorse(guest.serial(), &nonce, &answer, &[fob.maker()], &mut OsEntropy)?;
    guest.endorse(&endorsed.bytes)?;
    Ok(TokenRecord::new(&endorsed))
}

/// What is left of a counter, by the list.
pub(crate) fn listed(guest: &mut Guest, vendor: &Vendor, feature: FeatureId) -> Result<Option<Units>, Failure> {
    let products = guest.list(vendor.root())?;
    Ok(products.iter().flat_map(|product| &product.features).find(|f| f.feature == feature).and_then(|f| f.remaining))
}
