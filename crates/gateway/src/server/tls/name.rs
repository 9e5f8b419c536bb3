//! The names that a certificate is for.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use rcgen::{CidrSubnet, GeneralSubtree, SanType};
use rustls::pki_types::ServerName;
use tofu_oci_types::ParseError;
use tofu_oci_types::oci::RegistryHost;

/// A DNS name or an address by which clients reach the server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsName {
    /// A DNS name, in lower case.
    Dns(String),
    /// An address.
    Ip(IpAddr),
}

impl TlsName {
    /// The names of this machine among its own programs.
    pub(super) fn loopback() -> [Self; 3] {
        [
            Self::Dns("localhost".to_owned()),
            Self::Ip(Ipv4Addr::LOCALHOST.into()),
            Self::Ip(Ipv6Addr::LOCALHOST.into()),
        ]
    }

    pub(super) fn san(&self) -> Result<SanType, rcgen::Error> {
        Ok(match self {
            Self::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
            Self::Ip(address) => SanType::IpAddress(*address),
        })
    }

    /// What permits an authority to vouch for this name alone, and those below it.
    pub(super) fn subtree(&self) -> GeneralSubtree {
        match self {
            Self::Dns(name) => GeneralSubtree::DnsName(name.clone()),
            Self::Ip(IpAddr::V4(address)) => {
                GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(address.octets(), 32))
            }
            Self::Ip(IpAddr::V6(address)) => {
                GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(address.octets(), 128))
            }
        }
    }

    pub(super) fn server_name(&self) -> Option<ServerName<'static>> {
        match self {
            Self::Dns(name) => ServerName::try_from(name.clone()).ok(),
            Self::Ip(address) => Some(ServerName::from(*address)),
        }
    }
}

impl FromStr for TlsName {
    type Err = ParseError;

    /// Reads a DNS name or an address, without a port.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        let host: RegistryHost = text.parse()?;
        match host.port() {
            None => Ok(Self::Dns(host.name().to_owned())),
            Some(_) => {
                // A name with a port is the host of a registry, and no name.
                let reason = "a name is written without a port";
                Err(ParseError::new(
                    tofu_oci_types::Noun::RegistryHost,
                    text,
                    reason,
                ))
            }
        }
    }
}

impl fmt::Display for TlsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}
