#![allow(clippy::unwrap_used)]
//! Wishes that phones wake, as a program gets them that speaks with a push service.

mod taker;

use exports::{Exported, Exports};
use policy::WallTime;
use serde_json::json;
use switch::{Urgency, Wake, Why};
use taker::{PATIENCE, Taken, Taker, until};
use telemetry::Flight;

struct House {
    taker: Taker,
    exports: Exports,
}

impl House {
    fn start() -> House {
        let taker = Taker::of("application/cloudevents+json", "/wake");
        let exports = Exports::new(Flight::new(0), &std::env::temp_dir());
        let told = format!("[push.apns]\nurl = \"http://{}/wake\"\n", taker.address());
        exports.adopt(&taker::policy("edge", &told));
        House { taker, exports }
    }

    fn taken(&self, status: &str) -> Taken {
        self.taker.take(status)
    }

    fn counts(&self, sent: u64, missed: u64) {
        let wanted = [Exported { name: "apns".into(), sent, missed }];
        until("the counts", || self.exports.pushes() == wanted);
    }
}

fn wake(user: &str, provider: &str, urgency: Urgency) -> Wake {
    Wake {
        user: user.into(),
        device: "urn:x:app".into(),
        provider: provider.into(),
        token: "t0k3n".into(),
        param: Some("T.app".into()),
        why: Why::Call,
        urgency,
        at: WallTime(1_795_392_000_500),
    }
}

#[test]
fn d11_whoever_wakes_phones_is_asked_at_once_and_again_if_it_was_too_busy() {
    let house = House::start();
    house.exports.wake(wake("hana", "apns", Urgency::Usual));

    let first = house.taken("503 Busy");
    let second = house.taken("202 Accepted");

    assert_eq!(first.id, second.id, "the same has the same id however often it comes");
    let named =
        ["specversion", "type", "source", "time", "id"].map(|name| second.body[name].as_str().unwrap());
    assert_eq!(named, ["1.0", "push.wanted", "/tandem/edge", "2026-11-23T00:00:00.5Z", &*second.id]);
    let wanted = json!({
        "user": "hana", "provider": "apns", "prid": "t0k3n", "param": "T.app", "reason": "call",
        "urgent": false,
    });
    assert_eq!(second.body["data"], wanted);
    house.counts(1, 0);
    house.exports.stop();
}

#[test]
fn what_is_refused_once_and_for_all_is_not_asked_again_and_strange_services_are_not_asked_at_all() {
    let house = House::start();
    let (tell, told) = std::sync::mpsc::channel();
    house.exports.tell_in_vain(move |wake| tell.send((wake.user.clone(), wake.device.clone())).unwrap());
    house.exports.wake(wake("hana", "fcm", Urgency::Urgent));
    house.exports.wake(wake("hana", "apns", Urgency::Urgent));

    let gone = house.taken("410 Gone");
    assert_eq!(gone.body["data"]["urgent"], true);
    house.counts(0, 1);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), ("hana".into(), "urn:x:app".into()));
    house.exports.wake(wake("minsu", "apns", Urgency::Usual));

    assert_eq!(house.taken("200 OK").body["data"]["user"], "minsu");
    house.counts(1, 1);
    house.exports.stop();
}
