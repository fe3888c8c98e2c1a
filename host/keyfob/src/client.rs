//! The app's way in.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use keyfob_client::{App, Genuine, Opening};
use keyfob_crypto::RustCrypto;
use keyfob_signed::{AppCredential, TEST_MAKER_ROOT, VendorRoot};
use keyfob_wire::body::Request;
use keyfob_wire::{Command, FeatureId, UnixTime};
use zeroize::Zeroizing;

use crate::choice::only_opened;
use crate::connection::{Connection, Limit, Session as Secured};
use crate::{Connect, Counts, Error, Guest, OsEntropy, Serial, Session, TokenUri, Transport};

/// How long an answer may take unless the app says otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a token keeps what a session is resumed with (`docs/spec.md`, §5.1).
const RESUMABLE: Duration = Duration::from_secs(600);

/// How long to wait for a token that went away, at first, then twice as long …
const SHORTEST_ABSENCE: Duration = Duration::from_millis(10);
/// … up to this.
const LONGEST_ABSENCE: Duration = Duration::from_millis(160);

type TimeSource = Box<dyn Fn() -> UnixTime + Send>;

/// What to open a [`Client`] with.
#[must_use]
pub struct Builder<'a> {
    credential: &'a [u8],
    vendor: Option<VendorRoot>,
    connect: Option<(String, Box<dyn Connect>)>,
    token: Option<String>,
    among: Option<Vec<TokenUri>>,
    accepts_emulated: bool,
    timeout: Duration,
    time: TimeSource,
}

impl Builder<'_> {
    /// Names the token by its URI. Otherwise it is the only one that is there and carries the vendor: each is asked.
    pub fn token(mut self, uri: &str) -> Self {
        self.token = Some(uri.to_owned());
        self
    }

    /// Names several tokens: the only one of them that carries the vendor is taken.
    pub fn among(mut self, tokens: impl IntoIterator<Item = TokenUri>) -> Self {
        self.among = Some(tokens.into_iter().collect());
        self
    }

    /// Brings a transport of the app's own; `name` is shown in errors.
    pub fn transport(mut self, name: &str, connect: impl Connect + 'static) -> Self {
        self.connect = Some((name.to_owned(), Box::new(connect)));
        self
    }

    /// Pins the vendor's root. Otherwise it is the one in the credential; that is part of the app as well.
    pub fn vendor(mut self, root: VendorRoot) -> Self {
        self.vendor = Some(root);
        self
    }

    /// Accepts emulated tokens as well: for tests and development.
    pub fn accept_emulated(mut self) -> Self {
        self.accepts_emulated = true;
        self
    }

    /// Says how long an answer may take. All that is done for a request, with a session that is opened again for it
    /// and a token that says that it is working, takes at most eight times as long, beside what the system takes to
    /// connect or to send a report. A spend is one request or, if somebody else has spent meanwhile, up to four.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Says where the time comes from that the app claims. Otherwise it is the system's clock.
    pub fn time(mut self, source: impl Fn() -> UnixTime + Send + 'static) -> Self {
        self.time = Box::new(source);
        self
    }

    /// Finds the token and opens a session with it.
    ///
    /// # Errors
    /// See [`Error`]: no token, no permission, another vendor's, emulated, and unplugged are different ones.
    pub fn open(self) -> Result<Client, Error> {
        let credential = AppCredential::parse(self.credential).map_err(|_| Error::Credential)?;
        if self.vendor.is_some_and(|vendor| vendor != credential.vendor) {
            return Err(Error::Credential);
        }
        let (named, tokens) = match (self.connect, self.token, self.among) {
            (Some(connect), ..) => (Some(connect), Vec::new()),
            (None, Some(token), _) => (Some((token.clone(), boxed(token.parse()?))), Vec::new()),
            (None, None, Some(tokens)) => (None, tokens),
            (None, None, None) => (None, crate::places().into_iter().map(|place| place.uri).collect()),
        };
        let is_named = named.is_some();
        let (uri, connect) = named.unwrap_or_else(|| (String::new(), Box::new(Nowhere)));
        let mut core = Core {
            credential: Zeroizing::new(self.credential.to_vec()),
            accepts_emulated: self.accepts_emulated,
            uri,
            connect,
            timeout: self.timeout,
            time: self.time,
            open: None,
            was_open: false,
        };
        if is_named {
            core.open(Limit::of(core.timeout))?
        } else {
            core.choose(tokens)?
        }
        Ok(Client { core: Arc::new(Mutex::new(core)) })
    }
}

/// An app's connection to a token of its vendor. It may be used from any thread.
pub struct Client {
    core: Arc<Mutex<Core>>,
}

impl Client {
    /// Begins with the credential that the vendor gave the app.
    pub fn builder(credential: &[u8]) -> Builder<'_> {
        Builder {
            credential,
            vendor: None,
            connect: None,
            token: None,
            among: None,
            accepts_emulated: false,
            timeout: TIMEOUT,
            time: Box::new(system_time),
        }
    }

    /// Logs in to a feature. The token is asked with each use; logging in takes nothing.
    ///
    /// # Errors
    /// If the token has gone and doesn't come back.
    pub fn login(&self, feature: FeatureId) -> Result<Session, Error> {
        self.core().opened_now()?;
        Ok(Session::new(Arc::clone(&self.core), feature))
    }

    /// The serial of the token.
    ///
    /// # Errors
    /// If the token has gone and doesn't come back.
    pub fn serial(&self) -> Result<Serial, Error> {
        self.core().serial()
    }

    /// Whether the token is emulated.
    ///
    /// # Errors
    /// If the token has gone and doesn't come back.
    pub fn is_emulated(&self) -> Result<bool, Error> {
        self.core().opened_now().map(|open| open.is_emulated)
    }

    /// The reports of the connection so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.core().open.as_ref().map(|open| open.connection.counts()).unwrap_or_default()
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        lock(&self.core)
    }
}

/// Locks the core. A thread that panicked in between has left at worst a session that the token refuses.
pub(crate) fn lock(core: &Mutex<Core>) -> MutexGuard<'_, Core> {
    core.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What a client and its sessions share.
pub(crate) struct Core {
    credential: Zeroizing<Vec<u8>>,
    accepts_emulated: bool,
    uri: String,
    connect: Box<dyn Connect>,
    timeout: Duration,
    time: TimeSource,
    open: Option<Open>,
    /// Whether the token has been there.
    was_open: bool,
}

/// An open session.
struct Open {
    connection: Connection,
    opening: Opening,
    session: Secured,
    is_emulated: bool,
    /// When the handshake was made that it goes back to.
    since: Instant,
}

impl Core {
    pub(crate) fn serial(&mut self) -> Result<Serial, Error> {
        self.opened_now().map(|open| open.opening.answer().serial)
    }

    /// The time that the app claims.
    pub(crate) fn time(&self) -> UnixTime {
        (self.time)()
    }

    /// Sends a request. If the session turns out to be lost before there was an answer, it is resumed, or another one is
    /// opened, and the same request sent once more: all that apps can ask may be asked twice, since a spend carries its
    /// operation id.
    pub(crate) fn request<T>(
        &mut self,
        request: &Request<'_>,
        read: impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.request_counted(request, read).0
    }

    /// The same; tells as well how often the token may have seen the request.
    pub(crate) fn request_counted<T>(
        &mut self,
        request: &Request<'_>,
        read: impl Fn(&[u8]) -> Result<T, Error>,
    ) -> (Result<T, Error>, u32) {
        let limit = Limit::of(self.timeout);
        match self.request_once(limit, request, &read) {
            Err(error @ (Error::Unplugged | Error::SessionLost | Error::SessionRefused)) => {
                let lost = self.open.take();
                self.open = lost.and_then(|lost| self.resume(lost, matches!(error, Error::Unplugged), limit));
                match self.request_once(limit, request, &read) {
                    // The resumed session doesn't hold either.
                    Err(Error::Unplugged | Error::SessionLost | Error::SessionRefused) => {
                        self.open = None;
                        (self.request_once(limit, request, &read), 3)
                    }
                    other => (other, 2),
                }
            }
            other => (other, 1),
        }
    }

    fn request_once<T>(
        &mut self,
        limit: Limit,
        request: &Request<'_>,
        read: impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let open = self.opened(limit)?;
        open.connection.begin(limit);
        open.connection.request(&mut open.session, request, read)
    }

    fn opened_now(&mut self) -> Result<&mut Open, Error> {
        self.opened(Limit::of(self.timeout))
    }

    fn opened(&mut self, limit: Limit) -> Result<&mut Open, Error> {
        if self.open.is_none() {
            self.open(limit)?;
        }
        self.open.as_mut().ok_or(Error::SessionLost)
    }

    /// Opens a session. A handshake whose answer got lost is begun again, a few times.
    fn open(&mut self, limit: Limit) -> Result<(), Error> {
        let (mut connection, opening) = self.reach(limit)?;
        let credential = AppCredential::parse(&self.credential).map_err(|_| Error::Credential)?;
        let app = App::<RustCrypto>::new(&credential).map_err(|_| Error::Credential)?;
        let app = if self.accepts_emulated { app.accepting_emulated() } else { app };
        let opened = connection.persevere(opening, |connection, opening| hand_shake(connection, opening, &app));
        let (opening, (session, is_emulated)) = match opened {
            Err(Error::OtherVendor) => return Err(self.why_not(limit)),
            opened => opened?,
        };
        self.was_open = true;
        self.open = Some(Open { connection, opening, session, is_emulated, since: Instant::now() });
        Ok(())
    }

    /// Opens a session with the only one of these tokens that carries the vendor.
    fn choose(&mut self, tokens: Vec<TokenUri>) -> Result<(), Error> {
        let mut tried = Vec::new();
        for token in tokens {
            (self.uri, self.connect, self.was_open) = (token.to_string(), boxed(token.clone()), false);
            let opened = self.open(Limit::of(self.timeout));
            tried.push((token, opened.map(|()| Candidate(self.open.take(), self.timeout))));
        }
        let (token, mut chosen) = only_opened(tried)?;
        (self.uri, self.connect, self.was_open, self.open) = (token.to_string(), boxed(token), true, chosen.0.take());
        Ok(())
    }

    /// Opens the transport and asks for a channel. A token that was there before and comes back in a moment, as after a
    /// reset of its bus, is waited for.
    fn reach(&mut self, limit: Limit) -> Result<(Connection, Opening), Error> {
        let mut pause = SHORTEST_ABSENCE;
        loop {
            let reached = Connection::open(&mut *self.connect, &self.uri, self.timeout, limit)
                .and_then(|mut connection| connection.init().map(|opening| (connection, opening)));
            match reached {
                Err(Error::Unreachable { .. } | Error::Unplugged)
                    if self.was_open && pause <= LONGEST_ABSENCE && !limit.is_over() =>
                {
                    std::thread::sleep(pause);
                    pause *= 2;
                }
                reached => return reached,
            }
        }
    }

    /// Resumes a session that was lost, on a new connection if the old one is gone. Gives nothing if that can't be done.
    fn resume(&mut self, lost: Open, is_gone: bool, limit: Limit) -> Option<Open> {
        let Open { mut connection, mut opening, session, is_emulated, since } = lost;
        if since.elapsed() >= RESUMABLE {
            return None;
        }
        if is_gone {
            let (before, again) = (opening, self.reach(limit).ok()?);
            (connection, opening) = again;
            let (before, now) = (before.answer(), opening.answer());
            if (before.serial, before.boot) != (now.serial, now.boot) {
                return None;
            }
        }
        let session = connection.resume(&opening, &session.into_ticket()).ok()?;
        Some(Open { connection, opening, session, is_emulated, since })
    }

    /// Why a token has nothing of the vendor: as a rule because it is another's, unless it is an emulated one.
    fn why_not(&mut self, limit: Limit) -> Error {
        let guest = Guest::open_within(&mut *self.connect, &self.uri, &[TEST_MAKER_ROOT], self.timeout, limit);
        match guest.map(|guest| guest.genuine()) {
            Ok(Genuine::By(_)) if !self.accepts_emulated => Error::Emulated,
            _ => Error::OtherVendor,
        }
    }
}

/// From INIT's answer to a session; tells whether the token is emulated.
fn hand_shake(
    connection: &mut Connection,
    opening: &Opening,
    app: &App<'_, RustCrypto>,
) -> Result<(Secured, bool), Error> {
    let channel = opening.answer().channel;
    let (handshake, message) = opening.begin::<RustCrypto>(Some(app.vendor()), &mut OsEntropy);
    connection.message(channel, Command::Open, &message)?;
    let (session, endorsement) = connection
        .finish(channel, |message, out| Ok(handshake.finish_as_app(app, message, &Request::Login, out)?))?;
    Ok((session, endorsement.levels.is_emulated()))
}

impl Open {
    /// Gives the session's place back.
    fn close(mut self, timeout: Duration) {
        self.connection.begin(Limit::short(timeout));
        let _closed = self.connection.request(&mut self.session, &Request::Logout, |_| Ok(()));
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            open.close(self.timeout);
        }
    }
}

/// A session with a token that may be the one, until it is taken out.
struct Candidate(Option<Open>, Duration);

impl Drop for Candidate {
    fn drop(&mut self) {
        if let Some(open) = self.0.take() {
            open.close(self.1);
        }
    }
}

/// Where nothing is.
struct Nowhere;

impl Connect for Nowhere {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        Err(io::Error::other(Error::NoToken))
    }
}

fn boxed(token: TokenUri) -> Box<dyn Connect> {
    Box::new(token)
}

/// The system's clock; not known if it stands before 1970.
pub(crate) fn system_time() -> UnixTime {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(UnixTime::UNKNOWN, |time| UnixTime(time.as_secs()))
}
