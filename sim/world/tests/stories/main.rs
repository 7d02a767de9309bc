//! Stories: one file each, told with real switches in a made-up world.
#![allow(clippy::unwrap_used)]

mod a15_keys;
mod a17_hold;
mod a18_transfers;
mod a21_addresses;
mod a22_session_timers;
mod a24_methods;
mod announcements;
mod b6_teams_transfers;
mod b8_local_media;
mod both_hang_up;
mod busy;
mod c14_session_ids;
mod c17_preferences;
mod c18_precedence;
mod cancel;
mod changes;
mod chaos;
mod checks;
mod codecs;
mod d11_sleepers;
mod d5_gruus;
mod d6_sips;
mod d9_hashed;
mod deaths;
mod dns;
mod early_dialogs;
mod early_media;
mod early_updates;
mod emergencies;
mod excerpts;
mod f2_connected;
mod failover;
mod first_call;
mod forwarding;
mod g6_release;
mod header_rules;
mod health;
mod hidden;
mod inbound;
mod j4_faxes;
mod k2_performance;
mod l3_watchers;
mod l5_changes;
mod lamps;
mod large;
mod late_offer;
mod length;
mod links;
mod lost_ack;
mod m8_callbacks;
mod made_calls;
mod malicious;
mod meetings;
mod moving_on;
mod music;
mod one_way;
mod operator;
mod p4_recorders;
mod parks;
mod phones;
mod pickups;
mod policy_swap;
mod proof;
mod providers;
mod quality;
mod recordings;
mod redirections;
mod registration;
mod reliable;
mod reports;
mod ringing;
mod rough_days;
mod second_opinion;
mod shaping;
mod shards;
mod silence;
mod srtp;
mod storms;
mod strangers;
mod targets;
mod tcp;
mod teams;
mod toll_bypass;
mod topologies;
mod watching;

/// Two users, two providers, one of which is the other's backup.
pub const TWO_PROVIDERS: &str = include_str!("../../src/seeds/house.toml");

/// Every story may be told with any seed; these are the ones it is told with here.
pub fn seed() -> u64 {
    4
}
