//! The house's ways to say no: one table of codes, SIP statuses and help.

use std::fmt;

use serde::Serialize;

/// A stable code of a refusal, printed as `TD-R301`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

/// One row of the table of refusals.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub code: Code,
    /// The SIP status that is answered.
    pub status: u16,
    pub title: &'static str,
    /// What it means and what to do about it.
    pub help: &'static str,
}

macro_rules! refusals {
    ($($constant:ident $number:literal $status:literal $title:literal $help:literal;)*) => {
        impl Code {
            $(#[doc = $title] pub const $constant: Code = Code($number);)*
        }

        /// Every reason to refuse a call, in order of their codes.
        pub const REFUSALS: &[Row] = &[
            $(Row { code: Code($number), status: $status, title: $title, help: $help }),*
        ];
    };
}

refusals! {
    PROVE_YOURSELF 101 401 "prove who you are"
        "The caller names a user of ours and has to answer a challenge. Give the phone the user's password.";
    STRANGER 102 403 "nobody we know calls"
        "The source is no trunk's and the caller no user. Add the source to a trunk's accept.sources.";
    ELSEWHERE 103 403 "a user without password calls from elsewhere"
        "A user without password calls from the addresses of its devices only. Set a password or a device.";
    NOT_INBOUND 104 403 "the trunk is for outgoing calls only"
        "Set the trunk's direction to \"both\" or \"in\" if calls are to be taken from it.";
    UNREADABLE 105 400 "an address of the request cannot be read"
        "The request URI or From is not a SIP or tel URI that names somebody.";
    TOO_MANY_HOPS 106 483 "the request went through too many hops"
        "Max-Forwards is used up: the call probably goes round in a circle between two systems.";
    SOMEBODY_ELSE 107 403 "the caller proved to be somebody else"
        "The digest belongs to another user than From names. Correct the phone's account.";
    IN_THE_CLEAR 108 403 "a sips address was called in the clear"
        "Whoever calls a sips address wants it read by nobody: it comes by TLS or WSS. Else call it by sip.";
    NOT_YOUR_NUMBER 121 403 "the number shown is not the caller's"
        "Trunks with screen = \"refuse\" want a number that is the caller's. See identity.owns and may_show.";
    NO_PRIVACY 122 500 "privacy that is critical cannot be given"
        "The caller would rather not call than be seen, and we cannot hide them on any way out.";
    UNASSIGNED 201 404 "the number called belongs to nobody here"
        "Give the number to a user, or add a route with send. Calls from a trunk need an owned number.";
    NOT_A_NUMBER 202 484 "what was dialled is not a number"
        "No rule of the dial plan turns these digits into a number. Add a rule to a [dialplan.*].";
    NO_DEVICE 203 480 "the user has no device that could ring"
        "Register a phone with the user's name and password, or add a device with a contact to the user.";
    TAKES_NONE 204 480 "the user takes no calls"
        "The user's forward.always refuses every call, with the status that it names.";
    DO_NOT_DISTURB 205 480 "the user does not want to be disturbed"
        "do_not_disturb of the user is set. forward.busy would send calls on; the private number rings.";
    ANONYMOUS 206 433 "the user takes no calls of people who hide who they are"
        "The user's anonymous_calls is \"refused\" (RFC 5079). The caller may call again and be shown.";
    GOES_ROUND 207 482 "the call is sent on from one to the other without end"
        "Forwards lead back to somebody who has sent the call on already, or on and on. Point one elsewhere.";
    NOT_REDIRECTED 208 480 "whoever was called sends the call elsewhere, where it may not go"
        "A 3xx of a phone is a forward of its user. A trunk's is followed where call.redirect is \"inside\".";
    BUSY 209 486 "the user has as many calls as they may have"
        "max_calls of the user counts ringing calls and own ones too. forward.busy would send it on.";
    NOT_SEALED 210 480 "no way there is sips"
        "A sips call rings phones that registered a sips contact by TLS and leaves by servers written sips:.";
    NO_SUCH_PHONE 211 404 "no phone has this address, or has it no more"
        "An address with gr names one phone (RFC 5627). A temporary one ends when its phone registers anew.";
    RIGHTS 301 403 "the user may not call numbers of this class"
        "Add the class to the user's allow list if the user should reach such numbers.";
    USAGE 302 403 "no usage leads there"
        "Routes lead there, by usages that the caller's rights or trunk do not hold. Add one to them.";
    TOLL_BYPASS 303 403 "whoever is there may not be joined with the telephone network here"
        "A site or trunk refuses toll bypass. Whoever is at such a site leaves by its routes: site.usages.";
    NOT_THERE 304 480 "no device of the user is where the call may ring"
        "The trunk's toll_bypass is \"refused\" and the user is elsewhere. See site.mailbox.";
    NO_ROUTE 401 404 "no route matches"
        "tandem explain shows every route and why it does not match.";
    NO_SERVER 402 503 "the route has no trunk that takes outgoing calls"
        "All trunks of the route are for incoming calls only.";
    TRANSIT 403 403 "the call would only pass from the telephone network into it again"
        "Somebody outside would call at your expense. If it is meant: transit = \"allowed\" on that trunk.";
    LIMIT 501 503 "every way out is full"
        "The calls in use have reached the limits of the site or of all trunks of the route.";
    LEAVING 502 503 "the house is about to stop"
        "New calls are refused while the last ones end. Emergency calls are still taken.";
    DRAINING 504 503 "an operator lets the house take no new calls for a while"
        "tandem resume takes calls again. Emergency calls are still taken, and those who call back for them.";
    TRUNK_DRAINING 505 503 "an operator lets the trunk take no new calls for a while"
        "tandem trunk resume NAME takes calls again. Help, and those who call back for it, get through.";
    NOT_RELIABLE 503 421 "the caller can't acknowledge provisional answers"
        "The trunk's call.reliable is \"required\". Set it to \"supported\" if its far end can't do 100rel.";
    NO_TRANSFER 701 603 "transfers of this trunk are not taken"
        "The far end asks to transfer a call. If it may: call.transfer = \"inside\", or \"return\".";
    TRANSFER_OF_HELP 702 403 "a call for help is not transferred"
        "Whoever answered a call for help stays in it: nothing may replace either party.";
    NO_SUCH_CALL 703 404 "the call to be joined is not known here"
        "The transfer names another call that has ended, or that another shard serves.";
    NOT_THEIR_CALL 704 403 "the call to be joined is somebody else's"
        "An attended transfer joins two calls of whoever transfers; a phone may replace a user's leg only.";
    NO_JOIN 705 403 "joining a call in progress is not possible"
        "The INVITE has a Join header. Calls have two parties here.";
    NO_MARK 721 403 "the user may not mark calls as malicious"
        "Set mark_malicious of the user to \"allowed\" if the user may.";
    NO_PICKUP 706 403 "the user may not pick up calls of whoever was named"
        "Calls are picked up by those who have the same pickup_group as the user who is called.";
    NOTHING_RINGS 707 480 "no call rings there that could be picked up"
        "It was answered or given up. Calls for help, to a team or to a private line stay where they ring.";
    NOT_INVITED 722 403 "the user may not enter the conference"
        "Add the user to users of the conference; without users, all users may enter.";
    CONFERENCE_FULL 723 486 "the conference is full"
        "As many are in it as its limit allows, or as the law lets speak with whoever calls.";
    NO_SUCH_ENTRANCE 724 403 "a conference is not entered in that way"
        "A conference is dialled. A call that is transferred or redirected to it does not enter it.";
    NOT_MADE 725 403 "the house makes no call to that"
        "A code, an orbit or a conference is dialled on a phone. Name a number, an extension or a user.";
    ORBIT_TAKEN 708 486 "no place is free where the call was to be parked"
        "Another call is parked at that number, or at every number of the orbit. Add numbers to the orbit.";
    NOBODY_PARKED 709 404 "no call is parked there"
        "It was taken or ended. A call is parked by a transfer to an orbit's number or to its code.";
    NOT_PARKED 710 403 "such a call is not parked"
        "Users park calls that they are in. A far end of a trunk, and nobody in a call for help, parks one.";
}

impl Code {
    /// The row of the table that explains this code.
    pub fn row(self) -> &'static Row {
        REFUSALS.iter().find(|row| row.code == self).expect("codes are only made by the table")
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TD-R{:03}", self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A no, with its reason in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub code: Code,
    pub status: u16,
    pub words: String,
}

impl Refusal {
    /// The same with another status than the table's.
    pub fn with_status(self, status: u16) -> Refusal {
        Refusal { status, ..self }
    }

    /// A refusal of this code; the status stands in the table.
    pub fn new(code: Code, words: impl Into<String>) -> Refusal {
        Refusal { code, status: code.row().status, words: words.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.words)
    }
}
