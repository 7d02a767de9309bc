//! Key presses that messages of a call tell: INFO whose body names the key.

use std::time::Duration;

use media::{Press, Side};
use policy::Dtmf;
use sip_message::{Header, Message, Method};
use sip_stack::{ClientId, ServerId};

use crate::call::{Call, State};
use crate::said::Said;
use crate::telling::{PLAIN, RELAYED, Telling, UnderWay, read, written};
use crate::{Room, part};

/// A press that is not acknowledged by then does not keep the next ones waiting.
const PATIENCE: Duration = Duration::from_secs(5);

impl Call {
    /// Takes an INFO that tells a press, where the other side is to hear of it by its media.
    pub(crate) fn take_press(
        &mut self,
        room: &mut Room<'_>,
        server: ServerId,
        from: Side,
        message: &Message<'_>,
    ) -> Option<()> {
        let is_typed = self.meets.is_some();
        if message.method() != Some(Method::Info) || !is_typed && self.end(from).rules.dtmf != Dtmf::Info {
            return None;
        }
        let press = read(message.line(Header::ContentType)?, message.body())?;
        if is_typed {
            self.types(room, press);
        } else {
            self.bridge.press(room, from, press)?;
        }
        room.reply(server, 200);
        Some(())
    }

    /// Whether one of the far ends tells its presses by INFO.
    pub(crate) fn is_told_presses(&self) -> bool {
        self.ends.iter().any(|end| end.rules.dtmf == Dtmf::Info)
    }

    /// One side's peer pressed a key; the other side is to be told by INFO.
    pub(crate) fn pressed(&mut self, room: &mut Room<'_>, to: Side, press: Press) {
        if !matches!(self.state, State::Up(_)) {
            return;
        }
        let telling = self.telling.get_or_insert_with(|| Box::new(Telling::new(to)));
        if telling.to != to {
            **telling = Telling::new(to);
        }
        telling.wait(press);
        let is_waited_for = |under_way: &UnderWay| room.now.instant < under_way.since + PATIENCE;
        if !telling.under_way.as_ref().is_some_and(is_waited_for) {
            self.tell_next_press(room);
        }
    }

    fn tell_next_press(&mut self, room: &mut Room<'_>) {
        let Some(telling) = &mut self.telling else { return };
        telling.under_way = None;
        let (to, kind) = (telling.to, telling.kind);
        let Some(press) = telling.waiting.pop_front() else { return };
        let body = written(kind, press);
        let said = Said::new(Method::Info, &[]).with_body(Some((kind, body.as_bytes())));
        let client = self.say_inside(room, (to, part::PRESS), &said, None);
        let Some(telling) = &mut self.telling else { return };
        let since = room.now.instant;
        telling.under_way = client.map(|client| UnderWay { client, press, said, since });
    }

    pub(crate) fn press_answered(&mut self, room: &mut Room<'_>, client: ClientId, message: &Message<'_>) {
        let status = message.status().unwrap_or_default();
        if status < 200 || !self.is_of_press(client) {
            return;
        }
        let Some(telling) = &mut self.telling else { return };
        let (to, under_way) = (telling.to, telling.under_way.take());
        let Some(mut under_way) = under_way else { return };
        match status {
            401 | 407 => {
                let again = self.prove_inside(room, (to, part::PRESS), &mut under_way.said, message);
                if let (Some(client), Some(telling)) = (again, &mut self.telling) {
                    telling.under_way = Some(UnderWay { client, ..under_way });
                    return;
                }
            }
            408 | 481 => return self.telling = None,
            // Some know the plainer of the two bodies alone.
            415 if telling.kind == RELAYED => {
                telling.kind = PLAIN;
                telling.waiting.push_front(under_way.press);
            }
            _ => {}
        }
        self.tell_next_press(room);
    }

    pub(crate) fn is_of_press(&self, client: ClientId) -> bool {
        let under_way = self.telling.as_ref().and_then(|telling| telling.under_way.as_ref());
        under_way.is_some_and(|under_way| under_way.client == client)
    }

    /// Nobody answers: whoever it is for is not told of presses any more that waited for this one.
    pub(crate) fn forget_presses(&mut self, client: ClientId) {
        if self.is_of_press(client) {
            self.telling = None;
        }
    }
}
