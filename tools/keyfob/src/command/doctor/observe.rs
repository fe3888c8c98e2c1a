//! Looks at the system and asks the fob. What is found is judged elsewhere.

use std::path::{Path, PathBuf};
use std::time::Duration;

use keyfob::{
    Client, Connect, Details, Device, Error, FeatureId, Guest, HidName, Labels, OsEntropy, Serial, TokenUri, UnixTime,
    UsbName, Verdict,
};
use keyfob_crypto::Entropy;
use keyfob_signed::MakerRoot;
use keyfob_terminal::Failure;

use super::judge::{Clock, Driver, Node, Observations, Plugged, Presence, Reached, Way};
use super::surroundings::{Look, Surroundings};
use crate::command::check;
use crate::fob::Origin;
use crate::{date, proof};

/// What to look for.
pub(super) struct Asked {
    pub(super) token: Option<TokenUri>,
    pub(super) timeout: Duration,
    pub(super) makers: Vec<MakerRoot>,
    /// An app's.
    pub(super) credential: Option<Vec<u8>>,
    pub(super) feature: Option<FeatureId>,
    pub(super) accepts_emulated: bool,
    pub(super) root: PathBuf,
}

/// Looks, opens the fob and asks it, as far as that goes.
pub(super) fn observe(asked: &Asked) -> Observations {
    let variable = |name: &str| std::env::var(name).ok();
    let surroundings = Surroundings::of(&Look { system: std::env::consts::OS, root: &asked.root, variable: &variable });
    let (way, presence, device) = find(asked);
    let plugged = device.as_ref().map(|device| plugged(device, &asked.root));
    let uri = match (&presence, way) {
        (_, Way::Socket) => asked.token.clone(),
        (Presence::Here, _) => device.map(|device| of_way(device, way)),
        _ => None,
    };
    let mut seen = Observations {
        surroundings,
        way,
        presence,
        plugged,
        reached: None,
        vendor: None,
        licence: None,
        clock: Clock { computer: date::now(), signed: None, is_behind: false },
        accepts_emulated: asked.accepts_emulated,
        emulators: 0,
    };
    match uri {
        // Another system's fobs aren't here.
        Some(uri) if asked.root == Path::new("/") => ask(&uri, asked, &mut seen),
        Some(_) => {}
        None => seen.emulators = emulators(),
    }
    seen
}

/// Which fob is meant, and what the system shows of it.
fn find(asked: &Asked) -> (Way, Presence, Option<Device>) {
    let (way, serial) = match &asked.token {
        Some(TokenUri::Unix(_) | TokenUri::Tcp(_)) => return (Way::Socket, Presence::Here, None),
        Some(TokenUri::Label(name)) => match labelled(name) {
            Ok(serial) => (Way::Hid, Some(serial)),
            Err(error) => return (Way::Hid, Presence::Unnamed(error.into()), None),
        },
        Some(TokenUri::Hid(HidName::Serial(serial))) => (Way::Hid, Some(*serial)),
        Some(TokenUri::Usb(UsbName::Serial(serial))) => (Way::Bus, Some(*serial)),
        Some(TokenUri::Usb(_)) => (Way::Bus, None),
        _ => (Way::Hid, None),
    };
    let is_meant = |device: &Device| match &asked.token {
        Some(TokenUri::Hid(HidName::Node(path))) => device.node.as_ref() == Some(path),
        Some(TokenUri::Usb(UsbName::Place(place))) => device.place.as_ref() == Some(place),
        _ => serial.is_none_or(|serial| device.serial == Some(serial)),
    };
    let mut devices = devices(&asked.root);
    devices.retain(is_meant);
    match devices.len() {
        0 => (way, Presence::Absent, None),
        1 => (way, Presence::Here, devices.pop()),
        several => (way, Presence::Several(several), None),
    }
}

fn labelled(name: &str) -> Result<Serial, Error> {
    Labels::load()?.serial(name).ok_or_else(|| Error::NoLabel(name.to_owned()))
}

fn devices(root: &Path) -> Vec<Device> {
    #[cfg(target_os = "linux")]
    if root != Path::new("/") {
        return keyfob::devices_below(&root.join("sys"));
    }
    let _ = root;
    keyfob::devices()
}

/// What the system shows of a fob without opening it.
fn plugged(device: &Device, root: &Path) -> Plugged {
    let tells_drivers = root.join("sys/bus/usb/devices").is_dir();
    let tells_nodes = root.join("sys/class/hidraw").is_dir() || tells_drivers;
    Plugged {
        place: device.place.as_ref().map(ToString::to_string),
        vendor_id: device.vendor_id,
        product_id: device.product_id,
        release: device.release,
        serial: device.serial,
        driver: match &device.driver {
            Some(name) => Driver::Named(name.clone()),
            None if tells_drivers && device.place.is_some() => Driver::Nothing,
            None => Driver::Untold,
        },
        node: match &device.node {
            None if tells_nodes => Node::Unlisted,
            None => Node::Untold,
            Some(path) => {
                let said = path.display().to_string();
                // Elsewhere, the path is the driver's and no file's.
                let is_file = cfg!(target_os = "linux");
                let is_there = root.join(path.strip_prefix("/").unwrap_or(path)).symlink_metadata().is_ok();
                if is_there || !is_file { Node::There(said) } else { Node::Missing(said) }
            }
        },
    }
}

/// How to open a fob that was found, by the way that was asked for.
fn of_way(device: Device, way: Way) -> TokenUri {
    match (way, device.place, device.node) {
        (Way::Bus, Some(place), _) => TokenUri::Usb(UsbName::Place(place)),
        (Way::Hid, _, Some(node)) => TokenUri::Hid(HidName::Node(node)),
        _ => device.uri,
    }
}

/// Emulators that run.
fn emulators() -> usize {
    let sockets = keyfob::places().into_iter().filter(|place| place.device.is_none());
    sockets.filter(|place| place.uri.clone().connect().is_ok()).count()
}

/// Opens sessions with the fob, first as a guest, then as the app.
fn ask(uri: &TokenUri, asked: &Asked, seen: &mut Observations) {
    let (reached, signed) = match guest(uri, asked) {
        Ok((reached, signed)) => (Ok(reached), signed),
        Err(error) => (Err(Failure::from(error)), None),
    };
    let is_reached = reached.is_ok();
    (seen.reached, seen.clock.signed) = (Some(reached), signed);
    let Some(credential) = asked.credential.as_ref().filter(|_| is_reached) else { return };
    let mut builder = Client::builder(credential).token(&uri.to_string()).timeout(asked.timeout);
    if asked.accepts_emulated {
        builder = builder.accept_emulated();
    }
    let client = match builder.open() {
        Ok(client) => client,
        Err(error) => {
            seen.vendor = Some(Err(error.into()));
            return;
        }
    };
    seen.vendor = Some(Ok(()));
    let Some(feature) = asked.feature else { return };
    let verdict = client.login(feature).and_then(|session| session.check());
    let is_behind = |details: &Details| details.warning.is_some();
    seen.licence = Some(match verdict {
        Ok(Verdict::Full(details)) => {
            seen.clock.is_behind = is_behind(&details);
            Ok(format!("feature {feature} may be used{}", check::limits(&details)))
        }
        Ok(Verdict::Denied(refusal)) => {
            seen.clock.is_behind = is_behind(&refusal.details);
            Err(check::denied(feature, &refusal))
        }
        Err(error) => Err(error.into()),
    });
}

/// What the fob says of itself, and the latest time that one of its vendors has signed for it.
fn guest(uri: &TokenUri, asked: &Asked) -> Result<(Reached, Option<UnixTime>), Error> {
    let mut guest = Guest::open(&mut uri.clone(), &uri.to_string(), &asked.makers, asked.timeout)?;
    let info = guest.info()?;
    let mut nonce = [0; 16];
    OsEntropy.fill(&mut nonce);
    let mut signed = None;
    for partition in &info.partitions {
        // Asking for the time would take the place of a nonce that somebody is having signed.
        let given = guest.receipt(partition.vendor, &nonce)?;
        let verified = proof::receipt(&given, partition.vendor, guest.serial());
        let (_, receipt) = verified.map_err(|_| Error::NotGenuine)?;
        if receipt.nonce != nonce {
            return Err(Error::NotGenuine);
        }
        signed = signed.max(Some(receipt.mark));
    }
    let reached = Reached {
        serial: guest.serial(),
        firmware: info.firmware.to_string(),
        origin: Origin::of(guest.genuine()),
        vendors: info.partitions.len(),
    };
    Ok((reached, signed))
}
