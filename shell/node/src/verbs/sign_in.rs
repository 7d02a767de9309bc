//! `tandem sign-in`, `tandem sign-out`: a person's token of the identity provider, kept for him alone.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cli::{Exit, SignIn, SignOut};
use jwt::Granted;
use model::{Issuer, Oidc};
use serde_json::json;
use sign_in::{Asker, Desk, Session, fitting};

use crate::revisions::now_ms;
use crate::verbs::when;

/// A token that ends sooner is renewed before it is used.
const LEFT_S: i64 = 30;
const FILE: &str = "tandem/session.json";
const CLIENT: &str = "tandem-cli";

/// With whom somebody signs in.
#[derive(Clone, PartialEq, Eq)]
struct Wanted {
    issuer: String,
    client: String,
    audience: String,
    scopes: Vec<String>,
    roots: Option<PathBuf>,
}

pub fn run(verb: &SignIn) -> Result<Exit> {
    let file = file()?;
    let kept = Session::read(&file).with_context(|| file.display().to_string())?;
    let Some(wanted) = wanted(verb, kept.as_ref())? else {
        eprintln!(
            "tandem: sign in with whom? Say --dir DIR, a directory with [system.oidc], or --issuer URL"
        );
        return Ok(Exit::Usage);
    };
    let kept = kept.filter(|session| of(session) == wanted);
    let session = match kept {
        Some(session) if session.until_s - LEFT_S > now_s() => session,
        kept => {
            let session = signed_in(&wanted, kept.and_then(|session| session.refresh_token))?;
            session.write(&file).with_context(|| file.display().to_string())?;
            session
        }
    };
    let until = when(session.until_s.saturating_mul(1_000));
    if verb.print {
        println!("{}", session.token);
    } else if verb.json {
        let Session { issuer, name, until_s, .. } = &session;
        println!("{:#}", json!({ "issuer": issuer, "name": name, "until_s": until_s, "file": file }));
    } else {
        println!("signed in as {} with {}, until {until}", session.name, session.issuer);
        println!("curl -H \"Authorization: Bearer $(tandem sign-in --print)\" … asks a house");
    }
    Ok(Exit::Done)
}

/// A token by what is left of the last time, or else by somebody who signs in now.
fn signed_in(wanted: &Wanted, refresh_token: Option<String>) -> Result<Session> {
    let desk = Desk::of(Asker::of(&wanted.issuer, wanted.roots.as_deref())?, &wanted.client)?;
    if let Some(refresh_token) = refresh_token {
        match desk.renew(&refresh_token) {
            // RFC 6749 6: where no other one is given, this one goes on holding.
            Ok(granted) => return session(wanted, granted, Some(refresh_token)),
            Err(fault) => eprintln!("the sign-in of the last time has ended ({fault})"),
        }
    }
    let grant = desk.begin(&wanted.scopes)?;
    eprintln!("open {} and enter {}", grant.verification_uri, grant.user_code);
    grant.verification_uri_complete.iter().for_each(|whole| eprintln!("or open {whole}"));
    session(wanted, desk.wait(&grant)?, None)
}

fn session(wanted: &Wanted, granted: Granted, before: Option<String>) -> Result<Session> {
    let (token, read) = fitting(&granted, &wanted.audience)?;
    let called = ["preferred_username", "upn", "email", "name", "sub"].into_iter();
    let name = called.filter_map(|name| read.claims.text(name)).next().unwrap_or_default();
    let held_s = granted.expires_s.and_then(|held| i64::try_from(held).ok());
    let until_s = read.claims.until_s().or_else(|| held_s.map(|held| now_s().saturating_add(held)));
    Ok(Session {
        issuer: wanted.issuer.clone(),
        client: wanted.client.clone(),
        audience: wanted.audience.clone(),
        scopes: wanted.scopes.clone(),
        roots: wanted.roots.clone(),
        name: name.chars().filter(|letter| !letter.is_control()).collect(),
        token: token.to_owned(),
        until_s: until_s.unwrap_or_default(),
        refresh_token: granted.refresh_token.clone().or(before),
    })
}

pub fn out(verb: &SignOut) -> Result<Exit> {
    let file = file()?;
    let kept = Session::read(&file).with_context(|| file.display().to_string())?;
    let Some(session) = kept else {
        match verb.json {
            true => println!("{:#}", json!({ "was_signed_in": false })),
            false => println!("nobody was signed in"),
        }
        return Ok(Exit::Done);
    };
    // Whatever the provider says to it: here nobody is signed in any more.
    fs::remove_file(&file).with_context(|| file.display().to_string())?;
    let given_back = session.refresh_token.as_deref().map(|refresh_token| {
        let desk = Asker::of(&session.issuer, session.roots.as_deref());
        desk.and_then(|asker| Desk::of(asker, &session.client)?.give_back(refresh_token))
    });
    let why = given_back.and_then(Result::err).map(|fault| fault.to_string());
    match verb.json {
        true => println!("{:#}", json!({ "was_signed_in": true, "why_not_given_back": why })),
        false => {
            println!("{} is signed out", session.name);
            why.iter().for_each(|why| eprintln!("the provider has not taken the token back: {why}"));
        }
    }
    Ok(if why.is_none() { Exit::Done } else { Exit::Partly })
}

/// With whom: as the words of the command say, or as the last time.
fn wanted(verb: &SignIn, kept: Option<&Session>) -> Result<Option<Wanted>> {
    if let Some(dir) = &verb.dir {
        let documents = match crate::directory::documents(dir)? {
            Ok(documents) => documents,
            Err(problems) => {
                problems.iter().for_each(|problem| eprintln!("{problem}\n"));
                bail!("the documents of {} do not hold", dir.display());
            }
        };
        let oidc = documents.system.value.oidc.as_ref();
        let oidc = oidc.with_context(|| format!("{} has no [system.oidc]", dir.display()))?;
        return of_documents(oidc, dir).map(Some);
    }
    let Some(issuer) = &verb.issuer else { return Ok(kept.map(of)) };
    let issuer: Issuer = issuer.parse().map_err(|fault: model::Fault| anyhow::anyhow!("{fault}"))?;
    let client = verb.client.clone().unwrap_or_else(|| CLIENT.to_owned());
    let roots = verb.tls_verify.as_ref().map(std::path::absolute).transpose()?;
    Ok(Some(Wanted {
        issuer: issuer.text().to_owned(),
        audience: verb.audience.clone().unwrap_or_else(|| client.clone()),
        client,
        scopes: ["openid", "profile", "offline_access"].map(str::to_owned).to_vec(),
        roots,
    }))
}

fn of_documents(oidc: &Oidc, dir: &Path) -> Result<Wanted> {
    let roots = oidc.tls_verify.as_ref().map(|path| std::path::absolute(dir.join(path))).transpose()?;
    let scopes = oidc.scopes.iter().map(|scope| scope.value.clone());
    Ok(Wanted {
        issuer: oidc.issuer.text().to_owned(),
        client: oidc.client().to_owned(),
        audience: oidc.audience.value.clone(),
        scopes: ["openid".to_owned()].into_iter().chain(scopes).collect(),
        roots,
    })
}

fn of(session: &Session) -> Wanted {
    let Session { issuer, client, audience, scopes, roots, .. } = session.clone();
    Wanted { issuer, client, audience, scopes, roots }
}

/// Below what `XDG_STATE_HOME` names, or the home of whoever asks.
fn file() -> Result<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")));
    Ok(state.context("neither XDG_STATE_HOME nor HOME says where a sign-in is kept")?.join(FILE))
}

fn now_s() -> i64 {
    now_ms() / 1_000
}
