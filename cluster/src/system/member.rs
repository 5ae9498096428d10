//! The `[node.member]` part of a descriptor: how another node is asked who the members are, to take one out, and to take one
//! in; and what a node is started with that comes back as a new member.
//!
//! Asking is done by [`crate::cluster`]; when a member is taken out, and whom, is for others to say.

use super::condition::Pointer;
use super::node::{AddressTemplate, CommandTemplate, fill_address};
use super::operation::{HeaderName, HttpRequest, Method, check_header, check_url};
use super::placed::placed;
use super::readiness::{success, within};
use super::status::StatusSet;
use super::template::{Template, UnknownVariable, Variable};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// How the membership is asked for and changed.
#[derive(Debug, Clone)]
pub struct MemberRecipe {
    list: List,
    remove: Request,
    add: Request,
    joins_with: Vec<CommandTemplate>,
    /// How long an answer may take; by default 5 s.
    pub timeout: Duration,
}

/// A node by its name, its number from 1, and its address.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// Its name.
    pub node: &'a str,
    /// Its number, from 1.
    pub index: usize,
    /// Its address.
    pub ip: Ipv4Addr,
    /// How often it has joined as a new member.
    pub joins: u32,
}

/// A change of the membership that a node is asked for.
#[derive(Debug, Clone, Copy)]
pub enum MemberChange<'a> {
    /// The member that the system calls so is none any more.
    Remove(&'a str),
    /// The node is a member from now on.
    Add,
}

/// What the system calls a member is put into requests: this long at most, of letters, digits, `-` and `_`.
const ID_BYTES_MAX: usize = 100;

/// How the membership is asked for and changed, by asking another node than the one that it is about.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Member")]
struct RawMember {
    /// How a node is asked who the members are.
    list: List,
    /// How it is asked to take another node out. Variables: {node} {index} {ip} are the node that is asked, {member}
    /// {member_index} {member_ip} {member_joins} the other, {id} what the system calls that one.
    remove: Request,
    /// How it is asked to take another node in; the same variables without {id}.
    add: Request,
    /// Arguments with which a node is started beside the others when it comes back as a new member; its data directory is
    /// empty then, and {peers} has only those nodes that are members.
    #[serde(default)]
    joins_with: Vec<CommandTemplate>,
    /// How long an answer may take.
    #[serde(default = "timeout_ms")]
    timeout_ms: u64,
}

fn timeout_ms() -> u64 {
    5_000
}

/// A request over HTTP.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MemberRequest")]
struct Request {
    /// Where it is sent.
    url: ChangeTemplate,
    /// `GET` when nothing is said.
    #[serde(default = "Method::get")]
    method: Method,
    /// Names and values.
    #[serde(default)]
    headers: BTreeMap<HeaderName, ChangeTemplate>,
    /// What is sent.
    body: Option<ChangeTemplate>,
    /// Which statuses mean that it was done; 2xx when nothing is said.
    #[serde(default = "success")]
    status: StatusSet,
}

/// A request over HTTP whose answer lists the members.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MemberList")]
struct List {
    /// Where it is sent. Variables: {node} {index} {ip}.
    url: AddressTemplate,
    /// `GET` when nothing is said.
    #[serde(default = "Method::get")]
    method: Method,
    /// Names and values.
    #[serde(default)]
    headers: BTreeMap<HeaderName, AddressTemplate>,
    /// What is sent.
    body: Option<AddressTemplate>,
    /// Which statuses mean that it is the list; 2xx when nothing is said.
    #[serde(default = "success")]
    status: StatusSet,
    /// A JSON pointer to the list in the answer.
    members: Pointer,
    /// JSON pointers into an element of the list, and which text stands there for which node. Variables: {member}
    /// {member_index} {member_ip} {member_joins}.
    #[serde(rename = "where")]
    is_node: BTreeMap<Pointer, ElementTemplate>,
    /// A JSON pointer into an element: what the system calls that member, a text or a number. This is {id}.
    id: Pointer,
}

placed!(MemberRecipe from RawMember, "a table");

impl TryFrom<RawMember> for MemberRecipe {
    type Error = String;

    fn try_from(raw: RawMember) -> Result<Self, String> {
        let RawMember {
            list,
            remove,
            add,
            joins_with,
            timeout_ms,
        } = raw;
        let mut names = list.is_node.values().flat_map(|template| template.0.variables());
        if names.next().is_none() {
            return Err(
                "list: `where` says which element is which node, as in { \"/name\" = \"{member}\" }"
                    .to_owned(),
            );
        }
        drop(names);
        check_url(&list.url.0).map_err(|why| format!("list: url: {why}"))?;
        for value in list.headers.values() {
            check_header(&value.0.to_string()).map_err(|why| format!("list: headers: {why}"))?;
        }
        for (name, request) in [("remove", &remove), ("add", &add)] {
            request.check().map_err(|why| format!("{name}: {why}"))?;
        }
        if add.variables().any(|variable| variable == ChangeVariable::Id) {
            return Err("add: {id} is what the system calls a member, and this is none yet".to_owned());
        }
        Ok(MemberRecipe {
            list,
            remove,
            add,
            joins_with,
            timeout: within("timeout_ms", timeout_ms, 60_000)?,
        })
    }
}

impl Request {
    fn variables(&self) -> impl Iterator<Item = ChangeVariable> {
        let all = [&self.url].into_iter().chain(self.headers.values());
        all.chain(&self.body).flat_map(|template| template.0.variables())
    }

    fn check(&self) -> Result<(), String> {
        check_url(&self.url.0).map_err(|why| format!("url: {why}"))?;
        self.headers
            .values()
            .try_for_each(|value| check_header(&value.0.to_string()).map_err(|why| format!("headers: {why}")))
    }
}

impl MemberRecipe {
    /// What a node is asked to list the members.
    pub fn list(&self, asked: Named<'_>) -> HttpRequest {
        let fill = |template: &AddressTemplate| fill_address(template, asked.node, asked.index, asked.ip);
        HttpRequest {
            method: self.list.method.0.clone(),
            url: fill(&self.list.url),
            headers: self
                .list
                .headers
                .iter()
                .map(|(name, value)| (name.0.clone(), fill(value)))
                .collect(),
            body: self.list.body.as_ref().map(fill),
        }
    }

    /// Which of some nodes are members by the answer to that: each by its name, with what the system calls it.
    ///
    /// # Errors
    /// What the answer says instead, fit for a line but for what stands in it.
    pub fn members(
        &self,
        status: u16,
        body: &[u8],
        nodes: &[Named<'_>],
    ) -> Result<BTreeMap<String, String>, String> {
        if !self.list.status.contains(status) {
            return Err(format!("status {status}, not {}", self.list.status));
        }
        let document: Value = serde_json::from_slice(body).map_err(|why| format!("it is no JSON: {why}"))?;
        let list = document.pointer(&self.list.members.0).and_then(Value::as_array);
        let list = list.ok_or_else(|| format!("there is no list at {:?}", self.list.members.0))?;
        let mut members = BTreeMap::new();
        for element in list {
            let Some(node) = nodes.iter().find(|node| self.is_node(element, node)) else {
                continue;
            };
            members.insert(node.node.to_owned(), self.id(element)?);
        }
        Ok(members)
    }

    fn is_node(&self, element: &Value, node: &Named<'_>) -> bool {
        self.list.is_node.iter().all(|(pointer, template)| {
            let text = template.0.fill(|variable| match variable {
                ElementVariable::Member => node.node.to_owned(),
                ElementVariable::MemberIndex => node.index.to_string(),
                ElementVariable::MemberIp => node.ip.to_string(),
                ElementVariable::MemberJoins => node.joins.to_string(),
            });
            match element.pointer(&pointer.0) {
                Some(Value::String(there)) => *there == text,
                Some(Value::Number(there)) => there.to_string() == text,
                _ => false,
            }
        })
    }

    fn id(&self, element: &Value) -> Result<String, String> {
        let id = match element.pointer(&self.list.id.0) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return Err(format!("a member has no text or number at {:?}", self.list.id.0)),
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        match !id.is_empty() && id.len() <= ID_BYTES_MAX && id.bytes().all(is_plain) {
            true => Ok(id),
            false => Err("what a member is called there is not of letters, digits, - and _".to_owned()),
        }
    }

    /// What a node is asked for a change of the membership that is about another one.
    pub fn change(&self, asked: Named<'_>, member: Named<'_>, change: MemberChange<'_>) -> HttpRequest {
        let (request, id) = match change {
            MemberChange::Remove(id) => (&self.remove, id),
            MemberChange::Add => (&self.add, ""),
        };
        let fill = |template: &ChangeTemplate| {
            template.0.fill(|variable| match variable {
                ChangeVariable::Node => asked.node.to_owned(),
                ChangeVariable::Index => asked.index.to_string(),
                ChangeVariable::Ip => asked.ip.to_string(),
                ChangeVariable::Member => member.node.to_owned(),
                ChangeVariable::MemberIndex => member.index.to_string(),
                ChangeVariable::MemberIp => member.ip.to_string(),
                ChangeVariable::MemberJoins => member.joins.to_string(),
                ChangeVariable::Id => id.to_owned(),
            })
        };
        HttpRequest {
            method: request.method.0.clone(),
            url: fill(&request.url),
            headers: request
                .headers
                .iter()
                .map(|(name, value)| (name.0.clone(), fill(value)))
                .collect(),
            body: request.body.as_ref().map(fill),
        }
    }

    /// Whether this is the status of an answer that says that a change was done.
    ///
    /// # Errors
    /// Which it would be.
    pub fn is_done(&self, change: MemberChange<'_>, status: u16) -> Result<(), String> {
        let expected = match change {
            MemberChange::Remove(_) => &self.remove.status,
            MemberChange::Add => &self.add.status,
        };
        match expected.contains(status) {
            true => Ok(()),
            false => Err(format!("status {status}, not {expected}")),
        }
    }

    /// The arguments with which a new member is started.
    pub(super) fn joins_with(&self) -> &[CommandTemplate] {
        &self.joins_with
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChangeVariable {
    Node,
    Index,
    Ip,
    Member,
    MemberIndex,
    MemberIp,
    MemberJoins,
    Id,
}

impl Variable for ChangeVariable {
    const ALL: &'static [(&'static str, Self)] = &[
        ("node", Self::Node),
        ("index", Self::Index),
        ("ip", Self::Ip),
        ("member", Self::Member),
        ("member_index", Self::MemberIndex),
        ("member_ip", Self::MemberIp),
        ("member_joins", Self::MemberJoins),
        ("id", Self::Id),
    ];
}

#[derive(Debug, Clone)]
struct ChangeTemplate(Template<ChangeVariable>);

placed!(ChangeTemplate from String, "a string");

impl TryFrom<String> for ChangeTemplate {
    type Error = UnknownVariable;

    fn try_from(text: String) -> Result<Self, UnknownVariable> {
        Template::parse(&text).map(Self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ElementVariable {
    Member,
    MemberIndex,
    MemberIp,
    MemberJoins,
}

impl Variable for ElementVariable {
    const ALL: &'static [(&'static str, Self)] = &[
        ("member", Self::Member),
        ("member_index", Self::MemberIndex),
        ("member_ip", Self::MemberIp),
        ("member_joins", Self::MemberJoins),
    ];
}

#[derive(Debug, Clone)]
struct ElementTemplate(Template<ElementVariable>);

placed!(ElementTemplate from String, "a string");

impl TryFrom<String> for ElementTemplate {
    type Error = UnknownVariable;

    fn try_from(text: String) -> Result<Self, UnknownVariable> {
        Template::parse(&text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::System;

    const ETCD: &str = include_str!("../../../systems/etcd.toml");

    fn recipe() -> MemberRecipe {
        System::parse(ETCD, "etcd.toml").unwrap().node.member.unwrap()
    }

    fn node(index: usize) -> Named<'static> {
        Named {
            node: ["n1", "n2", "n3"][index - 1],
            index,
            ip: Ipv4Addr::new(10, 0, 0, index as u8),
            joins: index as u32 / 3,
        }
    }

    #[test]
    fn a_list_says_who_is_a_member_and_what_it_is_called() {
        let nodes = [node(1), node(2), node(3)];
        let of = |body: &str| recipe().members(200, body.as_bytes(), &nodes);
        let answer = r#"{"members": [
            {"ID": "81", "name": "n1", "peerURLs": ["http://10.0.0.1:2380"]},
            {"ID": 7, "peerURLs": ["http://10.0.0.3:2381"]},
            {"ID": 8, "peerURLs": ["http://10.0.0.3:2380"]},
            {"ID": "9", "peerURLs": ["http://10.0.0.9:2380"]}]}"#;
        let expected = [("n1", "81"), ("n3", "7")].map(|(node, id)| (node.to_owned(), id.to_owned()));
        assert_eq!(of(answer), Ok(expected.into()));
        for wrong in [
            "",
            "[]",
            r#"{"members": 1}"#,
            r#"{"members": [{"peerURLs": ["http://10.0.0.1:2380"]}]}"#,
            r#"{"members": [{"ID": "1\", \"x\": \"", "peerURLs": ["http://10.0.0.1:2380"]}]}"#,
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        assert!(recipe().members(503, answer.as_bytes(), &nodes).is_err());
    }

    #[test]
    fn a_change_is_asked_of_one_node_and_is_about_another() {
        let removal = recipe().change(node(1), node(3), MemberChange::Remove("81"));
        assert_eq!(removal.url, "http://10.0.0.1:2379/v3/cluster/member/remove");
        assert_eq!(removal.body.as_deref(), Some(r#"{"ID": "81"}"#));
        let addition = recipe().change(node(2), node(3), MemberChange::Add);
        assert_eq!(addition.url, "http://10.0.0.2:2379/v3/cluster/member/add");
        assert_eq!(
            addition.body.as_deref(),
            Some(r#"{"peerURLs": ["http://10.0.0.3:2381"]}"#)
        );
        assert!(recipe().is_done(MemberChange::Add, 200).is_ok());
        assert!(recipe().is_done(MemberChange::Add, 500).is_err());
    }

    #[test]
    fn what_cannot_be_is_refused_when_it_is_read() {
        for (from, to, why) in [
            (
                r#"where = { "/peerURLs/0" = "http://{member_ip}:238{member_joins}" }"#,
                r#"where = { "/name" = "n1" }"#,
                "which element is which node",
            ),
            (
                r#"{"ID": "{id}"}"#,
                r#"{"ID": "{name}"}"#,
                "unknown variable {name}",
            ),
            (
                r#"{"peerURLs": ["http://{member_ip}:238{member_joins}"]}"#,
                r#"{"ID": "{id}"}"#,
                "this is none yet",
            ),
            ("http://{ip}:2379/v3/cluster/member/add", "{ip}/add", "add: url"),
            (
                r#"members = "/members""#,
                r#"members = "members""#,
                "JSON pointer",
            ),
        ] {
            assert!(ETCD.contains(from), "{from}");
            let text = ETCD.replace(from, to);
            let error = System::parse(&text, "etcd.toml").unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
