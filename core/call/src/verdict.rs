//! What became of a call, as a code and a sentence.

use policy::Cause;

use crate::closing::Ending;
use crate::record::Outcome;

/// One way for a call to end, or for a party not to be heard: code, title, help.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    pub code: &'static str,
    pub title: &'static str,
    pub help: &'static str,
}

macro_rules! verdicts {
    ($($name:ident $code:literal $title:literal $help:literal;)*) => {
        $(pub(crate) const $name: &str = $code;)*

        /// Every ending, and every way not to be heard, in order of the codes. Refusals have their own.
        pub const VERDICTS: &[Verdict] = &[$(Verdict { code: $code, title: $title, help: $help }),*];
    };
}

verdicts! {
    HUNG_UP "TD-E001" "a party hung up"
        "The call was answered and ended in the usual way.";
    CANCELLED "TD-E002" "the caller gave up"
        "The caller hung up before anybody answered.";
    TRANSFERRED "TD-E003" "the call was transferred"
        "One party goes on in another call, whose record names this one as its parent.";
    REDIRECTED "TD-E004" "the caller was told to call elsewhere"
        "A callee redirected the call, and call.redirect of the caller's trunk is \"pass\".";
    SERVED "TD-E005" "another call was taken over"
        "A phone picked up a call that rang elsewhere. That call's record, the parent of this one, goes on.";
    MARKED "TD-E006" "another call was marked as malicious"
        "The call its caller was in, or the last that had reached them: `tandem call show` of it says so.";
    PUT_THROUGH "TD-E007" "the user was put through"
        "The house rang a user's phone, and whoever was to be called answered. That call has a record of its \
own, whose parent is this one.";
    BUSY "TD-E101" "the callee is busy or declined"
        "The far end answered 486, 600 or 603. Busy callees are not tried through another trunk.";
    NO_ANSWER "TD-E102" "nobody answered in time"
        "It rang as long as the plan allows, or the time to set up a call was over.";
    UNREACHABLE "TD-E103" "no peer of the plan could be reached"
        "Every attempt failed: timeout, DNS, connection, server failure. See the attempts of the record.";
    REJECTED "TD-E104" "the far end refused the call"
        "The far end gave a final answer that speaks for the callee. Its status is in the record.";
    FULL "TD-E105" "every way out is at its limit"
        "The limits of all trunks of the plan are reached, or no media port of an interface is free.";
    NO_MEDIA "TD-E106" "the parties have no media in common"
        "Codecs or transport of the two session descriptions don't meet.";
    NO_ACK "TD-E201" "an answer was never acknowledged"
        "The 200 OK was repeated for 32 seconds without an ACK. Look for a middlebox that loses ACKs.";
    NO_DESCRIPTION "TD-E202" "an answer held no session description"
        "A party that owed a session description sent none, or one that can't be used.";
    LOST "TD-E203" "a party no longer knows the call"
        "A request inside of the call was answered 481 or not at all: the party has gone.";
    NO_PRACK "TD-E204" "ringing was never acknowledged"
        "A 18x that the caller had to acknowledge was repeated for 32 seconds without a PRACK (RFC 3262).";
    SILENT "TD-E205" "a party gave no sign of life"
        "The session timer ran out: the party was to refresh the session, and didn't.";
    NOT_TRANSFERRED "TD-E206" "a transfer failed after its asker had hung up"
        "The new party was not reached, and whoever transferred was gone: nobody was left to speak with.";
    NOT_JOINED "TD-E207" "transferred parties have no media in common"
        "The parties of a transfer could not be joined: one refused the other's description.";
    UNCLAIMED "TD-E208" "nobody took the parked call"
        "It waited in an orbit, and whoever was called back did not answer either. See ring_backs, fallback.";
    TOO_LONG "TD-E209" "the call was as long as a trunk lets calls be"
        "The house ended it: call.longest of one of its trunks was over. Calls for help go on.";
    NO_SOUND "TD-E210" "neither side sent any media any more"
        "No RTP or RTCP came for call.silence, or call.silence_on_hold: both parties are gone, or cut off.";
    NO_PIN "TD-E211" "the PIN of the conference was not typed"
        "Another one was typed three times, or none within 45 seconds. Keys are heard as events, or in INFO.";
    UNRECORDED "TD-E212" "no recorder took the call"
        "It was to be recorded outside, and system.recording.without_recorder is \"end\". See its recording.";
    NOT_PUT_THROUGH "TD-E213" "the user answered, and the call came to nothing"
        "The house rang a user's phone, which answered; whoever was to be called then was not reached. The \
record of that call says why.";
    OPERATOR "TD-E301" "an operator ended the call"
        "The call was ended by command, or the house was stopped.";
    NOTHING_CAME "TD-E401" "nothing has come from this party since the call was answered"
        "No packet reached the ports that it was told: a firewall, an address that is not ours from there, \
or a phone that sends nothing. Compare the c= and m= lines that it was sent with where it can send to.";
    ONLY_STRANGERS "TD-E402" "media comes from an address that is not believed to be this party's"
        "It describes itself at another address than it sends from, as behind a NAT. media.senders says \
whom to believe; the address stands in the description that it sent.";
    UNPROVEN "TD-E403" "media comes that the agreed keys do not open"
        "The party seals its media with other keys or another suite than was agreed, or not at all.";
    NO_KEYS "TD-E404" "the handshake for keys has not ended"
        "DTLS records do not reach us or the party, or its certificate is not the one that was signalled.";
    NO_CHECK "TD-E405" "no check has shown where this party is"
        "ICE was agreed on, and no check has reached our ports: a firewall, or candidates that lead nowhere.";
    STOPPED "TD-E406" "this party was heard, and is not heard any more"
        "It has stopped sending, or what it sends is lost on its way. A muted phone may send nothing.";
}

/// What is said of a code; it is one of the table's.
pub(crate) fn verdict_of(code: &str) -> &'static Verdict {
    VERDICTS.iter().find(|verdict| verdict.code == code).unwrap_or(&VERDICTS[0])
}

/// Code, outcome and sentence of an ending.
pub(crate) fn of(ending: Ending, last: Option<Cause>) -> (&'static str, Outcome) {
    match ending {
        Ending::HungUp => (HUNG_UP, Outcome::Answered),
        Ending::Cancelled => (CANCELLED, Outcome::Cancelled),
        Ending::Failed(_) => of_cause(last),
        Ending::NoAck(_) => (NO_ACK, Outcome::Failed),
        Ending::NoPrack => (NO_PRACK, Outcome::Failed),
        Ending::NoDescription => (NO_DESCRIPTION, Outcome::Failed),
        Ending::Lost(_) => (LOST, Outcome::Failed),
        Ending::Silent(_) => (SILENT, Outcome::Failed),
        Ending::Transferred => (TRANSFERRED, Outcome::Answered),
        Ending::PutThrough => (PUT_THROUGH, Outcome::Answered),
        Ending::NotPutThrough => (NOT_PUT_THROUGH, Outcome::Answered),
        Ending::NotTransferred => (NOT_TRANSFERRED, Outcome::Failed),
        Ending::NotJoined => (NOT_JOINED, Outcome::Failed),
        Ending::Redirected => (REDIRECTED, Outcome::Refused),
        Ending::Unclaimed => (UNCLAIMED, Outcome::Failed),
        Ending::Marked => (MARKED, Outcome::Answered),
        Ending::NoPin => (NO_PIN, Outcome::Refused),
        Ending::TooLong => (TOO_LONG, Outcome::Answered),
        Ending::NoSound => (NO_SOUND, Outcome::Failed),
        Ending::Unrecorded => (UNRECORDED, Outcome::Failed),
        Ending::Operator => (OPERATOR, Outcome::Failed),
    }
}

pub(crate) fn of_cause(cause: Option<Cause>) -> (&'static str, Outcome) {
    match cause {
        Some(Cause::Status(486 | 600 | 603)) => (BUSY, Outcome::Busy),
        Some(Cause::Status(408 | 480) | Cause::NoAnswer) => (NO_ANSWER, Outcome::NoAnswer),
        Some(Cause::Status(500..=599)) | Some(Cause::Timeout | Cause::Dns | Cause::Transport) | None => {
            (UNREACHABLE, Outcome::Failed)
        }
        Some(Cause::Status(_)) => (REJECTED, Outcome::Failed),
        Some(Cause::Limit) => (FULL, Outcome::Failed),
        Some(Cause::Media) => (NO_MEDIA, Outcome::Failed),
    }
}

/// What the code means, in its title's words.
pub(crate) fn title(code: &str) -> &'static str {
    VERDICTS.iter().find(|verdict| verdict.code == code).map_or("", |verdict| verdict.title)
}
