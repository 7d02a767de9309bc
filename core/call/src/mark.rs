//! A call that marks another one: it is answered, ends as soon as its caller has heard so, and leaves a
//! record. Which call is meant is seen by whoever reads records: another shard may have it, and its record
//! may be written already.

use media::Side;
use sip_message::Message;
use sip_stack::{Flow, ServerId};

use crate::arrival::Admitted;
use crate::call::Call;
use crate::closing::Ending;
use crate::table::Calls;
use crate::{EndedBy, Room};

/// A description in which nobody speaks.
const SILENCE: &str = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";

impl Calls {
    /// Whoever calls marks a call as malicious.
    pub(crate) fn mark(
        &mut self,
        room: &mut Room<'_>,
        (server, flow): (ServerId, Flow),
        message: &Message<'_>,
        admitted: Admitted,
    ) {
        let key = self.reserve(room);
        self.lend_out(key);
        let mut call = Box::new(Call::new(room, key, server, flow, message, admitted));
        call.timer(Side::Caller).note_abilities(message);
        call.name_caller(room, message);
        call.tell_started(room);
        call.mark(room);
        self.settle(room, call);
    }
}

impl Call {
    fn mark(&mut self, room: &mut Room<'_>) {
        let offer = self.caller.offer.take().unwrap_or_default();
        let ours = sdp::fit(&offer, SILENCE.into());
        self.draft.answered(room);
        self.draft.marks("malicious");
        self.accept_caller(room, &ours);
        self.end_both(room, EndedBy::House, Ending::Marked);
    }
}
