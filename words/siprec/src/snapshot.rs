//! All that is known of a call at a moment (RFC 7865).

use std::fmt::Write;

use crate::id::Id;
use crate::moment::Moment;
use crate::xml::escape;

/// So many parties of one call are told of.
pub const PARTIES_MAX: usize = 8;
/// So many letters of a name or an address are.
pub const NAME_MAX: usize = 256;

/// One call, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What calls that belong together have in common.
    pub group: Id,
    pub group_since: Moment,
    pub session: Id,
    /// What its two ends are called (RFC 7989), as they stand in a Session-ID.
    pub session_ids: Vec<String>,
    /// Since when it is answered.
    pub begun: Moment,
    /// Since when it is recorded here.
    pub recorded: Moment,
    pub voices: Vec<Voice>,
    pub parties: Vec<Party>,
}

/// A stream that the recorder is sent: what one side says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    pub id: Id,
    /// As the description of the recording session labels it (RFC 4574).
    pub label: u8,
}

/// Somebody who is in the call, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    pub id: Id,
    /// A URI: `sip:…` or `tel:…`.
    pub address: String,
    pub name: Option<String>,
    pub came: Moment,
    pub left: Option<Moment>,
    /// The streams that it speaks in, and those that it hears.
    pub sends: Vec<Id>,
    pub hears: Vec<Id>,
}

impl Snapshot {
    /// The document, complete.
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(2_048);
        out.push_str(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
             <recording xmlns=\"urn:ietf:params:xml:ns:recording:1\">\r\n<datamode>complete</datamode>\r\n",
        );
        let parties = || self.parties.iter().take(PARTIES_MAX);
        self.write_session(&mut out);
        parties().for_each(|party| party.write_who(&mut out));
        for voice in &self.voices {
            let (id, session, label) = (voice.id, self.session, voice.label);
            line(&mut out, format_args!("<stream stream_id=\"{id}\" session_id=\"{session}\">"));
            line(&mut out, format_args!("<label>{label}</label></stream>"));
        }
        line(&mut out, format_args!("<sessionrecordingassoc session_id=\"{}\">", self.session));
        line(&mut out, format_args!("<associate-time>{}</associate-time>", self.recorded));
        out.push_str("</sessionrecordingassoc>\r\n");
        parties().for_each(|party| party.write_stay(self, &mut out));
        parties().for_each(|party| party.write_streams(&mut out));
        out.push_str("</recording>\r\n");
        out
    }

    fn write_session(&self, out: &mut String) {
        let Snapshot { group, group_since, session, begun, .. } = self;
        line(out, format_args!("<group group_id=\"{group}\">"));
        line(out, format_args!("<associate-time>{group_since}</associate-time></group>"));
        line(out, format_args!("<session session_id=\"{session}\">"));
        for id in &self.session_ids {
            out.push_str("<sipSessionID>");
            escape(id, NAME_MAX, out);
            out.push_str("</sipSessionID>\r\n");
        }
        line(out, format_args!("<group-ref>{group}</group-ref>"));
        line(out, format_args!("<start-time>{begun}</start-time>"));
        out.push_str("</session>\r\n");
    }
}

impl Party {
    fn write_who(&self, out: &mut String) {
        line(out, format_args!("<participant participant_id=\"{}\">", self.id));
        out.push_str("<nameID aor=\"");
        escape(&self.address, NAME_MAX, out);
        out.push_str("\">");
        if let Some(name) = &self.name {
            out.push_str("<name>");
            escape(name, NAME_MAX, out);
            out.push_str("</name>");
        }
        out.push_str("</nameID></participant>\r\n");
    }

    fn write_stay(&self, of: &Snapshot, out: &mut String) {
        let (id, session) = (self.id, of.session);
        let open = format_args!(
            "<participantsessionassoc participant_id=\"{id}\" session_id=\"{session}\">\r\n\
             <associate-time>{}</associate-time>",
            self.came
        );
        line(out, open);
        self.left.iter().for_each(|left| leave(out, *left));
        out.push_str("</participantsessionassoc>\r\n");
    }

    fn write_streams(&self, out: &mut String) {
        line(out, format_args!("<participantstreamassoc participant_id=\"{}\">", self.id));
        self.sends.iter().for_each(|id| line(out, format_args!("<send>{id}</send>")));
        self.hears.iter().for_each(|id| line(out, format_args!("<recv>{id}</recv>")));
        out.push_str("</participantstreamassoc>\r\n");
    }
}

fn leave(out: &mut String, left: Moment) {
    line(out, format_args!("<disassociate-time>{left}</disassociate-time>"));
}

fn line(out: &mut String, words: std::fmt::Arguments<'_>) {
    out.write_fmt(words).expect("a text takes whatever is written");
    out.push_str("\r\n");
}
