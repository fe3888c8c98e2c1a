//! What is in payloads.

use keyfob::Serial;
use keyfob_licence::{
    CounterState, FeatureGrant, FileState, Grant, GrantState, Operation, Proof, Quality, Receipt, RootChange,
    SignedTime, Snapshot, Update, Wipe,
};
use keyfob_signed::{
    BirthRequest, Certificate, Endorsement, EnrolmentRequest, Levels, Rights, Role, Usage, read_unverified,
};

use crate::tree::Tree;
use crate::value::to_hex;

/// What can be shown as a tree.
pub(in crate::command) trait Described {
    fn tree(&self) -> Tree;
}

/// What a fob has signed, with whose it is.
pub(in crate::command) fn signed_tree(
    serial: Serial,
    endorsement: &Endorsement,
    name: &'static str,
    signed: &impl Described,
) -> Tree {
    Tree::default()
        .with("serial", serial.to_string())
        .with("partition", endorsement.partition.to_string())
        .with("emulated", endorsement.levels.is_emulated())
        .with(name, signed.tree())
}

/// The certificates that come along with something signed.
pub(super) fn certificates<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> Vec<Tree> {
    let tree = |certificate| match read_unverified::<Certificate>(certificate) {
        Ok(certificate) => certificate.tree(),
        Err(_) => Tree::default().with("damaged", true),
    };
    certificates.map(tree).collect()
}

impl Described for Certificate {
    fn tree(&self) -> Tree {
        let role = match self.role {
            Role::Batch => "batch of fobs",
            Role::Device => "fob",
            Role::App => "app",
            Role::UpdateSigner => "update signer",
            Role::TimeSigner => "time signer",
        };
        let usage = match self.usage {
            Usage::Handshake => "handshake",
            Usage::Signing => "signing",
        };
        let app = (self.role == Role::App).then_some(self);
        Tree::default()
            .with("role", role)
            .with("usage", usage)
            .with("subject", self.subject.to_string())
            .with("epoch", self.epoch)
            .with_some(
                "product",
                app.map(|app| if app.product.0 == 0 { "any".into() } else { app.product.to_string() }),
            )
            .with_some("rights", app.map(|app| rights(app.rights())))
            .with_some("levels", self.levels().map(levels))
            .with("key", to_hex(&self.key.0))
    }
}

fn rights(rights: Rights) -> String {
    let names = [
        (Rights::CHECK, "check"),
        (Rights::SPEND, "spend"),
        (Rights::UNLOCK, "unlock"),
        (Rights::READ, "read"),
        (Rights::WRITE, "write"),
        (Rights::KEYS, "keys"),
        (Rights::PROVE, "prove"),
    ];
    let names: Vec<_> = names.into_iter().filter(|(right, _)| rights.include(*right)).map(|(_, name)| name).collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

fn levels(levels: Levels) -> Tree {
    let keys = match levels.keys() {
        0 => "in the clear",
        1 => "sealed under a chip secret",
        _ => "in a secure element",
    };
    let rollback = match levels.rollback() {
        0 => "possible",
        1 => "anchored",
        _ => "strongly hindered",
    };
    Tree::default().with("emulated", levels.is_emulated()).with("keys", keys).with("putting_state_back", rollback)
}

impl Described for BirthRequest {
    fn tree(&self) -> Tree {
        Tree::default()
            .with("serial", self.serial.to_string())
            .with("board", self.board.0)
            .with("levels", levels(self.levels))
            .with("handshake_key", to_hex(&self.handshake.0))
            .with("signing_key", to_hex(&self.signing.0))
            .with("nonce", to_hex(&self.nonce))
            .with("firmware", self.firmware.to_string())
    }
}

impl Described for EnrolmentRequest {
    fn tree(&self) -> Tree {
        Tree::default()
            .with("partition", self.partition.to_string())
            .with("vendor_digest", to_hex(&self.vendor))
            .with("handshake_key", to_hex(&self.handshake.0))
            .with("sealing_key", to_hex(&self.sealing.0))
            .with("proof_key", to_hex(&self.proof.0))
            .with("nonce", to_hex(&self.nonce))
    }
}

impl Described for Endorsement {
    fn tree(&self) -> Tree {
        Tree::default()
            .with("partition", self.partition.to_string())
            .with("epoch", self.epoch)
            .with("levels", levels(self.levels))
            .with("handshake_key", to_hex(&self.handshake.0))
            .with("sealing_key", to_hex(&self.sealing.0))
            .with("proof_key", to_hex(&self.proof.0))
    }
}

impl Described for Update<'_> {
    fn tree(&self) -> Tree {
        let grant = |grant| match read_unverified::<Grant<'_>>(grant) {
            Ok(grant) => grant.tree(),
            Err(_) => Tree::default().with("damaged", true),
        };
        Tree::default()
            .with("epoch", self.epoch)
            .with("number", self.number)
            .with("previous_digest", to_hex(&self.previous))
            .with("issued", self.issued)
            .with("grants", self.grants.iter().map(grant).collect::<Vec<_>>())
            .with("operations", self.operations.iter().map(|operation| operation.tree()).collect::<Vec<_>>())
    }
}

impl Described for Operation<'_> {
    fn tree(&self) -> Tree {
        let about = |name| Tree::default().with("operation", name);
        let (name, feature, units) = match *self {
            Self::SetCounter { feature, units } => ("set counter", feature, units),
            Self::AddCounter { feature, units } => ("add to counter", feature, units),
            Self::SubtractCounter { feature, units } => ("subtract from counter", feature, units),
            Self::InstallKey { feature, slot, .. } => {
                return about("install key").with("feature", feature.0).with("slot", slot.0);
            }
            Self::RaiseEpoch { epoch } => return about("raise epoch").with("epoch", epoch),
            Self::SetRecoveryKey { key } => return about("set recovery key").with("key", to_hex(&key.0)),
            Self::SetMark { mark } => return about("set mark").with("mark", mark),
            Self::CreateFile { product, file, kind, size } => {
                let tree = about("create file").with("product", product.0).with("file", u32::from(file.0));
                return tree.with("kind", kind.word()).with("size", u32::from(size));
            }
            Self::WriteFile { product, file, offset, bytes } => {
                let tree = about("write file").with("product", product.0).with("file", u32::from(file.0));
                return tree.with("offset", u32::from(offset)).with("bytes", to_hex(bytes));
            }
            Self::RemoveFile { product, file } => {
                return about("remove file").with("product", product.0).with("file", u32::from(file.0));
            }
        };
        about(name).with("feature", feature.0).with("units", units.0)
    }
}

impl Described for Grant<'_> {
    fn tree(&self) -> Tree {
        Tree::default()
            .with("product", self.product.0)
            .with("name", self.name)
            .with("number", self.number)
            .with("public", self.public)
            .with("issued", self.issued)
            .with("features", self.features.iter().map(|feature| feature.tree()).collect::<Vec<_>>())
    }
}

impl Described for FeatureGrant<'_> {
    fn tree(&self) -> Tree {
        let Self { feature, name, terms } = self;
        Tree::default()
            .with("feature", feature.0)
            .with("name", *name)
            .with("enabled", terms.enabled)
            .with_some("starts", terms.starts)
            .with_some("expires", terms.expires)
            .with("counted", terms.counted)
            .with_some("modules", terms.modules.map(|modules| format!("{:x}", modules.0)))
            .with_some("unknown_terms", terms.unknown.then_some(true))
    }
}

impl Described for Receipt<'_> {
    fn tree(&self) -> Tree {
        Tree::default()
            .with("epoch", self.epoch)
            .with("number", self.number)
            .with("last_update_digest", to_hex(&self.last_update))
            .with("mark", self.mark)
            .with("firmware", self.firmware.to_string())
            .with("nonce", to_hex(self.nonce))
            .with("counters", self.counters.iter().map(counter).collect::<Vec<_>>())
    }
}

fn counter(counter: CounterState) -> Tree {
    Tree::default()
        .with("feature", counter.feature.0)
        .with("remaining", counter.remaining.0)
        .with("spend_serial", counter.spend_serial)
}

impl Described for Snapshot<'_> {
    fn tree(&self) -> Tree {
        let grant = |grant: GrantState| Tree::default().with("product", grant.product.0).with("number", grant.number);
        let file = |file: FileState| {
            let tree = Tree::default().with("product", file.product.0).with("file", u32::from(file.file.0));
            tree.with("kind", file.kind.word()).with("size", u32::from(file.size))
        };
        Tree::default()
            .with("epoch", self.epoch)
            .with("number", self.number)
            .with("last_update_digest", to_hex(&self.last_update))
            .with("mark", self.mark)
            .with("minimum_epoch", self.minimum_epoch)
            .with("firmware", self.firmware.to_string())
            .with("nonce", to_hex(self.nonce))
            .with("grants", self.grants.iter().map(grant).collect::<Vec<_>>())
            .with("counters", self.counters.iter().map(counter).collect::<Vec<_>>())
            .with("files", self.files.iter().map(file).collect::<Vec<_>>())
    }
}

impl Described for Proof<'_> {
    fn tree(&self) -> Tree {
        let quality = match self.quality {
            Quality::Unknown => "not known",
            Quality::Claimed => "the app's claim",
            Quality::Estimated => "the fob's estimate",
            Quality::Signed => "signed",
        };
        Tree::default()
            .with("audience", self.audience)
            .with("nonce", to_hex(self.nonce))
            .with_some("context", (!self.context.is_empty()).then(|| to_hex(self.context)))
            .with("feature", self.feature.0)
            .with("status", self.status.slug())
            .with("time", self.time)
            .with("quality_of_time", quality)
            .with("app", self.app.to_string())
            .with("epoch", self.epoch)
            .with("number", self.number)
    }
}

impl Described for SignedTime {
    fn tree(&self) -> Tree {
        Tree::default().with("time", self.time).with("nonce", to_hex(&self.nonce))
    }
}

impl Described for Wipe {
    fn tree(&self) -> Tree {
        Tree::default().with("sequence", self.sequence)
    }
}

impl Described for RootChange {
    fn tree(&self) -> Tree {
        Tree::default().with("number", self.number).with("new_root", to_hex(&self.root.0))
    }
}
