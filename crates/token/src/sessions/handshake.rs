//! Handshakes, one public-key operation at a time, so that reports are taken in between. `docs/spec.md`, §5.

use keyfob_channel::{
    Agreed, Asked, Established, Generated, Presented, RESUME_ANSWER, Responder, ResumeAsked, ResumeGenerated, TicketId,
};
use keyfob_signed::{Certificate, Verified};
use keyfob_wire::{ChannelId, Instant, Status};

use super::session::Fingerprint;
use crate::engine::{Engine, Place};
use crate::platform::Platform;

/// A handshake whose third message is awaited.
pub(super) struct HalfOpen<P: Platform> {
    pub(super) channel: ChannelId,
    /// The partition that was asked for; none by a guest.
    pub(super) partition: Option<Place>,
    pub(super) responder: Responder<P::Crypto>,
    pub(super) began: Instant,
}

/// What the token computes at the moment.
pub(super) struct Job<P: Platform> {
    pub(super) channel: ChannelId,
    /// The message that asked for it.
    pub(super) request: Fingerprint,
    /// When its channel last heard of it.
    pub(super) heard: Instant,
    pub(super) state: State<P>,
}

/// How far it is. Each step forward is one public-key operation.
pub(super) enum State<P: Platform> {
    Asked(Option<Place>, Asked<P::Crypto>),
    Generated(Option<Place>, Generated<P::Crypto>),
    Agreed(Option<Place>, Agreed<P::Crypto>),
    Answered(Option<Place>, Responder<P::Crypto>),
    Presented(Option<Place>, Presented<P::Crypto>),
    ResumeAsked(TicketId, ResumeAsked<P::Crypto>),
    ResumeGenerated(TicketId, ResumeGenerated<P::Crypto>),
}

/// What a step leads to.
pub(super) enum Step<'m, P: Platform> {
    /// Another step.
    Next(State<P>),
    /// Message 2, of this length.
    Answer(HalfOpen<P>, usize),
    /// A session whose first request is to be answered.
    Session(Option<Place>, Option<Verified<Certificate>>, Established<P::Crypto>, &'m mut [u8]),
    /// A session that goes on.
    Resumed(TicketId, Established<P::Crypto>, [u8; RESUME_ANSWER]),
}

impl<P: Platform> State<P> {
    /// Whether the message that asked for it is still needed.
    pub(super) fn needs_message(&self) -> bool {
        matches!(self, Self::Answered(..) | Self::Presented(..))
    }

    /// Whether the next step ends with an answer of any length.
    pub(super) fn needs_room(&self) -> bool {
        matches!(self, Self::Agreed(..) | Self::Presented(..))
    }

    /// Does one public-key operation. `message` is message 3, `out` the place for message 2.
    pub(super) fn step<'m>(
        self,
        engine: &mut Engine<P>,
        now: Instant,
        channel: ChannelId,
        message: &'m mut [u8],
        out: &mut [u8],
    ) -> Result<Step<'m, P>, Status> {
        let refused = |_| Status::SessionRefused;
        Ok(Step::Next(match self {
            Self::Asked(partition, asked) => Self::Generated(partition, asked.generate(engine.entropy())),
            Self::Generated(partition, generated) => {
                Self::Agreed(partition, generated.agree(engine.handshake_key(partition)?).map_err(refused)?)
            }
            Self::Agreed(partition, agreed) => {
                let (responder, length) = engine.answer_handshake(partition, agreed, out)?;
                return Ok(Step::Answer(HalfOpen { channel, partition, responder, began: now }, length));
            }
            Self::Answered(partition, responder) => {
                Self::Presented(partition, responder.read_finish(message).map_err(refused)?)
            }
            Self::Presented(partition, presented) => {
                let admitted = match partition {
                    None => presented.admit_guest(message),
                    Some(partition) => {
                        let (root, minimum_epoch) = engine.vendor(partition)?;
                        presented.admit_app(message, &root, minimum_epoch)
                    }
                };
                let admitted = admitted.map_err(refused)?;
                let (session, certificate) = (admitted.session, admitted.certificate);
                return Ok(Step::Session(partition, certificate, session, admitted.first_request));
            }
            Self::ResumeAsked(ticket, asked) => Self::ResumeGenerated(ticket, asked.generate(engine.entropy())),
            Self::ResumeGenerated(ticket, generated) => {
                let (session, answer) = generated.answer().map_err(refused)?;
                return Ok(Step::Resumed(ticket, session, answer));
            }
        }))
    }
}
