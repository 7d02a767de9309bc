//! Whatever happens in whatever order: nothing breaks, and everything ends.
#![allow(clippy::unwrap_used)]

mod scene;

use proptest::prelude::*;
use scene::{Got, OWNER, Scene, answer_tagged, asked, ms, tcp, udp, with_to_tag};
use sip_message::Method;
use sip_stack::{Flow, Late};

#[derive(Clone, Debug)]
enum Event {
    Hear { method: &'static str, branch: u8, flow: Way },
    Respond { which: usize, status: u16 },
    Ask { is_invite: bool, flow: Way },
    Answer { which: usize, status: u16, tag: u8 },
    AnswerCancel,
    Cancel { which: usize },
    Abandon { which: usize },
    FlowFails { flow: Way },
    Pass { ms: u64 },
    Noise { bytes: Vec<u8> },
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Udp,
    Tcp,
}

impl Way {
    fn flow(self) -> Flow {
        match self {
            Way::Udp => udp(),
            Way::Tcp => tcp(),
        }
    }
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::Udp), Just(Way::Tcp)]
}

fn event() -> impl Strategy<Value = Event> {
    let method = prop::sample::select(vec!["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO"]);
    let status = prop::sample::select(vec![100u16, 180, 183, 200, 202, 302, 408, 486, 487, 503, 603]);
    prop_oneof![
        4 => (method, 0u8..4, way()).prop_map(|(method, branch, flow)| Event::Hear { method, branch, flow }),
        4 => (0usize..8, status.clone()).prop_map(|(which, status)| Event::Respond { which, status }),
        3 => (any::<bool>(), way()).prop_map(|(is_invite, flow)| Event::Ask { is_invite, flow }),
        5 => (0usize..8, status, 0u8..3)
            .prop_map(|(which, status, tag)| Event::Answer { which, status, tag }),
        1 => Just(Event::AnswerCancel),
        2 => (0usize..8).prop_map(|which| Event::Cancel { which }),
        1 => (0usize..8).prop_map(|which| Event::Abandon { which }),
        1 => way().prop_map(|flow| Event::FlowFails { flow }),
        4 => (0u64..40_000).prop_map(|ms| Event::Pass { ms }),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Event::Noise { bytes }),
    ]
}

#[derive(Default)]
struct Known {
    servers: Vec<sip_stack::ServerId>,
    clients: Vec<(sip_stack::ClientId, String, Flow)>,
    cancels: Vec<String>,
}

fn play(scene: &mut Scene, known: &mut Known, event: Event) {
    match event {
        Event::Hear { method, branch, flow } => {
            let text = with_to_tag(&asked(method, &format!("z9hG4bK{branch}")), "ours");
            if let Got::Request(server) = scene.hear(flow.flow(), &text) {
                known.servers.push(server);
            }
        }
        Event::Respond { which, status } if !known.servers.is_empty() => {
            let server = known.servers[which % known.servers.len()];
            scene.respond(server, status);
        }
        Event::Ask { is_invite, flow } => {
            let method = if is_invite { Method::Invite } else { Method::Info };
            let (client, text) = scene.ask(flow.flow(), method);
            known.clients.push((client, text, flow.flow()));
        }
        Event::Answer { which, status, tag } if !known.clients.is_empty() => {
            let (client, text, flow) = &known.clients[which % known.clients.len()];
            let got = scene.hear(*flow, &answer_tagged(text, status, &tag.to_string()));
            assert!(matches!(got, Got::Nothing) || got == Got::Response(*client, status));
        }
        Event::AnswerCancel => {
            if let Some(cancel) = known.cancels.pop() {
                assert_eq!(scene.hear(udp(), &answer_tagged(&cancel, 200, "c")), Got::Nothing);
            }
        }
        Event::Cancel { which } if !known.clients.is_empty() => {
            let client = known.clients[which % known.clients.len()].0;
            scene.stack.cancel(scene.now, client, Some("SIP;cause=200"), &mut scene.out);
        }
        Event::Abandon { which } if !known.clients.is_empty() => {
            scene.stack.abandon(known.clients[which % known.clients.len()].0);
        }
        Event::FlowFails { flow } => scene.stack.flow_failed(scene.now, flow.flow(), &mut scene.late),
        Event::Pass { ms: time } => {
            scene.pass(ms(time));
        }
        Event::Noise { bytes } => assert!(!matches!(scene.hear_bytes(udp(), &bytes), Got::Request(_))),
        Event::Respond { .. } | Event::Answer { .. } | Event::Cancel { .. } | Event::Abandon { .. } => {}
    }
    known.cancels.extend(scene.sent().into_iter().filter(|text| text.starts_with("CANCEL ")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn everything_ends(events in prop::collection::vec(event(), 1..120)) {
        let mut scene = Scene::new();
        let mut known = Known::default();

        for event in events {
            play(&mut scene, &mut known, event);
        }
        // What waits for somebody else is brought to its end: the house answers, and cancels.
        for server in &known.servers {
            scene.respond(*server, 500);
        }
        for (client, ..) in &known.clients {
            scene.stack.cancel(scene.now, *client, None, &mut scene.out);
        }
        scene.pass(ms(200_000));

        prop_assert_eq!(scene.stack.transactions(), 0);
        prop_assert_eq!(scene.stack.deadline(), None);
        for (place, late) in scene.late.iter().enumerate() {
            prop_assert!(!scene.late[..place].contains(late), "told once: {:?}", late);
            if let Late::Timeout { owner, .. } | Late::FlowFailed { owner, .. } = late {
                prop_assert_eq!(*owner, OWNER);
            }
        }
    }
}
