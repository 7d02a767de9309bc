//! The log line of an event.

use switch::Event;
use tracing::{info, warn};

/// Writes what a person should know of an event.
pub fn log(event: &Event) {
    match event {
        Event::TurnedAway { facts, refusal, .. } => {
            info!(source = %facts.source, code = %refusal.code, "turned away: {}", refusal.words);
        }
        Event::CallStarted { call, calling, called, emergency: true, .. } => {
            warn!(call, %calling, %called, "emergency call");
        }
        Event::CallStarted { call, calling, called, .. } => info!(call, %calling, %called, "call started"),
        Event::MovedOn { call, from, cause, .. } => info!(call, %from, cause, "moved on"),
        Event::CallAnswered { call, by, .. } => info!(call, %by, "call answered"),
        Event::MediaUnprotected { call, words, .. } => warn!(call, "media is not protected: {words}"),
        Event::CallSilent { call, who, seconds, .. } => warn!(call, seconds, "not heard any more: {who}"),
        Event::PartyMissed { call, who, code, words, .. } => warn!(call, code, "{who} is not heard: {words}"),
        Event::PartyHeard { call, who, .. } => info!(call, "{who} is heard"),
        Event::RecorderTook { call, recorder, server, .. } => {
            info!(call, %recorder, server, "recorded outside")
        }
        Event::RecorderFailed { call, recorder, server, why, .. } => {
            warn!(call, %recorder, server, "a recorder has failed: {why}");
        }
        Event::CallUnrecorded { call, group, .. } => {
            warn!(call, code = "TD-E212", group = &**group, "no recorder has the call");
        }
        Event::FaxHeard { call, who, signal, .. } => info!(call, signal, "a fax or a modem: {who}"),
        Event::FaxSpoilt { call, words, .. } => warn!(call, "a fax may come to nothing: {words}"),
        Event::SoundReported { who, call_id, heard, .. } => {
            info!(%who, call_id, mos = heard.mos, lost_percent = heard.lost_percent, "sound was reported");
        }
        Event::CallEnded { call, verdict, words, .. } => info!(call, verdict, "call ended: {words}"),
        Event::PeerDown { server, address, cause, .. } => warn!(%server, address, cause, "address is down"),
        Event::PeerUp { server, address, .. } => info!(%server, address, "address is up"),
        Event::PeerRests { server, address, .. } => info!(%server, address, "address asked to be left alone"),
        Event::TrunkRegistered { trunk, with, seconds, .. } => {
            info!(%trunk, with, seconds, "trunk is registered");
        }
        Event::TrunkRegistrationFailed { trunk, state, cause, retry_seconds, .. } => {
            warn!(%trunk, state, retry_seconds, "trunk is not registered: {cause}");
        }
        Event::TrunkUnregistered { trunk, .. } => info!(%trunk, "trunk is registered no more"),
    }
}
