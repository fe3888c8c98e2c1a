//! What anybody may do with any token.

mod answers;

use std::time::Duration;

use keyfob_client::{Genuine, Opening};
use keyfob_crypto::{PublicKey, RustCrypto};
use keyfob_signed::{Board, Levels, MakerRoot, VendorRoot};
use keyfob_wire::body::{
    ApplyAnswer, Certificates, EndorseAnswer, EndorseRequest, EnrolAnswer, EnrolRequest, FilesRequest, GrantAnswer,
    GrantRequest, HealthAnswer, InfoAnswer, ListAnswer, ListRequest, ReceiptAnswer, ReceiptRequest, Request,
    SetTimeAnswer, SetTimeRequest, SnapshotAnswer, SnapshotRequest, TimeAnswer, TimeRequest,
};
use keyfob_wire::init::TokenState;
use keyfob_wire::{
    Command, FileId, PartitionId, ProductId, RootChangeFile, Serial, Status, UnixTime, UpdateFile, VendorHint, WipeFile,
};

pub use answers::{Enrolled, Granted, Info, Licensed, LicensedFeature, Partition, Proven, Signed, Snapshot, TimeNonce};
pub use keyfob_wire::body::{HealthAnswer as Health, Tombstone};

use crate::connection::{Connection, LONGEST_LIST, Limit, Session, accepted};
use crate::memory::read_files;
use crate::{Connect, Counts, Error, File, OsEntropy};

/// A session without a credential.
pub struct Guest {
    connection: Connection,
    session: Session,
    serial: Serial,
    genuine: Genuine,
    timeout: Duration,
}

impl Guest {
    /// Opens a session without a credential, and finds out which of `makers` has made the token.
    ///
    /// # Errors
    /// See [`Error`]; `not-ready` if the token is blank.
    pub fn open(connect: &mut dyn Connect, uri: &str, makers: &[MakerRoot], timeout: Duration) -> Result<Self, Error> {
        Self::open_within(connect, uri, makers, timeout, Limit::of(timeout))
    }

    /// The same as part of an operation.
    pub(crate) fn open_within(
        connect: &mut dyn Connect,
        uri: &str,
        makers: &[MakerRoot],
        timeout: Duration,
        limit: Limit,
    ) -> Result<Self, Error> {
        let mut connection = Connection::open(connect, uri, timeout, limit)?;
        let opening = connection.init()?;
        if opening.answer().state != TokenState::Ready {
            return Err(Error::Refused(Status::NotReady));
        }
        let opened = connection.persevere(opening, |connection, opening| hand_shake(connection, opening, makers));
        let (opening, (session, genuine)) = opened?;
        Ok(Self { connection, session, serial: opening.answer().serial, genuine, timeout })
    }

    /// Lets a blank token make its keys, and returns its birth request.
    ///
    /// # Errors
    /// [`Error::Refused`] with `already-installed` if it has certificates.
    pub fn birth(connect: &mut dyn Connect, uri: &str, nonce: &[u8; 16], timeout: Duration) -> Result<Vec<u8>, Error> {
        let mut connection = Connection::open(connect, uri, timeout, Limit::of(timeout))?;
        let channel = connection.init()?.answer().channel;
        connection.message(channel, Command::Birth, nonce).map(|request| request.to_vec())
    }

    /// Gives a token that was born its certificates.
    ///
    /// # Errors
    /// [`Error::Refused`] if they aren't for it, or it has some.
    pub fn install(connect: &mut dyn Connect, uri: &str, certificates: &[u8], timeout: Duration) -> Result<(), Error> {
        let mut connection = Connection::open(connect, uri, timeout, Limit::of(timeout))?;
        let channel = connection.init()?.answer().channel;
        connection.message(channel, Command::Install, certificates).map(|_| ())
    }

    /// Where the token is.
    #[must_use]
    pub fn uri(&self) -> &str {
        self.connection.uri()
    }

    /// The serial of the token.
    #[must_use]
    pub fn serial(&self) -> Serial {
        self.serial
    }

    /// Which of the makers one knows made the token.
    #[must_use]
    pub fn genuine(&self) -> Genuine {
        self.genuine
    }

    /// The reports of the connection so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.connection.counts()
    }

    /// Asks what the token is.
    ///
    /// # Errors
    /// If the token can't be asked.
    pub fn info(&mut self) -> Result<Info, Error> {
        self.ask(&Request::Info, |body| {
            let answer = InfoAnswer::parse(body).map_err(bad)?;
            let partitions = answer.partitions.map(|partition| Partition {
                vendor: VendorRoot(PublicKey(partition.vendor_root)),
                id: partition.partition,
                epoch: partition.epoch,
                number: partition.number,
            });
            Ok(Info {
                serial: answer.serial,
                board: Board(answer.board),
                levels: Levels::from_number(answer.levels).ok_or(Error::Answer)?,
                firmware: answer.firmware,
                boot: answer.boot,
                partitions: partitions.collect(),
                sessions: answer.sessions,
                wipes: answer.wipes,
                tombstones: answer.tombstones.collect(),
            })
        })
    }

    /// Lets the fob show itself.
    ///
    /// # Errors
    /// If the token can't be asked.
    pub fn identify(&mut self) -> Result<(), Error> {
        self.ask(&Request::Identify, |_| Ok(()))
    }

    /// Lists what a vendor shows to everybody.
    ///
    /// # Errors
    /// If the vendor has no partition, or the token can't be asked.
    pub fn list(&mut self, vendor: VendorRoot) -> Result<Vec<Licensed>, Error> {
        let (mut products, mut start, limit) = (Vec::new(), ProductId(0), Limit::of(self.timeout));
        for _page in 0..LONGEST_LIST {
            let request = ListRequest { hint: Some(hint(vendor)), start };
            let next = self.ask_within(limit, &Request::List(request), |body| {
                let answer = ListAnswer::parse(body).map_err(bad)?;
                products.extend(answer.products.map(|product| {
                    Licensed {
                        product: product.product,
                        grant_number: product.grant_number,
                        name: product.name.to_owned(),
                        features: product
                            .features
                            .map(|feature| LicensedFeature {
                                feature: feature.feature,
                                name: feature.name.to_owned(),
                                remaining: feature.remaining,
                            })
                            .collect(),
                    }
                }));
                Ok(answer.next)
            })?;
            match next {
                // Going backwards would never end.
                Some(next) if next > start => start = next,
                Some(_) => return Err(Error::Answer),
                None => return Ok(products),
            }
        }
        Err(Error::Answer)
    }

    /// Asks for a product's signed terms.
    ///
    /// # Errors
    /// If the product isn't granted, or not shown to everybody.
    pub fn grant(&mut self, vendor: VendorRoot, product: ProductId) -> Result<Granted, Error> {
        let request = GrantRequest { hint: Some(hint(vendor)), product };
        self.ask(&Request::Grant(request), |body| {
            let answer = GrantAnswer::parse(body).map_err(bad)?;
            Ok(Granted {
                grant: answer.grant.to_vec(),
                certificates: answer.certificates.iter().map(<[u8]>::to_vec).collect(),
                endorsement: answer.endorsement.to_vec(),
            })
        })
    }

    /// Applies an update file; returns the update's epoch and number.
    ///
    /// # Errors
    /// [`Error::Refused`] if it isn't genuine, for another token, or not the next one; nothing has changed then.
    pub fn apply(&mut self, file: &[u8]) -> Result<(u32, u32), Error> {
        let file = UpdateFile::parse(file).map_err(|_| Error::Refused(Status::UpdateMalformed))?;
        self.ask(&Request::Apply(file), |body| {
            let answer = ApplyAnswer::parse(body).map_err(bad)?;
            Ok((answer.epoch, answer.number))
        })
    }

    /// Applies a wipe file: the partition goes with all that is in it, and so do its sessions.
    ///
    /// # Errors
    /// [`Error::Refused`] if it isn't genuine, for another token or partition, or not the next wipe; nothing has changed
    /// then.
    pub fn wipe(&mut self, file: &[u8]) -> Result<(), Error> {
        let file = WipeFile::parse(file).map_err(|_| Error::Refused(Status::UpdateMalformed))?;
        self.ask(&Request::Wipe(file), |_| Ok(()))
    }

    /// Applies a root change file; the partition's sessions end.
    ///
    /// # Errors
    /// [`Error::Refused`] if it isn't genuine, for another token or partition, or not the next change; nothing has changed
    /// then.
    pub fn change_root(&mut self, file: &[u8]) -> Result<(), Error> {
        let file = RootChangeFile::parse(file).map_err(|_| Error::Refused(Status::UpdateMalformed))?;
        self.ask(&Request::ChangeRoot(file), |_| Ok(()))
    }

    /// Asks for a signed statement of the updates applied.
    ///
    /// # Errors
    /// If the vendor has no partition, or the token can't be asked.
    pub fn receipt(&mut self, vendor: VendorRoot, nonce: &[u8]) -> Result<Proven, Error> {
        let request = ReceiptRequest { hint: Some(hint(vendor)), nonce };
        self.ask(&Request::Receipt(request), |body| {
            let answer = ReceiptAnswer::parse(body).map_err(bad)?;
            Ok(Proven { receipt: answer.receipt.to_vec(), endorsement: answer.endorsement.to_vec() })
        })
    }

    /// Asks for a signed statement of all that the token holds of a vendor's, apart from the contents of files and keys.
    ///
    /// # Errors
    /// If the vendor has no partition, or the token can't be asked.
    pub fn snapshot(&mut self, vendor: VendorRoot, nonce: &[u8]) -> Result<Snapshot, Error> {
        let serial = self.serial;
        let request = SnapshotRequest { hint: Some(hint(vendor)), nonce };
        self.ask(&Request::Snapshot(request), |body| {
            let answer = SnapshotAnswer::parse(body).map_err(bad)?;
            Ok(Snapshot { serial, snapshot: answer.snapshot.to_vec(), endorsement: answer.endorsement.to_vec() })
        })
    }

    /// Asks how the token fares.
    ///
    /// # Errors
    /// If the token can't be asked.
    pub fn health(&mut self) -> Result<Health, Error> {
        self.ask(&Request::Health, |body| HealthAnswer::parse(body).map_err(bad))
    }

    /// Lists the files of a product that is shown to everybody.
    ///
    /// # Errors
    /// If the product isn't granted or not shown to everybody, or the token can't be asked.
    pub fn files(&mut self, vendor: VendorRoot, product: ProductId) -> Result<Vec<File>, Error> {
        let (mut files, mut start, limit) = (Vec::new(), FileId(0), Limit::of(self.timeout));
        for _page in 0..LONGEST_LIST {
            let request = FilesRequest { hint: Some(hint(vendor)), product, start };
            let (more, next) = self.ask_within(limit, &Request::Files(request), read_files)?;
            files.extend(more);
            match next {
                // Going backwards would never end.
                Some(next) if next > start => start = next,
                Some(_) => return Err(Error::Answer),
                None => return Ok(files),
            }
        }
        Err(Error::Answer)
    }

    /// Asks for the nonce that signed time has to carry.
    ///
    /// # Errors
    /// If the vendor has no partition, or the token can't be asked.
    pub fn time(&mut self, vendor: VendorRoot) -> Result<TimeNonce, Error> {
        self.ask(&Request::Time(TimeRequest { hint: Some(hint(vendor)) }), |body| {
            let TimeAnswer { nonce, mark, now, partition } = TimeAnswer::parse(body).map_err(bad)?;
            Ok(TimeNonce { nonce, mark, now, partition })
        })
    }

    /// Hands signed time over; returns the new mark.
    ///
    /// # Errors
    /// [`Error::Refused`] if it isn't genuine or not later.
    pub fn set_time(&mut self, vendor: VendorRoot, time: &Signed<'_>) -> Result<UnixTime, Error> {
        let certificates = Certificates::new(time.certificate).map_err(|_| Error::TooLong)?;
        let request = SetTimeRequest { hint: Some(hint(vendor)), certificates, time: time.bytes };
        self.ask(&Request::SetTime(request), |body| Ok(SetTimeAnswer::parse(body).map_err(bad)?.mark))
    }

    /// Begins a vendor's enrolment.
    ///
    /// # Errors
    /// [`Error::Refused`] if the vendor has a partition, or there is no room.
    pub fn enrol(&mut self, vendor: VendorRoot, nonce: [u8; 16]) -> Result<Enrolled, Error> {
        let request = EnrolRequest { vendor_root: vendor.0.0, nonce };
        self.ask(&Request::Enrol(request), |body| {
            let answer = EnrolAnswer::parse(body).map_err(bad)?;
            Ok(Enrolled {
                request: answer.request.to_vec(),
                device_signing: answer.device_signing.to_vec(),
                batch: answer.batch.to_vec(),
                maker_root: MakerRoot(PublicKey(answer.maker_root)),
            })
        })
    }

    /// Ends a vendor's enrolment; returns the partition.
    ///
    /// # Errors
    /// [`Error::Refused`] if the endorsement isn't for what the token asked.
    pub fn endorse(&mut self, endorsement: &[u8]) -> Result<PartitionId, Error> {
        let request = EndorseRequest { endorsement };
        self.ask(&Request::Endorse(request), |body| Ok(EndorseAnswer::parse(body).map_err(bad)?.partition))
    }

    fn ask<T>(&mut self, request: &Request<'_>, read: impl FnOnce(&[u8]) -> Result<T, Error>) -> Result<T, Error> {
        self.ask_within(Limit::of(self.timeout), request, read)
    }

    /// Asks as part of an operation.
    fn ask_within<T>(
        &mut self,
        limit: Limit,
        request: &Request<'_>,
        read: impl FnOnce(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.connection.begin(limit);
        self.connection.request(&mut self.session, request, |plaintext| read(accepted(plaintext)?))
    }
}

impl Drop for Guest {
    /// Gives the session's place back.
    fn drop(&mut self) {
        let _closed = self.ask_within(Limit::short(self.timeout), &Request::Logout, |_| Ok(()));
    }
}

fn hint(vendor: VendorRoot) -> VendorHint {
    VendorHint(vendor.0.hint())
}

fn bad<E>(_: E) -> Error {
    Error::Answer
}

/// From INIT's answer to a session; tells which of `makers` has made the token.
fn hand_shake(
    connection: &mut Connection,
    opening: &Opening,
    makers: &[MakerRoot],
) -> Result<(Session, Genuine), Error> {
    let channel = opening.answer().channel;
    let (handshake, message) = opening.begin::<RustCrypto>(None, &mut OsEntropy);
    connection.message(channel, Command::Open, &message)?;
    connection.finish(channel, |message, out| {
        Ok(handshake.finish_as_guest(makers, message, &Request::Login, &mut OsEntropy, out)?)
    })
}
