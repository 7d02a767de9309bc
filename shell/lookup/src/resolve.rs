//! One question, asked and answered in the core's words.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use hickory_resolver::proto::ProtoErrorKind;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{ResolveError, TokioResolver};
use sip_stack::locate::{DnsAnswer, DnsFound, DnsQuestion, Naptr, Srv};

use crate::hosts::Hosts;

/// How long the hosts file, an absence without a time of its own, or a failure is believed.
const BELIEVED: Duration = Duration::from_secs(30);

pub async fn resolve(resolver: &TokioResolver, hosts: &Hosts, question: DnsQuestion) -> DnsAnswer {
    let (ttl, found) = match &question {
        DnsQuestion::Addresses(name) => addresses(resolver, hosts, name).await,
        DnsQuestion::Srv(name) => match records(resolver, name, RecordType::SRV).await {
            Ok((ttl, records)) => (ttl, DnsFound::Srv(records.iter().filter_map(srv).collect())),
            Err(Missing::Absent(ttl)) => (ttl, DnsFound::Srv(Vec::new())),
            Err(Missing::Failed) => (BELIEVED, DnsFound::Failed),
        },
        DnsQuestion::Naptr(name) => match records(resolver, name, RecordType::NAPTR).await {
            Ok((ttl, records)) => (ttl, DnsFound::Naptr(records.iter().filter_map(naptr).collect())),
            Err(Missing::Absent(ttl)) => (ttl, DnsFound::Naptr(Vec::new())),
            Err(Missing::Failed) => (BELIEVED, DnsFound::Failed),
        },
    };
    DnsAnswer { question, ttl, found }
}

/// Why there are no records.
enum Missing {
    /// The name has none, for so long.
    Absent(Duration),
    Failed,
}

async fn addresses(resolver: &TokioResolver, hosts: &Hosts, name: &str) -> (Duration, DnsFound) {
    if let Some(addresses) = hosts.addresses(name) {
        return (BELIEVED, DnsFound::Addresses(addresses));
    }
    let (four, six) =
        tokio::join!(records(resolver, name, RecordType::A), records(resolver, name, RecordType::AAAA));
    if matches!(
        (&four, &six),
        (Err(Missing::Failed), Err(_)) | (Err(Missing::Absent(_)), Err(Missing::Failed))
    ) {
        return (BELIEVED, DnsFound::Failed);
    }
    let mut found = Vec::new();
    let mut ttl = Duration::MAX;
    for answer in [six, four] {
        match answer {
            Ok((lives, records)) => {
                found.extend(records.iter().filter_map(address));
                ttl = ttl.min(lives);
            }
            Err(Missing::Absent(lives)) => ttl = ttl.min(lives),
            Err(Missing::Failed) => ttl = ttl.min(BELIEVED),
        }
    }
    (ttl, DnsFound::Addresses(found))
}

async fn records(
    resolver: &TokioResolver,
    name: &str,
    kind: RecordType,
) -> Result<(Duration, Vec<RData>), Missing> {
    // With its dot a name is whole: no search list is tried.
    let whole = format!("{}.", name.trim_end_matches('.'));
    let answer = resolver.lookup(whole, kind).await.map_err(|error| missing(&error))?;
    let ttl = answer.valid_until().saturating_duration_since(Instant::now());
    let records = answer.iter().filter(|data| data.record_type() == kind).cloned().collect();
    Ok((ttl, records))
}

fn missing(error: &ResolveError) -> Missing {
    match error.proto().map(|error| error.kind()) {
        Some(ProtoErrorKind::NoRecordsFound { negative_ttl, response_code, .. }) if is_no(*response_code) => {
            Missing::Absent(negative_ttl.map_or(BELIEVED, |seconds| Duration::from_secs(seconds.into())))
        }
        _ => Missing::Failed,
    }
}

/// Whether a server has said that there is nothing, and not that it could not tell.
fn is_no(code: ResponseCode) -> bool {
    matches!(code, ResponseCode::NoError | ResponseCode::NXDomain)
}

fn address(data: &RData) -> Option<IpAddr> {
    data.ip_addr()
}

fn srv(data: &RData) -> Option<Srv> {
    let srv = data.as_srv()?;
    let target = name_of(srv.target());
    Some(Srv { priority: srv.priority(), weight: srv.weight(), port: srv.port(), target })
}

fn naptr(data: &RData) -> Option<Naptr> {
    let naptr = data.as_naptr()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(Naptr {
        order: naptr.order(),
        preference: naptr.preference(),
        flags: text(naptr.flags()),
        service: text(naptr.services()),
        replacement: name_of(naptr.replacement()),
    })
}

fn name_of(name: &hickory_resolver::proto::rr::Name) -> String {
    let text = name.to_utf8();
    // The root alone says that the service is not there (RFC 2782): it keeps its dot.
    if name.is_root() { text } else { text.trim_end_matches('.').to_owned() }
}
