#![allow(clippy::unwrap_used)]
//! What a call said can be drawn after the house has ended, however it did.

mod house;

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use house::{Directory, PATIENCE, Running, free_port, house, tandem};
use serde_json::Value;

const SECRET: &str = "5ec2e7f00d";

/// A house with a trunk whose calls it refuses, as nobody has a phone.
struct Office {
    directory: Directory,
    house: SocketAddr,
    up: Option<Running>,
}

impl Office {
    fn open(name: &str, more: &str) -> Office {
        let directory = Directory::new(name);
        let house_at = SocketAddr::from(([127, 0, 0, 1], free_port()));
        fs::write(directory.path().join("house.toml"), house(house_at.port()) + more).unwrap();
        let mut office = Office { directory, house: house_at, up: None };
        office.start();
        office
    }

    fn start(&mut self) {
        let mut up = Running::start(self.directory.text(), &[]);
        up.wait_for("records");
        self.up = Some(up);
        house::options(self.house.port());
    }

    fn kill_and_start(&mut self) {
        self.up.take().unwrap().kill();
        self.start();
    }

    fn stop_and_start(&mut self) {
        self.up.take().unwrap().stop();
        self.start();
    }

    /// Somebody calls, and is refused.
    fn call(&self, from: &str, call_id: &str) {
        let far = UdpSocket::bind((from, 0)).unwrap();
        far.set_read_timeout(Some(PATIENCE)).unwrap();
        let here = far.local_addr().unwrap();
        let invite = format!(
            "INVITE sip:+14255550100@127.0.0.1 SIP/2.0\r\n\
             Via: SIP/2.0/UDP {here};branch=z9hG4bK-{call_id}\r\nMax-Forwards: 70\r\n\
             From: <sip:+12065550142@{here}>;tag=1\r\nTo: <sip:+14255550100@127.0.0.1>\r\n\
             Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContact: <sip:pbx@{here}>\r\n\
             Authorization: Digest username=\"pbx\", response=\"{SECRET}\"\r\nContent-Length: 0\r\n\r\n"
        );
        far.send_to(invite.as_bytes(), self.house).unwrap();
        let mut room = [0; 8192];
        let refused = loop {
            let length = far.recv(&mut room).unwrap();
            let text = String::from_utf8_lossy(&room[..length]).into_owned();
            if text.starts_with("SIP/2.0 4") {
                break text;
            }
        };
        let to = refused.lines().find(|line| line.starts_with("To:")).unwrap();
        let ack = invite.replace("INVITE", "ACK").replace("To: <sip:+14255550100@127.0.0.1>", to);
        far.send_to(ack.as_bytes(), self.house).unwrap();
    }

    fn says(&self, words: &[&str]) -> String {
        let output = tandem(&[words, &["--dir", self.directory.text()]].concat());
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    fn ladder(&self, call_id: &str) -> String {
        self.says(&["call", "ladder", call_id])
    }

    fn messages(&self, call_id: &str) -> Value {
        let said: Value = serde_json::from_str(&self.says(&["call", "ladder", call_id, "--json"])).unwrap();
        said["found"]["messages"].clone()
    }

    fn export(&self, call_id: &str) -> Vec<u8> {
        let file = self.directory.path().join("call.pcapng");
        self.says(&["call", "export", call_id, "--pcapng", file.to_str().unwrap()]);
        fs::read(&file).unwrap()
    }

    fn folder(&self) -> PathBuf {
        self.directory.path().join("data/flight")
    }

    /// All that lies there.
    fn written(&self) -> String {
        let reels = fs::read_dir(self.folder().join("own")).into_iter().flatten();
        let texts = reels.map(|entry| fs::read(entry.unwrap().path()).unwrap_or_default());
        texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }

    fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < until, "never: {what}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// The last message of a refused call has come and is on the disk.
    fn wait_for_ack(&self, call_id: &str) {
        let ack = format!("branch=z9hG4bK-{call_id}");
        self.wait_until("an ACK on the disk", || {
            let written = self.written();
            written.contains("ACK sip:") && written.matches(&ack).count() >= 3
        });
    }
}

#[test]
fn pain_23_a_call_is_drawn_as_before_after_the_house_was_killed_and_after_it_was_stopped() {
    let mut office = Office::open("kept-messages", "");
    office.call("127.0.0.3", "first@west");
    office.call("127.0.0.9", "stranger@nowhere");
    office.wait_for_ack("first@west");
    office.wait_for_ack("stranger@nowhere");
    let (drawn, said) = (office.ladder("first@west"), office.messages("first@west"));
    let (strange, capture) = (office.messages("stranger@nowhere"), office.export("first@west"));
    assert!(drawn.contains("INVITE") && drawn.contains("◀──4") && drawn.contains("ACK"), "{drawn}");
    assert!(
        said.as_array().unwrap().len() >= 4 && strange.as_array().unwrap().len() >= 3,
        "{said} {strange}"
    );

    for again in [Office::kill_and_start, Office::stop_and_start, Office::kill_and_start] {
        again(&mut office);
        assert_eq!(office.ladder("first@west"), drawn);
        assert_eq!(office.messages("first@west"), said);
        assert_eq!(office.export("first@west"), capture);
        assert_eq!(office.messages("stranger@nowhere"), strange);
    }
    office.call("127.0.0.3", "second@west");
    office.wait_for_ack("second@west");
    let second = office.messages("second@west");
    assert_eq!(office.messages("first@west"), said, "nothing is there twice");
    office.kill_and_start();
    assert_eq!((office.messages("first@west"), office.messages("second@west")), (said, second));

    let written = office.written();
    assert!(!written.contains(SECRET), "no secret is written down");
    assert!(!written.contains("OPTIONS"), "nor who asked whether somebody is there");
    let verified = office.says(&["store", "verify"]);
    assert!(verified.contains("messages"), "{verified}");
}

/// Who keeps nothing on the disk has nothing after a start, and nothing that was there before.
#[test]
fn with_no_room_on_the_disk_messages_end_with_the_process() {
    let mut office = Office::open("kept-nothing", "");
    office.call("127.0.0.3", "first@west");
    office.wait_for_ack("first@west");
    let path = office.directory.path().join("house.toml");
    let text = fs::read_to_string(&path).unwrap() + "[system.records]\nmessages_mb = 0\n";
    fs::write(&path, text).unwrap();

    let applied = office.says(&["apply", office.directory.text(), "--yes"]);
    office.wait_until(&format!("nothing on the disk after {applied}"), || office.written().is_empty());
    office.call("127.0.0.3", "second@west");
    assert!(office.ladder("second@west").contains("INVITE"));
    office.stop_and_start();

    assert!(office.written().is_empty());
    assert!(office.ladder("second@west").contains("no message of call"), "{}", office.ladder("second@west"));
}

/// Where nothing can be written calls go on, memory has them, and somebody is told; what it still has is
/// written as soon as that is possible.
#[test]
fn a_disk_that_takes_no_messages_is_an_alarm_and_harms_no_call() {
    let mut office = Office::open("kept-refused", "");
    office.up.take().unwrap().stop();
    fs::remove_dir_all(office.folder()).unwrap();
    fs::write(office.folder(), "no folder").unwrap();
    office.start();

    office.wait_until("an alarm", || office.says(&["status"]).contains("kept in memory alone"));
    office.call("127.0.0.3", "first@west");
    assert!(office.ladder("first@west").contains("INVITE"));
    fs::remove_file(office.folder()).unwrap();
    office.wait_for_ack("first@west");

    office.wait_until("no alarm", || !office.says(&["status"]).contains("kept in memory alone"));
    let said = office.messages("first@west");
    office.kill_and_start();
    assert_eq!(office.messages("first@west"), said);
}
